"""Frames that an artist painted, and how a film learns from them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vidnst.errors import UsageError
from vidnst.options.fields import option, require_in_range
from vidnst.options.schedule import parse_time

_NAME = re.compile(r"shot\d+_(\d+\.\d+)s\.(png|tiff?|webp)", re.IGNORECASE)
Unpainted = Literal["nearest", "scene", "style"]
_PICTURES = (".png", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class PaintedFrame:
    """A painting of the frame that is shown at a time, in seconds from the clip's beginning.

    round: a shot's network learns its frames round by round, in this order, each from where it was.
    """

    seconds: float
    path: Path
    round: int = 0


@dataclass(frozen=True)
class PaintedOptions:
    """How a network learns from painted frames. Each field is an option of the command line."""

    painted_steps: int = option(
        500,
        "steps of learning from painted frames; half as many from those added later",
        low=1,
        high=100_000,
    )
    unpainted: Unpainted = option(
        "nearest",
        "shots without a painted frame: like the shot with one that looks most like them; the "
        "scene, untouched; or in a style, which is then to be given as well",
        choices=get_args(Unpainted),
    )

    def __post_init__(self) -> None:
        require_in_range(self)


def keyframe_name(shot: int, seconds: float) -> str:
    """The file name of a frame to be painted; keyframe_seconds parses the time from it."""
    return f"shot{shot:03}_{seconds:09.3f}s.png"


def keyframe_seconds(path: Path) -> float | None:
    """The time in a keyframe's name, in seconds from the clip's beginning, or None."""
    found = _NAME.fullmatch(path.name)
    return None if found is None else float(found[1])


def paintings_in(folder: Path) -> list[Path]:
    """The pictures in a folder that can hold a painting, by name; hidden ones are left out."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in _PICTURES and not path.name.startswith(".")
    ]


def painted_frames(text: str) -> tuple[PaintedFrame, ...]:
    """Parse an argument of the command line: a FOLDER of painted frames, or TIME=FILE.

    In a folder, times are parsed from the file names, which `vidnst keyframes` gave. Raises
    UsageError for a folder without painted frames, or with a picture whose name has no time.
    """
    time, equals, file = text.partition("=")
    if equals and not Path(text).exists():
        return (PaintedFrame(parse_time(time), Path(file)),)
    folder = Path(text)
    if not folder.is_dir():
        raise UsageError(
            f"{text} is no folder of painted frames; one alone is given with its time, as "
            "0:02.4=frame.png"
        )
    frames = []
    for path in paintings_in(folder):
        seconds = keyframe_seconds(path)
        if seconds is None:
            raise UsageError(
                f"{path} has no time in its name, such as {keyframe_name(1, 2.4)}: keep the names "
                "that vidnst keyframes gave"
            )
        frames.append(PaintedFrame(seconds, path))
    if not frames:
        raise UsageError(f"{folder} holds no painted frames: vidnst keyframes writes what to paint")
    return tuple(frames)
