"""A film's packets out of its segments: in decoding order, each with its time."""

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
    """Until when the last frame is shown, in units of the clip's time_base, as its pts are.

    That is what the source's header says of its film, since out of order no packet of a film in
    MP4 tells it; else what the frame itself says; and no later than the excerpt's end.
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
    """When each packet is decoded; and the last one's duration, None for all others.

    coded: when each is shown, in decoding order. A packet is decoded when as many frames have been
    shown as packets can be out of order: no later than it is shown itself, and each after the one
    before, at any frame rate. MP4 keeps no durations but from one decoding to the next, and takes
    the length of the film from there: in a film of uneven rate the last packet is decoded when it
    is shown, so that it reaches the end.
    """
    shown = sorted(coded)
    step = max(1, shown[1] - shown[0] if len(shown) > 1 else end - shown[0])
    dts = [*(shown[0] - ahead * step for ahead in range(delay, 0, -1)), *shown][: len(coded)]
    left = end - shown[0] - (dts[-1] - dts[0])
    if {after - now for now, after in pairwise(dts)} | {left} != {step}:
        dts[-1], left = coded[-1], end - coded[-1]
    return [*((each, None) for each in dts[:-1]), (dts[-1], left)]
