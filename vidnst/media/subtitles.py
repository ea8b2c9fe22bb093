"""Subtitles of an excerpt, cut at its beginning and end."""

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
"""The size of the empty samples that MP4 has between lines."""


_LONG = 86_400
"""Default duration in seconds of the last line."""
_DVD = "dvd_subtitle"
_PICTURES = (_DVD, "hdmv_pgs_subtitle", "dvb_subtitle")
_DVD_TICKS = Fraction(90_000, 1024)
"""Ticks per second of the delays within a DVD subtitle."""
_DVD_STOP = 2
_DVD_COMMAND_BYTES = {0: 1, 1: 1, _DVD_STOP: 1, 3: 3, 4: 3, 5: 7, 6: 5}
_Line: TypeAlias = "Packet[Stream]"


def cut_subtitles(
    source: Path,
    target: Path,
    container_format: str,
    *,
    begin: Fraction | None,
    end: Fraction,
    shift: Fraction,
) -> float:
    """Copy a file's subtitles, each line's time clipped to [begin, end) and shifted by -shift.

    All in seconds. Bitmap subtitles end at the next one at the latest. Returns the start time of
    the target.
    """
    with (
        av.open(ffmpeg_name(source)) as old,
        av.open(ffmpeg_name(target), "w", format=container_format) as new,
    ):
        streams, codecs = {}, _codecs(old)
        for stream in old.streams.subtitles:
            streams[stream.index] = copy = new.add_stream_from_template(stream)
            copy.metadata.update(stream.metadata)
            copy.disposition = stream.disposition
        lines = list(_lines(old, codecs))
        for index, packet, shown, hidden in sorted(lines, key=lambda line: line[2]):
            shown = max(shown, begin) if begin is not None else shown
            hidden = min(hidden, end)
            if shown >= hidden:
                continue
            clock = Fraction(packet.time_base)
            if codecs[index] == _DVD:
                late = shown - (packet.pts or 0) * clock
                packet = _dvd_shortened(packet, late=late, seconds=hidden - shown)
            packet.stream = streams[index]
            packet.pts = packet.dts = round((shown - shift) / clock)
            packet.duration = max(1, round((hidden - shown) / clock))
            new.mux(packet)
    with av.open(ffmpeg_name(target)) as there:
        return (there.start_time or 0) / av.time_base


def _codecs(container: InputContainer) -> dict[int, str]:
    """Index of each subtitle stream -> name of its codec."""
    streams = container.streams.subtitles
    return {stream.index: stream.codec_context.codec.canonical_name for stream in streams}


def _lines(
    container: InputContainer, codecs: dict[int, str]
) -> Iterator[tuple[int, _Line, Fraction, Fraction]]:
    """Yield (stream index, packet, start, end) of each line, in seconds."""
    streams = list(container.streams.subtitles)
    packets: dict[int, list[_Line]] = {stream.index: [] for stream in streams}
    for packet in container.demux(streams):
        if packet.pts is not None and packet.size:
            packets[packet.stream.index].append(packet)
    for index, all_of_it in packets.items():
        for packet, following in zip(all_of_it, [*all_of_it[1:], None], strict=True):
            clock = Fraction(packet.time_base)
            shown = (packet.pts or 0) * clock
            hidden = shown + _LONG  # Until the next one, as in Blu-ray subtitles.
            if following and (codecs[index] in _PICTURES or not packet.duration):
                hidden = (following.pts or 0) * clock
            if packet.duration:
                hidden = min(hidden, shown + packet.duration * clock)
            if codecs[index] == _DVD:
                stops = [
                    shown + after for _, after, is_stop in _dvd_orders(bytes(packet)) if is_stop
                ]
                hidden = min([hidden, *stops])
            if bytes(packet) != bytes(_EMPTY_LINE_BYTES):
                yield index, packet, shown, hidden


def _dvd_shortened(packet: _Line, *, late: Fraction, seconds: Fraction) -> _Line:
    """A DVD subtitle, shown `late` seconds later, and hidden after at most `seconds`."""
    content = bytearray(bytes(packet))
    for place, after, is_stop in _dvd_orders(content):
        left = max(after - late, Fraction(0))
        left = min(left, seconds) if is_stop else left
        content[place : place + 2] = round(left * _DVD_TICKS).to_bytes(2, "big")
    other: _Line = Packet(bytes(content))
    other.time_base, other.is_keyframe = packet.time_base, True
    return other


def _dvd_orders(content: bytes | bytearray) -> Iterator[tuple[int, Fraction, bool]]:
    """Yield (offset, delay in seconds, whether it hides the picture) of a DVD subtitle's sequences.

    A control sequence is its delay and the offset of the next one, two bytes each, and commands up
    to 255; the last one points to itself. Other content has none.
    """
    place, following = -1, int.from_bytes(content[2:4], "big")
    while place < following <= len(content) - 4:
        place, following = following, int.from_bytes(content[following + 2 : following + 4], "big")
        at, is_stop = place + 4, False
        while at < len(content) and content[at] in _DVD_COMMAND_BYTES:
            is_stop = is_stop or content[at] == _DVD_STOP
            at += _DVD_COMMAND_BYTES[content[at]]
        yield place, int.from_bytes(content[place : place + 2], "big") / _DVD_TICKS, is_stop
