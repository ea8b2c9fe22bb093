"""File names: patterns of numbered pictures, and escaping for FFmpeg.

FFmpeg takes what precedes a colon for a protocol, and a % anywhere in a path for a number.
"""

import os
import re
from pathlib import Path

FILM_ENDINGS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".ogv", ".mxf", ".3gp", ".gif",
)  # fmt: skip
"""A name with one of these endings is a film, even if it contains %d."""
_STAND_INS = {0xDC00 + byte: 0x10FE00 + byte for byte in range(128, 256)}
"""Surrogate escapes of bytes that are no UTF-8 -> private-use characters."""
_REAL = {stand_in: real for real, stand_in in _STAND_INS.items()}
_NUMBER = re.compile(r"%(?:0(\d{1,2}))?d")
_FLOW = re.compile(r"(backward|forward)_(\d{1,9})_(\d{1,9})\.(?:flo|npy)")


def is_pattern(path: Path) -> bool:
    """Whether a path's last part has one %d or %0Nd, which as an output means numbered pictures."""
    numbers = _NUMBER.findall(path.name)
    return len(numbers) == 1 and path.suffix.lower() not in FILM_ENDINGS


def is_sequence(path: Path) -> bool:
    """Whether an input path names numbered pictures, such as frames/%06d.png.

    If a file of exactly this name exists, it is a single picture.
    """
    return is_pattern(path) and not os.path.isfile(path)


def numbered(pattern: Path, number: int) -> Path:
    """The path of a numbered picture."""
    match = _NUMBER.search(pattern.name)
    assert match is not None
    shown = str(number).zfill(int(match[1] or 1))
    return pattern.with_name(pattern.name[: match.start()] + shown + pattern.name[match.end() :])


def sequence_numbers(pattern: Path) -> list[int]:
    """The numbers of the existing pictures that match a pattern, in order."""
    if not is_pattern(pattern) or not pattern.parent.is_dir():
        return []
    match = _NUMBER.search(pattern.name)
    assert match is not None
    before, after = pattern.name[: match.start()], pattern.name[match.end() :]
    wanted = re.compile(re.escape(before) + "([0-9]+)" + re.escape(after))
    found = (wanted.fullmatch(path.name) for path in pattern.parent.iterdir())
    hits = [(int(hit[1]), hit[0]) for hit in found if hit and len(hit[1]) < 10]
    return sorted(n for n, name in hits if numbered(pattern, n).name == name)


def flow_files(folder: Path) -> list[tuple[Path, str, int, int]]:
    """The files of optical flow in a folder, sorted: each with its direction and frame numbers."""
    named = ((path, _FLOW.fullmatch(path.name)) for path in sorted(folder.iterdir()))
    return [(path, hit[1], int(hit[2]), int(hit[3])) for path, hit in named if hit]


def ffmpeg_name(path: Path) -> str:
    """A file's name as FFmpeg takes it, whatever characters it has."""
    return f"file:{path}"


def graph_name(path: Path) -> str:
    """ffmpeg_name for ffmpeg-python, which takes only UTF-8; real_names restores other bytes."""
    return ffmpeg_name(path).translate(_STAND_INS)


def real_names(command: list[str]) -> list[str]:
    """A command line with the names made by graph_name restored."""
    return [word.translate(_REAL) for word in command]


def ffmpeg_pattern(pattern: Path) -> str:
    """The pattern of numbered pictures for FFmpeg; every other % is escaped."""
    match = _NUMBER.search(pattern.name)
    assert match is not None
    before, after = pattern.name[: match.start()], pattern.name[match.end() :]
    folder = str(pattern)[: -len(pattern.name)]
    return f"file:{_literal(folder + before)}{match[0]}{_literal(after)}"


def looks_numbered(path: Path) -> bool:
    """Whether FFmpeg would take a single file's name for a pattern of numbered pictures."""
    return re.search(r"%\d*d", str(path).replace("%%", "")) is not None


def _literal(text: str) -> str:
    return text.replace("%", "%%")
