"""Command-line options made from the fields of option dataclasses."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from vidnst.apps.cli.flags import flag_of
from vidnst.options.output import StartNumber, parse_start_number


def add_options(
    group: "argparse._ArgumentGroup",
    options: type[Any],
    *,
    only: Sequence[str] | None = None,
    but: Sequence[str] = (),
) -> None:
    """Add an argument for every field of options; its default is None.

    only: fields to add, None for all. but: fields to leave out, which are added elsewhere.
    """
    for field in fields(options):
        if (only is None or field.name in only) and field.name not in but:
            _add_option(group, field)


def _add_option(group: "argparse._ArgumentGroup", field: "Field[Any]") -> None:
    if isinstance(field.default, bool):
        group.add_argument(
            f"--no-{flag_of(field.name)[2:]}" if field.default else flag_of(field.name),
            action="store_const",
            const=not field.default,
            dest=field.name,
            help=field.metadata["help"],
        )
        return
    group.add_argument(
        flag_of(field.name),
        type=_reader(field),
        choices=field.metadata["choices"] or None,
        default=None,
        metavar=None if field.metadata["choices"] else _value_name(field),
        help=f"{field.metadata['help']}{_default_shown(field)}",
    )


def given_options(args: argparse.Namespace, options: type[Any]) -> dict[str, Any]:
    """The arguments added by add_options that were given."""
    names = [field.name for field in fields(options)]
    return {name: value for name in names if (value := getattr(args, name, None)) is not None}


_READERS: dict[Any, Callable[[str], Any]] = {
    int | None: int,
    Path | None: Path,
    str | None: str,
    StartNumber | None: parse_start_number,
}
"""Types of fields whose default is None; all others are float."""


def _reader(field: "Field[Any]") -> Callable[[str], Any]:
    """The function that parses an argument into a value of the field."""
    if not isinstance(field.default, tuple):
        if field.default is None:
            return _READERS.get(field.type, float)
        return type(field.default)
    kind = type(field.default[0])

    def read(text: str) -> tuple[Any, ...]:
        try:
            return tuple(kind(part) for part in text.split("+"))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} are no numbers joined by +") from None

    return read


def _value_name(field: "Field[Any]") -> str:
    """The metavar of a value: its bounds, or its kind."""
    if field.metadata["value"] is not None:
        return str(field.metadata["value"])
    low, high = field.metadata["low"], field.metadata["high"]
    kind = _reader(field)
    if isinstance(field.default, tuple):
        return "+".join(["N" if isinstance(field.default[0], int) else "NAME"] * 2) + "..."
    if field.name.endswith("_dir"):
        return "FOLDER"
    if kind is float:
        return f"{low:g}..{high:g}" if high is not None and high <= 1 else "NUMBER"
    return {int: "N", Path: "FILE", str: "NAME", parse_start_number: "N|timecode"}[kind]


def _default_shown(field: "Field[Any]") -> str:
    if field.default is None:
        return ""
    parts = field.default if isinstance(field.default, tuple) else (field.default,)
    return f" (default: {'+'.join(f'{p:g}' if isinstance(p, float) else str(p) for p in parts)})"
