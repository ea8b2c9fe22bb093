"""Segments: the unit of progress, of resume and of distribution to workers.

A segment is a shot, or a part of a long one, at whose start the painter's state is saved. Each is
encoded independently, so that painting it again, or on another machine, gives the same result.
"""

from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any

from vidnst.errors import MediaError
from vidnst.frames.frame import Frame, Picture
from vidnst.media.shots import mark_shots
from vidnst.media.source import Reading, Source

_LEAD = 12
"""Decoding this many frames before a segment gives the same cuts as decoding all of them."""


@dataclass(frozen=True)
class Segment:
    """Where a segment begins: after first_frame frames of the film.

    lead_pts: the pts of the last of these frames, at most _LEAD. digest: of the last one's picture.
    """

    number: int = 0
    first_frame: int = 0
    opens_shot: bool = True
    lead_pts: tuple[int, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class Record:
    """The frames of a finished segment: their pts and durations, in the clip's time_base.

    order: the index of each packet's frame, in decoding order. following: the next segment, or None
    at the end of the film.
    """

    segment: Segment
    pts: tuple[int, ...]
    durations: tuple[int, ...]
    order: tuple[int, ...]
    following: Segment | None

    @property
    def delay(self) -> int:
        """The most frames by which decoding order lags behind presentation order."""
        return max((index - shown for index, shown in enumerate(self.order)), default=0)

    @staticmethod
    def of(fields: Mapping[str, Any]) -> "Record":
        """The record that asdict turned into this. Raises KeyError or TypeError otherwise."""
        following = fields["following"]
        return Record(
            _segment(fields["segment"]),
            tuple(fields["pts"]),
            tuple(fields["durations"]),
            tuple(fields["order"]),
            None if following is None else _segment(following),
        )


def _segment(fields: dict[str, Any]) -> Segment:
    return Segment(**(fields | {"lead_pts": tuple(fields["lead_pts"])}))


class Plan:
    """Splits a stream of frames with marked shots into segments, from one segment's start on.

    The boundaries depend on the frames and `longest` alone, so every process finds the same.
    """

    def __init__(self, start: Segment, *, longest: int | None) -> None:
        """longest: the most frames in a segment; None leaves shots whole."""
        self._start, self._longest = start, longest
        self._begun: deque[Segment] = deque()

    def follow(self, frames: Iterator[Frame]) -> Generator[Frame, None, None]:
        """Pass the frames on; after each, `beginning` knows whether it begins a segment."""
        segment = self._start
        lead = deque(segment.lead_pts, maxlen=_LEAD)
        before: Frame | None = None
        try:
            for index, frame in enumerate(frames, segment.first_frame):
                if before is None:
                    self._begun.append(segment)
                elif frame.opens_shot or index - segment.first_frame == self._longest:
                    segment = Segment(
                        segment.number + 1,
                        index,
                        frame.opens_shot,
                        tuple(lead),
                        _digest(before.picture),
                    )
                    self._begun.append(segment)
                lead.append(frame.pts)
                before = frame
                yield frame
        finally:
            if isinstance(frames, Generator):
                frames.close()

    def beginning(self, index: int) -> Segment | None:
        """The segment that begins with the frame of this index; call it for each frame in order."""
        if self._begun and self._begun[0].first_frame == index:
            return self._begun.popleft()
        return None


def frames_from(source: Source, segment: Segment, reading: Reading) -> Generator[Frame, None, None]:
    """Yield the source's frames from a segment's first on, their shots marked as in one piece.

    Seeks to a place before the segment if it can; where the frames found there are not those that
    the segment was recorded with, decodes from the beginning. Raises MediaError.
    """
    count = len(segment.lead_pts)
    if 0 < count < segment.first_frame:
        entered = source.frames(replace(reading, from_pts=segment.lead_pts[0]))
        with closing(entered), closing(mark_shots(entered)) as marked:
            if _is_lead(marked, segment):
                yield from marked
                return
    whole = source.frames(reading)
    with closing(whole), closing(mark_shots(whole)) as marked:
        yield from islice(marked, segment.first_frame, None)


def _is_lead(frames: Iterator[Frame], segment: Segment) -> bool:
    """Whether the next frames are the ones before the segment."""
    try:
        lead = list(islice(frames, len(segment.lead_pts)))
    except MediaError:
        return False
    return (
        tuple(frame.pts for frame in lead) == segment.lead_pts
        and _digest(lead[-1].picture) == segment.digest
    )


def _digest(picture: Picture) -> str:
    return sha256(picture.tobytes()).hexdigest()[:16]
