"""Convert between TOML settings and command-line arguments: projects, shot lists, presets."""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidnst.apps.cli.flags import flag_of
from vidnst.errors import UsageError
from vidnst.options.text import presets, read_toml

_NO_SETTINGS = ("--help", "--version", "--dump-project", "--")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def as_arguments(settings: Mapping[str, Any], parser: argparse.ArgumentParser) -> list[str]:
    """Settings named like a parser's options, as arguments for it.

    A list becomes one argument per value for options that may be repeated, else values joined by +.
    """
    actions = _actions(parser)
    arguments = []
    for name, value in settings.items():
        flag = flag_of(name)
        if flag in _NO_SETTINGS:
            raise UsageError(f"{name} is no setting")
        values = value if isinstance(value, list) else [value]
        if not _repeats(actions.get(flag)):
            values = ["+".join(str(v) for v in values)] if len(values) > 1 else values
        for one in values:
            if isinstance(one, dict | list):
                raise UsageError(f"{name} is a table, but must be a value or a list of values")
            if "\0" in f"{name}{one}":
                raise UsageError(f"{name} is {one!r}, which no file and no option is named")
            if one is True or one == "true":
                arguments.append(flag)
            elif one is not False:
                arguments.append(f"{flag}={one}")
    return arguments


def as_toml(arguments: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """The TOML for as_arguments; of an option that may not be repeated, the last value counts."""
    actions = _actions(parser)
    given: dict[str, list[Any]] = {}
    tokens = iter(arguments)
    for token in tokens:
        flag, equals, value = token.partition("=")
        action = actions.get(flag)
        found: str | bool = token
        if action is None or not flag.startswith("-"):
            name = "source"
        else:
            name = max(action.option_strings, key=len).lstrip("-")
            found = value if equals else True if action.nargs == 0 else next(tokens)
        if _repeats(action):
            given.setdefault(name, []).append(found)
        else:
            given[name] = [found]
    lines = []
    for name, values in given.items():
        words = [_word(value) for value in values]
        repeats = _repeats(actions.get(f"--{name}")) and len(words) > 1
        lines.append(f"{name} = {'[' + ', '.join(words) + ']' if repeats else words[0]}")
    return "\n".join(lines) + "\n"


def _word(value: Any) -> str:
    if value is True:
        return "true"
    return value if _NUMBER.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _actions(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {flag: action for action in parser._actions for flag in action.option_strings}


def _repeats(action: argparse.Action | None) -> bool:
    """Whether an option may be repeated."""
    return isinstance(action, argparse._AppendAction)


def with_preset(arguments: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """The arguments, preceded by the settings of their preset, which they override.

    A repeatable setting of the preset, such as a style, is dropped where arguments give it, since
    they would otherwise add to it.

    Raises UsageError where there is no such preset.
    """
    tokens = list(arguments)
    for index, token in enumerate(tokens):
        flag, _, value = token.partition("=")
        if flag == "--preset":
            count = 1 if value else 2
            name = value or "".join(tokens[index + 1 : index + 2])
            rest = tokens[:index] + tokens[index + count :]
            given = {other.partition("=")[0] for other in rest}
            added_to = {
                f for f, action in _actions(parser).items() if f in given and _repeats(action)
            }
            own = as_arguments(_preset(name), parser)
            return [*(one for one in own if one.partition("=")[0] not in added_to), *rest]
    return tokens


def _preset(name: str) -> dict[str, Any]:
    known = presets()
    if name not in known and not name.endswith(".toml"):
        raise UsageError(
            f"--preset is {name!r}, but must be one of {', '.join(known)}, or a TOML file"
        )
    return read_toml(known.get(name, Path(name)))
