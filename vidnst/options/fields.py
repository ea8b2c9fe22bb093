"""Fields of options that the command line, project files and shot lists all take by their names."""

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
    """A dataclass's field that is an option of the command line; None has no bounds.

    help: of a switch that is on, what turning it off does. value: what help calls one; None has it
    called by its kind.
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
