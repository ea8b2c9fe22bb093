"""A film's packets out of its segments: in decoding order, each with its time."""

from collections.abc import Generator, Sequence
from fractions import Fraction
from pathlib import Path

from av import Packet
from av.video.stream import VideoStream

from vidnst.errors import OutputError
from vidnst.media.clip import Clip, promised_end
from vidnst.media.join import packets_of
from vidnst.rendering.segments import Record


def shown_times(records: Sequence[Record]) -> list[int]:
    """When each of the film's frames is shown, in units of the clip's time_base."""
    return [pts for record in records for pts in record.pts]


def film_end(
    clip: Clip, last: Record, *, start_seconds: float | None, end_seconds: float | None
) -> int:
    """Until when the last frame is shown, in units of the clip's time_base, as its pts are.

    That is what the source's header says of its film, since out of order no packet of a film in
    MP4 tells it; else what the frame itself says; and no later than the excerpt's end.
    """
    shown = last.pts[-1]
    begins = Fraction(clip.start_seconds)
    origin = begins + Fraction(start_seconds) if start_seconds is not None else Fraction(0)
    end = shown + max(1, last.durations[-1])
    promised = promised_end(clip.path)
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

    A packet is decoded when as many frames have been shown as packets can be out of order: no
    later than it is shown itself, and each after the one before, at any frame rate. The last one
    is decoded when it is shown, and lasts to the end: MP4 takes the length of the film from there.
    Raises OutputError where a file does not hold what its record says.
    """
    shown = shown_times(records)
    delay = max(record.delay for record in records)
    step = max(1, shown[1] - shown[0] if len(shown) > 1 else end - shown[0])
    dts = iter([shown[0] - ahead * step for ahead in range(delay, 0, -1)] + shown)
    until = iter([*shown[1:], end])
    left = len(shown)
    for path, record in zip(segments, records, strict=True):
        packets = list(packets_of(path))
        if len(packets) != len(record.order):
            raise OutputError(f"{path} is damaged: add --no-resume to start anew")
        durations = [next(until) - pts for pts in record.pts]
        for packet, index in zip(packets, record.order, strict=True):
            pts, left = record.pts[index], left - 1
            if left:
                yield packet, pts, next(dts), durations[index]
            else:
                yield packet, pts, pts, end - pts
