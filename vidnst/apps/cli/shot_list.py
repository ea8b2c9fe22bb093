"""The films of a batch, from folders, patterns, and shot lists in TOML or CSV."""

import csv
import glob
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidnst.errors import UsageError
from vidnst.media.names import FILM_ENDINGS
from vidnst.options.built_in import style_path
from vidnst.options.text import read_toml

REPORT = "batch.json"
"""The file in the results' folder that reports each outcome."""


@dataclass(frozen=True)
class Listed:
    """A film of a batch. styles is empty where the list names none.

    below: the subfolder of the results for it. settings: its own, named like the options.
    """

    source: Path
    styles: tuple[Path, ...] = ()
    below: Path = Path()
    settings: dict[str, Any] = field(default_factory=dict)


def listed(given: Sequence[str], *, out: Path | None = None) -> list[Listed]:
    """All films that the arguments name. Raises UsageError where one names none.

    out: the folder of results; these are excluded from folders and patterns.
    """
    films = [film for text in given for film in _named(text, out)]
    if not films:
        raise UsageError("there is no film in what was given")
    return films


def _named(text: str, out: Path | None) -> Iterator[Listed]:
    path = Path(text)
    if path.is_dir():
        made = _made(out, path)
        for file in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if (
                file.suffix.lower() in FILM_ENDINGS
                and file.is_file()
                and not hidden
                and not made(file)
            ):
                yield Listed(file, below=file.parent.relative_to(path))
    elif path.suffix.lower() in (".toml", ".csv"):
        yield from _of_list(path)
    elif not path.exists() and glob.has_magic(text):
        found = sorted(glob.glob(_pattern(path), recursive=True))
        if not found:
            raise UsageError(f"{text}: no file has such a name")
        made = _made(out, Path())
        yield from (Listed(Path(name)) for name in found if not made(Path(name)))
    else:
        yield Listed(path)


def _pattern(path: Path) -> str:
    """The glob pattern; existing folders in it are escaped, as their names may have brackets."""
    there = next(parent for parent in path.parents if parent.is_dir() or parent == parent.parent)
    if not there.is_dir():
        there = Path()
    rest = path.relative_to(there) if there.parts else path
    return str(Path(glob.escape(str(there))) / rest)


def _made(out: Path | None, place: Path) -> Callable[[Path], bool]:
    """A predicate: whether a file in a place is a result of an earlier batch into out."""
    if out is None:
        return lambda file: False
    into = out.resolve()
    if place.resolve().is_relative_to(into):  # Results lie among films: use the report's list.
        try:
            report = json.loads((out / REPORT).read_text(encoding="utf-8"))
            made = {Path(each["output"]).resolve() for each in report["renders"]}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            made = set()
        return lambda file: file.resolve() in made
    return lambda file: file.resolve().is_relative_to(into)


def _of_list(path: Path) -> Iterator[Listed]:
    """The films of a shot list; its paths are relative to its folder."""
    shared: dict[str, Any] = {}
    if path.suffix.lower() == ".toml":
        shared = read_toml(path)
        entries = shared.pop("clip", None)
    else:
        try:
            entries = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise UsageError(f"{path} is no shot list: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{path} lists no clips: write [[clip]] with source = ... for each")
    for number, entry in enumerate(entries, 1):
        wanted = {k: v for k, v in (shared | entry).items() if v not in ("", None)}
        source, styles = wanted.pop("source", None), wanted.pop("style", [])
        if source is None:
            raise UsageError(f"{path}: clip {number} has no source")
        styles = styles if isinstance(styles, list) else [styles]
        for name, value in (("source", source), *(("style", style) for style in styles)):
            if not isinstance(value, str) or "\0" in value:
                raise UsageError(f"{path}: clip {number}: {name} is {value!r}, but must be a name")
        if "output" in wanted and not isinstance(wanted["output"], str):
            raise UsageError(
                f"{path}: clip {number}: output is {wanted['output']!r}, but must be a name"
            )
        yield Listed(
            path.parent / source,
            tuple(style_path(style, folder=path.parent) for style in styles),
            settings={name: value for name, value in wanted.items() if isinstance(name, str)},
        )
