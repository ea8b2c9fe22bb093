"""A film's packets from its segments, in decoding order, with their timestamps."""

from collections.abc import Generator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from av import Packet
from av.video.stream import VideoStream

from vidnst.errors import OutputError
from vidnst.film.segments.segment import Record
from vidnst.media.clip import Clip, promised_end
from vidnst.media.decode import excerpt_zero
from vidnst.media.excerpt import Excerpt
from vidnst.media.join import packets_of


def shown_times(records: Sequence[Record]) -> list[int]:
    """When each of the film's frames is shown, in units of the clip's time_base."""
    return [pts for record in records for pts in record.pts]


def film_end(clip: Clip, last: Record, excerpt: Excerpt) -> int:
    """When the last frame ends, in units of the clip's time_base, on the scale of its pts.

    Taken from the source's header, because with reordered packets MP4 has no duration for the frame
    shown last; without a header, from the frame's duration; at most the excerpt's end.
    """
    start_seconds, end_seconds = excerpt.start_seconds, excerpt.end_seconds
    shown = last.pts[-1]
    begins = Fraction(clip.start_seconds)
    origin = Fraction(0) if start_seconds is None else excerpt_zero(clip, start_seconds)
    end = shown + max(1, last.durations[-1])
    promised = promised_end(clip.path) if clip.has_file else None
    if promised is not None:
        ticks = round((promised - origin) / clip.time_base)
        end = ticks if ticks > shown else end
    if end_seconds is not None:
        cut = round((begins + Fraction(end_seconds) - origin) / clip.time_base)
        end = max(min(end, cut), shown + 1)
    return end


def in_order(
    segments: Sequence[Path], records: Sequence[Record], *, end: int
) -> Generator[tuple["Packet[VideoStream]", int, int, int], None, None]:
    """Yield the packets of all segments with pts, dts and duration, as if encoded in one piece.

    Raises OutputError where a file does not hold what its record says.
    """
    coded = [record.pts[index] for record in records for index in record.order]
    timed = iter(_decoding_times(coded, max(record.delay for record in records), end=end))
    until = iter([*shown_times(records)[1:], end])
    for path, record in zip(segments, records, strict=True):
        packets = list(packets_of(path))
        if len(packets) != len(record.order):
            raise OutputError(f"{path} is damaged: add `resume=False` to start anew")
        durations = [next(until) - pts for pts in record.pts]
        for packet, index in zip(packets, record.order, strict=True):
            dts, duration = next(timed)
            yield packet, record.pts[index], dts, duration or durations[index]


def _decoding_times(coded: Sequence[int], delay: int, *, end: int) -> list[tuple[int, int | None]]:
    """The dts of each packet; and the duration of the last one, None for all others.

    coded: the pts of each, in decoding order. The dts are the sorted pts, delayed by as many frames
    as packets can be out of order: no dts is after its packet's pts, and all increase strictly, at
    any frame rate. MP4 stores durations only as differences of dts, and takes the length of the
    film from them: with a variable frame rate, the last packet's dts is set to its pts, so that its
    duration reaches the film's end.
    """
    shown = sorted(coded)
    step = max(1, shown[1] - shown[0] if len(shown) > 1 else end - shown[0])
    dts = [*(shown[0] - ahead * step for ahead in range(delay, 0, -1)), *shown][: len(coded)]
    left = end - shown[0] - (dts[-1] - dts[0])
    if {after - now for now, after in pairwise(dts)} | {left} != {step}:
        dts[-1], left = coded[-1], end - coded[-1]
    return [*((each, None) for each in dts[:-1]), (dts[-1], left)]
