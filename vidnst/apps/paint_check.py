"""Show what painted frames cover of a film, before the film is painted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidnst.apps.keyframes import frame_at, require_folder
from vidnst.film.delivery.contact_sheet import clock_time
from vidnst.film.delivery.covered import covered_picture, shares_of
from vidnst.film.inputs import files_read
from vidnst.film.plan import Film, plan_film
from vidnst.film.prepared import NOTHING
from vidnst.film.read import known_frames, read_film
from vidnst.film.segments.join import join_segments
from vidnst.film.segments.segment import Segment
from vidnst.film.segments.write import SegmentWriter, segment_suffix, segment_writer
from vidnst.film.source import no_frame
from vidnst.frames.frame import Frame, Picture
from vidnst.media.clip import sequence_in
from vidnst.media.decode import seconds_in_clip
from vidnst.media.pictures import is_picture, write_whole_picture
from vidnst.media.result import PendingResult, check_target
from vidnst.media.shots import Shot, in_shots
from vidnst.motion.carry import Carrier
from vidnst.motion.coverage import candidates, choose_frames, small_frame
from vidnst.options.painted import PaintedFrame, keyframe_name
from vidnst.options.render import RenderOptions
from vidnst.options.stylizers import Painted
from vidnst.stylizers.painted import PaintedStylizer
from vidnst.stylizers.paintings import (
    ShotPaintings,
    nearest_shot,
    own_shot,
    read_paintings,
    require_fitting,
)

_LEAST_TOLD = 0.005
"""The share from which on a painted frame of another shot is told."""


@dataclass(frozen=True)
class Cover:
    """The share of a shot, 0..1, that a painted frame covers."""

    frame: PaintedFrame
    share: float


@dataclass(frozen=True)
class CheckedShot:
    """What painted frames cover of a shot.

    number: from 1. start_seconds, end_seconds: of the clip, from its beginning. covers: by each
    painted frame that is carried in it. own: whether it has a painted frame of its own.
    next_seconds: the frame to paint next, which shows most of what none covers; None where hardly
    anything is left. next_path: where that frame was written, if it was.
    """

    number: int
    start_seconds: float
    end_seconds: float
    own: bool
    covers: tuple[Cover, ...]
    next_seconds: float | None
    next_path: Path | None = None

    @property
    def uncovered(self) -> float:
        """The share, 0..1, that no painted frame covers."""
        return max(0.0, 1 - sum(cover.share for cover in self.covers))


@dataclass(frozen=True, eq=False)
class _Seen:
    """A frame that may be painted next: small, and the mask of its pixels that are covered."""

    pts: int
    seconds: float
    picture: Picture
    covered: npt.NDArray[np.bool_]


def check_paintings(
    options: RenderOptions,
    *,
    next_folder: Path | None = None,
    on_frame: Callable[[int], None] = lambda number: None,
    on_note: Callable[[str], None] = lambda words: None,
) -> list[CheckedShot]:
    """Write a film of what painted frames cover, to options.output, and return it shot by shot.

    options: of the render that it is a check of; the stylizer is Painted. next_folder: for the
    frames to paint next, named as keyframes are; what is there stays. on_frame: callback with the
    number of frames done. on_note: callback for warnings. Raises what render raises, before a film
    is written, and OutputError for next_folder.
    """
    stylizer, source = options.stylizer, options.source
    assert isinstance(stylizer, Painted)
    assert options.output is not None
    if is_picture(source):
        stylizer.of_still()
    if source.is_dir():
        options = replace(options, source=sequence_in(source) or source)
    film = plan_film(options, on_damage=on_note)
    check_target(film.output, files_read(options), overwrite=options.overwrite)
    require_fitting(stylizer.frames, film.size_hw)
    scenes = known_frames(film, [frame.seconds for frame in stylizer.frames])
    unpainted: list[PaintedFrame] = []
    paintings = read_paintings(
        stylizer.frames, scenes, on_unpainted=unpainted.append, on_note=on_note
    )
    for frame in unpainted:
        on_note(f"{frame.path} is not painted yet: it is left out")
    check = _Check(film, paintings, on_frame)
    if next_folder is not None:
        require_folder(next_folder)
    with PendingResult(film.output) as result:
        name = result.path.name if film.is_sequence else f"check{segment_suffix(film)}"
        writer = segment_writer(film, result.folder / name, Segment())
        try:
            shots = list(check.shots(writer))
        except BaseException:
            writer.abandon()
            raise
        if not shots:
            raise no_frame(film.clip)
        record = writer.finish(None)
        if not film.is_sequence:
            join_segments(film, writer.files, [record], result.path)
        result.keep()
    return shots if next_folder is None else check.with_next(shots, next_folder)


class _Check:
    def __init__(
        self, film: Film, paintings: Sequence[ShotPaintings], on_frame: Callable[[int], None]
    ) -> None:
        self._film, self._paintings, self._on_frame = film, paintings, on_frame
        asked = film.options.stylizer
        self._follow_nearest = isinstance(asked, Painted) and asked.teaching.unpainted == "nearest"
        self._done = 0
        self._next_pts: dict[int, int] = {}
        """By the shot's number."""

    def shots(self, writer: SegmentWriter) -> Iterator[CheckedShot]:
        """Check shot by shot, and write the frames."""
        frames = read_film(self._film, Segment(), NOTHING)
        shots = in_shots(frames, samples=PaintedStylizer.shot_samples)
        for number, shot in enumerate(shots, 1):
            yield self._checked(number, shot, writer)

    def with_next(self, shots: Sequence[CheckedShot], folder: Path) -> list[CheckedShot]:
        """Write the frames to paint next, and return the shots with their paths."""
        told = []
        for shot in shots:
            if shot.next_seconds is None:
                told.append(shot)
                continue
            path = folder / keyframe_name(shot.number, shot.next_seconds)
            if not path.exists():
                pts = self._next_pts[shot.number]
                write_whole_picture(path, frame_at(self._film.source, pts, self._film.excerpt))
            told.append(replace(shot, next_path=path))
        return told

    def _checked(self, number: int, shot: Shot, writer: SegmentWriter) -> CheckedShot:
        own = own_shot(self._paintings, shot.first_pts)
        paintings = own
        if own is None and self._follow_nearest:
            paintings = nearest_shot(self._paintings, shot.samples)
        carrier = Carrier(() if paintings is None else paintings.known)
        painted = () if paintings is None else paintings.frames
        names = [clock_time(frame.seconds) for frame in painted]
        totals = np.zeros(len(painted))
        times: list[float] = []

        def seen() -> Iterator[_Seen]:
            for frame in shot.frames:
                carried = carrier.to(frame.picture)
                times.append(self._seconds(frame))
                for index, share in shares_of(carried).items():
                    totals[index] += share
                words = f"shot {number}  {clock_time(times[-1])}"
                picture = covered_picture(frame.picture, carried, words, names)
                writer.write(replace(frame, picture=picture))
                end = frame.duration * frame.time_base
                self._tell()
                yield _Seen(frame.pts, times[-1], small_frame(frame.picture), carried.is_sure)
            times.append(times[-1] + float(end))

        kept = candidates(seen())
        chosen = choose_frames(
            [each.picture for each in kept], most=1, covered=[each.covered for each in kept]
        )
        following = kept[chosen[0].index] if chosen else None
        if following is not None:
            self._next_pts[number] = following.pts
        shares = totals / (len(times) - 1)
        return CheckedShot(
            number,
            times[0],
            times[-1],
            own is not None,
            tuple(
                Cover(frame, float(share))
                for frame, share in zip(painted, shares, strict=True)
                if own is not None or share >= _LEAST_TOLD
            ),
            None if following is None else following.seconds,
        )

    def _seconds(self, frame: Frame) -> float:
        return float(seconds_in_clip(self._film.clip, frame, self._film.excerpt.start_seconds))

    def _tell(self) -> None:
        self._done += 1
        self._on_frame(self._done)
