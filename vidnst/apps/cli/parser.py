"""What all commands share: a parser whose errors are ours, and a progress bar."""

import argparse
from typing import TYPE_CHECKING, NoReturn

from vidnst.apps.cli.tell import plain
from vidnst.errors import UsageError

if TYPE_CHECKING:
    from tqdm import tqdm


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would exit; takes no abbreviations."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (vidnst --help shows how)")


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
