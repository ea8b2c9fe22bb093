"""Shared by all commands: a parser that raises UsageError, and a progress bar."""

import argparse
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

from vidnst.apps.cli.tell import plain
from vidnst.errors import UsageError

if TYPE_CHECKING:
    from tqdm import tqdm


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would exit; takes no abbreviations."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} ({self._near(message) or 'vidnst --help shows how'})")

    def _near(self, message: str) -> str:
        """The option most similar to the first unknown one; empty where none is."""
        unknown = re.search(r"unrecognized arguments:.*?(--[\w-]+)", message)
        if unknown is None:
            return ""
        known = re.findall(r"--[a-z][a-z-]*", self.format_help())
        near = get_close_matches(unknown[1], known, n=1)
        return f"did you mean {near[0]}?" if near else ""


class ShowHelp(argparse.Action):
    """Prints the help of the parser that `of` makes, and exits."""

    def __init__(
        self,
        option_strings: Sequence[str],
        dest: str,
        *,
        of: Callable[[], argparse.ArgumentParser],
        help: str,
    ) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)
        self._of = of

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        self._of().print_help()
        parser.exit()


def progress_bar(title: str, total: int | None, unit: str) -> "tqdm[NoReturn]":
    from tqdm import tqdm

    # disable=None: no bar where stderr is no terminal
    return tqdm(
        desc=plain(title),
        total=total,
        unit=f" {unit}",
        leave=False,
        dynamic_ncols=True,
        disable=None,
    )
