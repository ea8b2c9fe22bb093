"""Which films a batch is made of: folders, patterns, and shot lists in TOML or CSV."""

import csv
import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidnst.commands.settings import read_toml
from vidnst.errors import UsageError

FILM_ENDINGS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".ogv", ".mxf", ".3gp", ".gif",
)  # fmt: skip
"""Files in a folder with one of these are taken for films."""


@dataclass(frozen=True)
class Listed:
    """A film of a batch. styles is empty where the list names none.

    below: the folder of the results it belongs in. settings: its own, named like the options.
    """

    source: Path
    styles: tuple[Path, ...] = ()
    below: Path = Path()
    settings: dict[str, Any] = field(default_factory=dict)


def listed(given: Sequence[str]) -> list[Listed]:
    """All films that the arguments name. Raises UsageError where one names none."""
    films = [film for text in given for film in _named(text)]
    if not films:
        raise UsageError("there is no film in what was given")
    return films


def _named(text: str) -> Iterator[Listed]:
    path = Path(text)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if file.suffix.lower() in FILM_ENDINGS and file.is_file() and not hidden:
                yield Listed(file, below=file.parent.relative_to(path))
    elif path.suffix.lower() in (".toml", ".csv"):
        yield from _of_list(path)
    elif not path.exists() and glob.has_magic(text):
        found = sorted(glob.glob(text, recursive=True))
        if not found:
            raise UsageError(f"{text}: no file has such a name")
        yield from (Listed(Path(name)) for name in found)
    else:
        yield Listed(path)


def _of_list(path: Path) -> Iterator[Listed]:
    """What a shot list names; its paths count from its own folder."""
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
        if not isinstance(source := wanted.pop("source", None), str):
            raise UsageError(f"{path}: clip {number} has no source")
        styles = wanted.pop("style", [])
        styles = [styles] if isinstance(styles, str) else styles
        yield Listed(
            path.parent / source,
            tuple(path.parent / style for style in styles),
            settings={name: value for name, value in wanted.items() if isinstance(name, str)},
        )
