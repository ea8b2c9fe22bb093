"""Odd films, made by code: what containers, cameras and broken cables give."""

import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av

from vidnst.media.ffmpeg_program import ffmpeg_program

Packet: TypeAlias = "av.Packet[Any]"
BARS = "testsrc2=size=96x64:rate=25:duration=3"
FIELDS = "testsrc2=size=96x64:rate=50:duration=3"
_X264 = "-c:v libx264 -preset veryfast -g 20 -bf 2"
_MPEG2 = "-c:v mpeg2video -g 15 -bf 2 -b:v 1M"
_INTERLACED = "-flags +ildct+ilme"

OF_EACH_CONTAINER = {
    "mp4": f"{_X264} -c:a aac",
    "mov": "-c:v prores_ks -c:a pcm_s16le",
    "mkv": f"{_X264} -c:a aac",
    "webm": "-c:v libvpx -g 20 -deadline realtime -cpu-used 8 -c:a libopus",
    "avi": "-c:v mpeg4 -g 20 -c:a mp2",
    "ts": f"{_X264} -c:a aac",
    "m2ts": f"{_X264} -c:a aac",
    "mpg": f"{_MPEG2} -c:a mp2",
    "vob": f"{_MPEG2} -c:a mp2",
    "wmv": "-c:v wmv2 -g 20 -c:a wmav2",
    "flv": "-c:v flv1 -g 20 -c:a libmp3lame -ar 44100",
    "ogv": "-c:v libtheora -g 20 -c:a libvorbis",
    "mxf": f"{_MPEG2} -ar 48000 -c:a pcm_s16le",
    "nut": f"{_X264} -c:a aac",
    "h264": f"-an {_X264}",
    "mjpeg": "-an -c:v mjpeg",
}
"""What ffmpeg writes into each, with frames that depend on others where it can."""

OPEN_GOPS = {
    "h264.mp4": f"-an {_X264} -x264-params open-gop=1:keyint=12:bframes=3:scenecut=0",
    "hevc.mp4": "-an -c:v libx265 -preset ultrafast "
    "-x265-params open-gop=1:keyint=12:bframes=3:scenecut=0:log-level=none",
    "hevc.ts": "-an -c:v libx265 -preset ultrafast "
    "-x265-params open-gop=1:keyint=12:bframes=3:scenecut=0:log-level=none",
    "b-frames.avi": f"-an {_X264}",
    "refresh.mp4": f"-an {_X264} -x264-params intra-refresh=1",
}

INTERLACED = {
    "mpeg2.mpg": f"-vf interlace {_MPEG2} {_INTERLACED}",
    "mpeg2.ts": f"-vf interlace {_MPEG2} {_INTERLACED}",
    "mbaff.mp4": f"-vf interlace {_X264} {_INTERLACED} -x264-params tff=1",
    "bottom-first.ts": f"-vf interlace=scan=bff {_X264} {_INTERLACED} -x264-params bff=1",
    "ten-bit.mov": f"-vf interlace,format=yuv422p10 -c:v prores_ks {_INTERLACED}",
    "dv.mov": "-vf interlace=scan=bff,scale=720:576:interl=1 -pix_fmt yuv420p -c:v dvvideo",
    "cropped.mkv": f"-vf interlace,crop=90:60 {_X264} {_INTERLACED} -x264-params tff=1",
}


def film(path: Path, told: str, bars: str = BARS, sound: str = "sine=duration=3") -> Path:
    """Three seconds of moving bars with a tone, or of other sources, as ffmpeg's options tell."""
    tone = ["-f", "lavfi", "-i", sound]
    run("-f", "lavfi", "-i", bars, *tone, "-threads", "2", *told.split(), str(path))
    return path


def run(*arguments: str) -> None:
    """Run ffmpeg."""
    command = [ffmpeg_program(), "-y", "-loglevel", "error", *arguments]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def rewritten(
    source: Path,
    target: Path,
    change: Callable[[int, Packet], Iterator[Packet]],
    rate: int | None = None,
) -> Path:
    """Copy a film packet by packet; change gives what becomes of each, by its number.

    rate: what the header tells, in frames a second.
    """
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        if rate is not None:
            stream.codec_context.framerate = Fraction(rate)
        for number, packet in enumerate(p for p in old.demux(video=0) if p.size):
            for changed in change(number, packet):
                changed.stream = stream
                new.mux(changed)
    return target


def replaced(packet: Packet, content: bytes) -> Packet:
    """A packet of the same time that holds something else."""
    other = av.Packet(content)
    other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
    other.time_base, other.is_keyframe = packet.time_base, packet.is_keyframe
    return other


def with_moved_clock(source: Path, target: Path, *, at_seconds: float, by_seconds: float) -> Path:
    """A broadcast (.ts) whose timestamps from one on are moved, wherever in the file they lie."""
    data = bytearray(source.read_bytes())
    for place in range(0, len(data), 188):
        pieces_begin, adapted = data[place + 1] & 0x40, data[place + 3] & 0x20
        piece = place + 4 + (1 + data[place + 4] if adapted else 0)
        if not pieces_begin or data[piece : piece + 3] != b"\0\0\1" or data[piece + 3] < 0xC0:
            continue
        moved = False
        for number in range({2: 1, 3: 2}.get(data[piece + 7] >> 6, 0)):
            at = piece + 9 + 5 * number
            a, b, c, d, e = data[at : at + 5]
            ticks = (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1
            moved = moved or (not number and ticks >= at_seconds * 90_000)
            if moved:
                ticks += round(by_seconds * 90_000)
                data[at : at + 5] = bytes(
                    [
                        a & 0xF0 | (ticks >> 30 & 7) << 1 | 1, ticks >> 22 & 255,
                        (ticks >> 15 & 127) << 1 | 1, ticks >> 7 & 255, (ticks & 127) << 1 | 1,
                    ]
                )  # fmt: skip
    target.write_bytes(data)
    return target
