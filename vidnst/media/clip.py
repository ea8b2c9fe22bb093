"""A clip's streams and properties, read from its header and its first frame."""

import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from vidnst.errors import MediaError
from vidnst.media.header import LIKELY_RATE, orientation, sane_rate, timecode_tag
from vidnst.media.names import (
    is_sequence,
)
from vidnst.media.opening import film_decoder, open_media, video_stream

UNKNOWN_CODEC = "unknown"
PQ, HLG = 16, 18
_CLOCK_TIME = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_COUNTING_FROM_ZERO = ("matroska,webm", "asf")
"""Containers whose header gives the end time of the film, not its duration."""
SEQUENCE_ENDINGS = (".png", ".tif", ".tiff", ".dpx")


@dataclass(frozen=True)
class ColorTags:
    """Color description by the numbers of ITU-T H.273; 2 is unspecified (for range: 0)."""

    range: int
    matrix: int
    primaries: int
    transfer: int

    @property
    def hdr(self) -> bool:
        """Whether the transfer function is PQ or HLG (ITU-R BT.2100)."""
        return self.transfer in (PQ, HLG)


@dataclass(frozen=True)
class Clip:
    """One video stream and what accompanies it.

    size_hw is the display size in pixels, after rotation; sample_aspect is the width of one such
    pixel over its height. A rotation by rotation_degrees (0, 90, 180, 270) counterclockwise brings
    the coded picture upright; where mirrored, it is flipped horizontally first. frame_count and
    duration_seconds are as in the header, None where it has none; start_seconds is the earliest
    timestamp of all streams; timecode is the first frame's. has_file: whether path is a media file,
    from which sound, subtitles and metadata are taken.
    """

    path: Path
    container: str
    codec: str
    pixel_format: str
    size_hw: tuple[int, int]
    rotation_degrees: int
    sample_aspect: Fraction
    rate: Fraction | None
    time_base: Fraction
    start_seconds: float
    frame_count: int | None
    duration_seconds: float | None
    color: ColorTags
    interlaced: bool
    language: str | None
    audio: tuple[str, ...]
    subtitles: tuple[str, ...]
    chapter_count: int
    timecode: str | None = None
    mirrored: bool = False
    has_file: bool = True

    @classmethod
    def without_file(
        cls, path: Path, size_hw: tuple[int, int], rate: Fraction, frame_count: int
    ) -> "Clip":
        """A clip of frames that come from no media file: progressive RGB, no sound, from time 0."""
        return cls(
            path=path,
            container="",
            codec="",
            pixel_format="rgb24",
            size_hw=size_hw,
            rotation_degrees=0,
            sample_aspect=Fraction(1),
            rate=rate,
            time_base=1 / rate,
            start_seconds=0.0,
            frame_count=frame_count,
            duration_seconds=float(frame_count / rate),
            color=ColorTags(range=0, matrix=2, primaries=2, transfer=2),
            interlaced=False,
            language=None,
            audio=(),
            subtitles=(),
            chapter_count=0,
            has_file=False,
        )

    @property
    def hdr(self) -> bool:
        return self.color.hdr

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        plain = {
            key: str(value) if isinstance(value, Path | Fraction) else value
            for key, value in asdict(self).items()
            if key != "has_file"  # It is not a property of the video.
        }
        return plain | {"hdr": self.hdr}


def sequence_in(folder: Path) -> Path | None:
    """The pattern of a folder's numbered pictures; None where there are none or several kinds."""
    pictures = [path for path in folder.iterdir() if path.suffix.lower() in SEQUENCE_ENDINGS]
    names = [re.fullmatch(r"(\D*)(\d+)(\.\w+)", path.name) for path in pictures]
    kinds = {(name[1], len(name[2]), name[3]) if name else None for name in names}
    if len(kinds) != 1 or (kind := kinds.pop()) is None:
        return None
    pattern = folder / f"{kind[0]}%0{kind[1]}d{kind[2]}"
    return pattern if is_sequence(pattern) else None


def probe(path: Path) -> Clip:
    """Read a clip's header and its first frame.

    Raises MediaError where the file is missing, damaged or holds no film.
    """
    with open_media(path) as container:
        stream = video_stream(container, path)
        context, decoder = stream.codec_context, film_decoder(stream)
        first = _first_frame(container, stream, decoder)
        if first is None or not first.width or not first.height:
            raise MediaError(f"{path} holds no frame that can be decoded")
        rotation, mirrored = orientation(first)
        height, width = first.height, first.width
        aspect = _fraction(stream.sample_aspect_ratio or context.sample_aspect_ratio) or Fraction(1)
        if rotation in (90, 270):
            height, width, aspect = width, height, 1 / aspect
        duration = None
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration = container.duration / av.time_base
        if duration is not None and container.format.name in _COUNTING_FROM_ZERO:
            duration -= max(0, container.start_time or 0) / av.time_base
        return Clip(
            path=path,
            container=container.format.name,
            codec=context.codec.canonical_name,
            pixel_format=first.format.name,
            size_hw=(height, width),
            rotation_degrees=rotation,
            sample_aspect=aspect,
            rate=_rate(stream, path),
            time_base=_fraction(stream.time_base) or Fraction(1, av.time_base),
            start_seconds=(container.start_time or 0) / av.time_base,
            frame_count=stream.frames or None,
            duration_seconds=duration,
            color=ColorTags(
                range=int(first.color_range),
                matrix=int(first.colorspace),
                primaries=int(first.color_primaries),
                transfer=int(first.color_trc),
            ),
            interlaced=bool(first.interlaced_frame),
            language=stream.language,
            audio=tuple(_codec_name(s) for s in container.streams.audio),
            subtitles=tuple(_codec_name(s) for s in container.streams.subtitles),
            chapter_count=len(container.chapters()),
            timecode=timecode_tag(container, stream),
            mirrored=mirrored,
        )


def promised_end(path: Path) -> Fraction | None:
    """When a file's film ends according to its header, in seconds; None where that is not given.

    Raises MediaError.
    """
    with open_media(path) as container:
        stream = video_stream(container, path)
        if stream.duration is not None and stream.time_base is not None:
            return ((stream.start_time or 0) + stream.duration) * Fraction(stream.time_base)
        # Matroska has a DURATION tag for each stream.
        tag = next((v for k, v in stream.metadata.items() if k.upper() == "DURATION"), "")
        if found := _CLOCK_TIME.fullmatch(tag.strip("\0 ")):
            return 3600 * int(found[1]) + 60 * int(found[2]) + Fraction(found[3])
    return None


def _first_frame(
    container: av.container.InputContainer, stream: VideoStream, decoder: VideoCodecContext
) -> av.VideoFrame | None:
    for packet in container.demux(stream):
        if packet.size or packet.dts is None:
            with suppress(av.error.InvalidDataError):  # Others may follow; decode() reports it.
                if frames := decoder.decode(packet):
                    return frames[0]
    return None


def _rate(stream: VideoStream, path: Path) -> Fraction | None:
    rate = _fraction(stream.average_rate or stream.guessed_rate)
    if rate is None or rate <= LIKELY_RATE:
        return rate
    with open_media(path) as container:
        return sane_rate(rate, container, video_stream(container, path))


def _codec_name(stream: Stream) -> str:
    context = stream.codec_context
    return context.codec.canonical_name if context is not None else UNKNOWN_CODEC


def _fraction(rational: Any) -> Fraction | None:
    """Convert PyAV's rationals, whose type differs between versions; None for None and 0/0."""
    if not rational:
        return None
    return Fraction(rational.numerator, rational.denominator)
