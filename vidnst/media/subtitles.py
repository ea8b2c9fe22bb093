"""Subtitles of an excerpt: cut where it begins and ends."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av import Packet
from av.container import InputContainer
from av.stream import Stream

from vidnst.media.names import ffmpeg_name

_EMPTY_LINE_BYTES = 2
"""What MP4 has between lines."""


_LONG = 86_400
"""Seconds, for a line that no other follows."""
_Line: TypeAlias = "Packet[Stream]"


def cut_subtitles(
    source: Path,
    target: Path,
    container_format: str,
    *,
    begin: Fraction | None,
    end: Fraction | None,
    shift: Fraction,
) -> float:
    """Copy a file's subtitles with each line's time cut to [begin, end) and moved by -shift.

    All in seconds. Returns when the first line of the target is shown.
    """
    with (
        av.open(ffmpeg_name(source)) as old,
        av.open(ffmpeg_name(target), "w", format=container_format) as new,
    ):
        streams = {}
        for stream in old.streams.subtitles:
            streams[stream.index] = copy = new.add_stream_from_template(stream)
            copy.metadata.update(stream.metadata)
            copy.disposition = stream.disposition
        lines = list(_lines(old))
        for index, packet, shown, hidden in sorted(lines, key=lambda line: line[2]):
            shown = max(shown, begin) if begin is not None else shown
            hidden = min(hidden, end) if end is not None else hidden
            if shown >= hidden:
                continue
            clock = Fraction(packet.time_base)
            packet.stream = streams[index]
            packet.pts = packet.dts = round((shown - shift) / clock)
            packet.duration = max(1, round((hidden - shown) / clock))
            new.mux(packet)
    with av.open(ffmpeg_name(target)) as there:
        return (there.start_time or 0) / av.time_base


def _lines(container: InputContainer) -> Iterator[tuple[int, _Line, Fraction, Fraction]]:
    """Each line with its stream and from when to when it is shown, in seconds."""
    streams = list(container.streams.subtitles)
    packets: dict[int, list[_Line]] = {stream.index: [] for stream in streams}
    for packet in container.demux(streams):
        if packet.pts is not None and packet.size:
            packets[packet.stream.index].append(packet)
    for index, all_of_it in packets.items():
        for packet, following in zip(all_of_it, [*all_of_it[1:], None], strict=True):
            clock = Fraction(packet.time_base)
            shown = (packet.pts or 0) * clock
            if packet.duration:
                hidden = shown + packet.duration * clock
            else:  # Until the next, as Blu-ray has it.
                hidden = (following.pts or 0) * clock if following else shown + _LONG
            if bytes(packet) != bytes(_EMPTY_LINE_BYTES):
                yield index, packet, shown, hidden
