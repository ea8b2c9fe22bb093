"""Names of files: which of them stand for numbered pictures, and how FFmpeg is told of one.

FFmpeg takes what stands before a colon for a protocol, and a % anywhere in a path for a number.
"""

import os
import re
from pathlib import Path

FILM_ENDINGS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".ogv", ".mxf", ".3gp", ".gif",
)  # fmt: skip
"""A name with one of these is a film's, also where it holds a %d."""
_STAND_INS = {0xDC00 + byte: 0x10FE00 + byte for byte in range(128, 256)}
"""Private characters in place of the bytes of names that are no UTF-8."""
_REAL = {stand_in: real for real, stand_in in _STAND_INS.items()}
_NUMBER = re.compile(r"%(?:0(\d{1,2}))?d")
_FLOW = re.compile(r"(backward|forward)_(\d{1,9})_(\d{1,9})\.(?:flo|npy)")


def is_pattern(path: Path) -> bool:
    """Whether a path's last part has one %d or %0Nd: as a result, numbered pictures."""
    numbers = _NUMBER.findall(path.name)
    return len(numbers) == 1 and path.suffix.lower() not in FILM_ENDINGS


def is_sequence(path: Path) -> bool:
    """Whether a path to be read names numbered pictures, such as frames/%06d.png.

    A file that has this very name is one picture.
    """
    return is_pattern(path) and not os.path.isfile(path)


def numbered(pattern: Path, number: int) -> Path:
    """The path of one of numbered pictures."""
    match = _NUMBER.search(pattern.name)
    assert match is not None
    shown = str(number).zfill(int(match[1] or 1))
    return pattern.with_name(pattern.name[: match.start()] + shown + pattern.name[match.end() :])


def sequence_numbers(pattern: Path) -> list[int]:
    """The numbers of the pictures that a pattern finds, in order."""
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
    """The files of optical flow in a folder, by name: each with its direction and two frames."""
    named = ((path, _FLOW.fullmatch(path.name)) for path in sorted(folder.iterdir()))
    return [(path, hit[1], int(hit[2]), int(hit[3])) for path, hit in named if hit]


def ffmpeg_name(path: Path) -> str:
    """A file's name as FFmpeg takes it, whatever characters it has."""
    return f"file:{path}"


def graph_name(path: Path) -> str:
    """The same for ffmpeg-python, which takes nothing that is no UTF-8: undone by real_names."""
    return ffmpeg_name(path).translate(_STAND_INS)


def real_names(command: list[str]) -> list[str]:
    """A command line whose names graph_name made, as the system takes it."""
    return [word.translate(_REAL) for word in command]


def ffmpeg_pattern(pattern: Path) -> str:
    """The name of numbered pictures for FFmpeg, in which no other % is one."""
    match = _NUMBER.search(pattern.name)
    assert match is not None
    before, after = pattern.name[: match.start()], pattern.name[match.end() :]
    folder = str(pattern)[: -len(pattern.name)]
    return f"file:{_literal(folder + before)}{match[0]}{_literal(after)}"


def looks_numbered(path: Path) -> bool:
    """Whether FFmpeg would take a plain file's name for those of numbered pictures."""
    return re.search(r"%\d*d", str(path).replace("%%", "")) is not None


def _literal(text: str) -> str:
    return text.replace("%", "%%")
