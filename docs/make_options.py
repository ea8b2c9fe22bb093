"""Write reference/options.md out of the parsers that the command line reads its arguments with.

python docs/make_options.py
"""

import argparse
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn, get_args
from unittest.mock import patch

from vidnst.apps.cli.flags import flag_of
from vidnst.apps.cli.main import _COMMANDS
from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.render import run as paint
from vidnst.options.render import OptionGroup

PAGE = Path(__file__).parent / "reference" / "options.md"
_HEAD = """\
# Every command and option

`vidnst INPUT --style PICTURE` paints. Another word in place of the input is another command; a file
that is named like one is given as `./info`. Options are written out in full, not shortened.
`vidnst --help-all` and `vidnst COMMAND --help` show the same in the terminal.

`python docs/make_options.py` writes this page out of the program itself.
"""
_DEFAULT = re.compile(r"\s*\(default: (.*)\)$", re.DOTALL)
_UNTITLED = ("positional arguments", "options")
_RANGES = {
    flag_of(field.name): (field.metadata["low"], field.metadata["high"])
    for options in get_args(OptionGroup)
    for field in fields(options)
    if not isinstance(field.default, tuple)
}
"""What options made out of fields allow, least and most."""


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, by what is typed: the main job first."""
    return {"vidnst": parser_of(paint)} | {
        f"vidnst {name}": parser_of(run) for name, run in _COMMANDS.items()
    }


def parser_of(run: Callable[[list[str]], int]) -> argparse.ArgumentParser:
    """The very parser that a command reads its arguments with."""

    class Made(BaseException):
        parser: argparse.ArgumentParser

    def stop(parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        made = Made()
        made.parser = parser
        raise made

    with patch.object(Parser, "parse_known_args", stop):
        try:
            run([])
        except Made as made:
            return made.parser
    raise AssertionError("the command reads no arguments")


def options_page() -> str:
    """The page as it is now."""
    found = parsers()
    of_main = _tables(found["vidnst"])
    parts = [_HEAD]
    for name, parser in found.items():
        tables = _tables(parser)
        parts.append(f"## {name}\n\n{_escaped(parser.description or '')}\n")
        parts.append(f"```\n{_usage(name, parser)}\n```\n")
        shared: list[str] = []
        for title, rows in tables.items():
            if name != "vidnst" and of_main.get(title) == rows:
                shared += rows
                continue
            parts += [f"### {title[0].upper()}{title[1:]}\n"] if title else []
            parts.append(
                "\n".join(["| | meaning | default |", "| --- | --- | --- |", *rows.values()])
            )
            parts.append("")
        if shared:
            named = ", ".join(f"`{each}`" for each in shared)
            parts.append(f"And, as for [`vidnst`](#vidnst): {named}.\n")
        epilog = (parser.epilog or "").strip()
        if epilog:
            parts.append(f"```text\n{epilog}\n```\n" if "\n" in epilog else f"{_escaped(epilog)}\n")
    return "\n".join(parts)


def _usage(name: str, parser: argparse.ArgumentParser) -> str:
    """What must be typed; all else is `[options]`."""
    words = [name]
    for action in parser._actions:
        if not action.option_strings:
            shown = str(action.metavar or action.dest)
            several = {"*": f"[{shown} ...]", "+": f"{shown} [...]"}
            words.append(several.get(str(action.nargs), shown))
    for action in parser._actions:
        if action.option_strings and action.required:
            words.append(_name(action))
    return " ".join([*words, "[options]"])


def _tables(parser: argparse.ArgumentParser) -> dict[str, dict[str, str]]:
    """Of each group of arguments, by its title, a row for each."""
    tables: dict[str, dict[str, str]] = {}
    for group in parser._action_groups:
        title = "" if group.title in _UNTITLED else str(group.title) % {}
        rows = _rows(action for action in group._group_actions if action.dest != "help")
        if rows:
            tables[title] = tables.get(title, {}) | rows
    return tables


def _rows(actions: Iterable[argparse.Action]) -> dict[str, str]:
    rows = {}
    for action in actions:
        told = (action.help or "") % vars(action)
        default = _DEFAULT.search(told)
        meaning = _DEFAULT.sub("", told)
        cells = [f"`{_name(action)}`", meaning + _bounds(action), default[1] if default else ""]
        if action.required and action.option_strings:
            cells[2] = "required"
        row = " | ".join(_escaped(cell) for cell in cells)
        rows[max(action.option_strings, key=len, default=action.dest)] = f"| {row} |"
    return rows


def _name(action: argparse.Action) -> str:
    """An argument as it is written: its flags, and what follows them."""
    if not action.option_strings:
        return str(action.metavar or action.dest)
    flags = ", ".join(action.option_strings)
    if action.nargs == 0:
        return flags
    if action.choices is not None and action.metavar is None:
        value = "|".join(str(choice) for choice in action.choices)
    else:
        named: dict[object, str] = {int: "N", float: "NUMBER", Path: "PATH"}
        value = str(action.metavar or named.get(action.type, action.dest.upper()))
    value = value.replace("|", " or ")  # It would end a cell of the table.
    return f"{flags} {value}{' ...' if action.nargs == '+' else ''}"


def _bounds(action: argparse.Action) -> str:
    """What an option made out of a field allows, where its name and its help do not tell."""
    low, high = _RANGES.get(max(action.option_strings, key=len, default=""), (None, None))
    told = f"{action.metavar} {action.help}"
    if low is None or action.default is not None or ".." in told or f"{low} or {high}" in told:
        return ""
    return f"; {low:g} or more" if high is None else f"; {low:g} to {high:.12g}"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "&#124;")


if __name__ == "__main__":
    PAGE.write_text(options_page(), "utf-8")
