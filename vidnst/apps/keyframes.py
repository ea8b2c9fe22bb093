"""Choose the frames of a film that an artist should paint as keyframes."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vidnst.errors import MediaError, OutputError
from vidnst.film.delivery.contact_sheet import clock_time, fitting, grid
from vidnst.film.delivery.labels import labeled
from vidnst.frames.frame import Frame, Picture
from vidnst.frames.resize import resize
from vidnst.media.decode import seconds_in_clip
from vidnst.media.excerpt import Excerpt
from vidnst.media.pictures import write_whole_picture
from vidnst.media.places import cannot_write
from vidnst.media.shots import in_shots, mark_shots
from vidnst.media.source import Reading, Source, open_source
from vidnst.motion.coverage import COVERED, candidates, choose_frames
from vidnst.options.painted import keyframe_name, keyframe_seconds

SHEET = "keyframes.jpg"
_SEEN_SIDE, _TILE_SIDE, _LABEL_PX = 256, 320, 18


@dataclass(frozen=True)
class Keyframe:
    """A frame worth painting.

    shot: its shot's number, from 1. seconds: from the clip's beginning. covered: the share of the
    shot, 0..1, that this and the earlier keyframes of its shot in the list show together.
    """

    shot: int
    seconds: float
    covered: float
    path: Path


def write_keyframes(
    clip: Path,
    out: Path,
    *,
    count: int | None = None,
    covered: float = COVERED,
    excerpt: Excerpt = Excerpt(),
    overwrite: bool = False,
    on_frame: Callable[[int], None] = lambda number: None,
) -> list[Keyframe]:
    """Write the frames of each shot that together cover enough of it, as PNG, and a sheet of them.

    count: the most per shot. covered: the wanted share, 0..1. on_frame: callback with the number of
    frames read. File names hold shot and time, so keep them when painting over the frames. Shots
    are cut to the excerpt.

    Raises MediaError where the clip cannot be read, OutputError where the folder cannot be written
    or (unless overwrite) holds keyframes already.
    """
    source = open_source(clip)
    require_folder(out)
    if not overwrite:
        _require_none(out)
    found: list[tuple[Keyframe, Picture]] = []
    seen = 0
    reading = Reading(fitting(source.facts, _SEEN_SIDE), excerpt)

    def counted(frame: Frame) -> Frame:
        nonlocal seen
        seen += 1
        on_frame(seen)
        return frame

    marked = map(counted, mark_shots(source.frames(reading)))
    for number, shot in enumerate(in_shots(marked, samples=1), 1):
        frames = candidates(shot.frames)
        # In the order of choice, in which the coverage is cumulative.
        for each in choose_frames([f.picture for f in frames], most=count, wanted=covered):
            frame = frames[each.index]
            seconds = float(seconds_in_clip(source.facts, frame, excerpt.start_seconds))
            path = out / keyframe_name(number, seconds)
            picture = frame_at(source, frame.pts, excerpt)
            write_whole_picture(path, picture)
            keyframe = Keyframe(number, seconds, each.covered, path)
            found.append((keyframe, resize(picture, fitting(source.facts, _TILE_SIDE))))
    if not found:
        raise MediaError(f"{clip} has no frame in this excerpt")
    write_whole_picture(
        out / SHEET, grid([_tile(keyframe, picture) for keyframe, picture in found])
    )
    return [keyframe for keyframe, _ in found]


def require_folder(folder: Path) -> None:
    """Make a folder for keyframes. Raises OutputError where that cannot be, or not be written."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise OutputError(f"{folder} is in the way: it is no folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {folder} is not writable")


def _require_none(out: Path) -> None:
    """Raises OutputError where a folder may hold paintings."""
    there = sorted(path.name for path in out.iterdir() if keyframe_seconds(path) is not None)
    if there:
        raise OutputError(
            f"{out} holds keyframes already, such as {there[0]}, and they may be painted: name "
            "another folder, or add `overwrite`"
        )


def frame_at(source: Source, pts: int, excerpt: Excerpt) -> Picture:
    """The frame of this pts, as large as the clip. Raises MediaError."""
    reading = Reading(source.facts.size_hw, excerpt)
    for entered in (replace(reading, from_pts=pts), reading):
        for frame in source.frames(entered):
            if frame.pts == pts:
                return frame.picture
            if frame.pts > pts:
                break
    raise MediaError(f"{source.facts.path}: its frames are not the same when it is read again")


def _tile(keyframe: Keyframe, picture: Picture) -> Picture:
    words = f"shot {keyframe.shot}  {clock_time(keyframe.seconds)}  {keyframe.covered:.0%}"
    return labeled(picture, words, _LABEL_PX)
