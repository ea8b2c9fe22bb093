"""Option fields, under the same names on the command line, in project files and in shot lists."""

from dataclasses import field, fields
from typing import Any

from vidnst.errors import UsageError


def option(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    value: str | None = None,
) -> Any:
    """A dataclass field that is also a command-line option.

    low, high: inclusive bounds; None is unbounded. help: for a switch that is on by default, what
    turning it off does. value: the placeholder in the help; None derives it from the field's type.
    """
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "value": value}
    return field(default=default, metadata=metadata)


def require_in_range(options: Any) -> None:
    """Check every field against what its metadata allows. Raises UsageError."""
    for each in fields(options):
        given = getattr(options, each.name)
        if given == ():
            raise UsageError(f"`{each.name}` is empty")
        choices = each.metadata["choices"]
        if choices and given not in choices:
            raise UsageError(f"`{each.name}` is {given}, but must be one of {', '.join(choices)}")
        low, high = each.metadata["low"], each.metadata["high"]
        for value in given if isinstance(given, tuple) else (given,):
            if low is None or value is None:
                continue
            if high is not None and not low <= value <= high:
                raise UsageError(f"`{each.name}` is {value:g}, but must lie in {low:g}..{high:g}")
            if not low <= value < float("inf"):
                raise UsageError(f"`{each.name}` is {value:g}, but must be {low:g} or more")
