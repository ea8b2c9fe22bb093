"""Check uploads: films and pictures, identified by content and never by name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vidnst.apps.page.options import PageLimits
from vidnst.errors import MediaError, UsageError
from vidnst.media.clip import Clip, probe
from vidnst.media.opening import open_media, video_stream
from vidnst.media.pictures import read_style

FILM_ENDINGS = ("mp4", "mov", "mkv", "webm", "avi", "mpg", "ts", "ogv", "gif")
STYLE_ENDINGS = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff")
_FILM_KINDS = (
    "mov", "matroska", "webm", "avi", "mpegts", "mpeg", "ogg", "asf", "flv", "gif", "mxf", "nut",
)  # fmt: skip
"""FFmpeg demuxers that read a single file: no playlist, script or list of pictures."""
_STYLE_KINDS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_STYLE_MEGAPIXELS = 100
_POINTER = re.compile(
    rb"\s*(#EXTM3U|ffconcat|\[playlist\]|<\?xml|<MPD|<smil|<asx|<playlist|v=0\s|rtsp://|https?://)",
    re.IGNORECASE,
)
"""First bytes of files that refer to a film elsewhere instead of holding one."""
_LONGEST_NAME = 80
_SELF_CONTAINED = 1
_ON_THE_WAY = (b"moov", b"trak", b"mdia", b"minf", b"dinf")
_MOST_MOOV_BYTES = 64 << 20


@dataclass(frozen=True)
class Source:
    """An accepted film or style. told: its path as the user writes it in a command."""

    path: Path
    told: str
    clip: Clip | None = None
    sample: bool = False

    @property
    def name(self) -> str:
        return Path(self.told).name

    @property
    def label(self) -> str:
        return f"{self.name} (sample)" if self.sample else self.name


def safe_name(name: str, *, otherwise: str) -> str:
    """The last part of a file name from a browser, sanitized.

    No folders, no leading dots or dashes, no `%`, which would name numbered pictures.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = re.sub(r"[^\w .()+-]", "_", last).strip(" .-")
    path = Path(kept or otherwise)
    return f"{path.stem[:_LONGEST_NAME]}{path.suffix[:8].lower()}"


def film_of(path: Path, told: str, limits: PageLimits) -> Source:
    """A film, checked. Raises MediaError and UsageError with messages for its user."""
    name = Path(told).name
    _require_bytes(path, name, limits)
    with path.open("rb") as file:
        if _POINTER.match(file.read(256).removeprefix(b"\xef\xbb\xbf")):
            raise UsageError(f"{name} is a playlist, which names other files: add the film itself")
    try:
        with open_media(path, kinds=_FILM_KINDS) as container:
            stream = video_stream(container, path)
            width, height = stream.codec_context.width, stream.codec_context.height
            if width * height > limits.max_megapixels * 1e6:
                raise UsageError(
                    f"{name} has {width}x{height} pixels, but {limits.max_megapixels:g} megapixels "
                    "are the most that is taken here"
                )
            if container.format.name.startswith("mov") and _names_other_files(path):
                raise UsageError(f"{name} names other files that hold its film: add a whole one")
            seconds = (container.duration or 0) / 1e6
            for frames, packet in enumerate(container.demux(stream)):
                if packet.pts is not None and packet.time_base is not None:
                    end_pts = packet.pts - (stream.start_time or 0) + (packet.duration or 0)
                    seconds = max(seconds, float(end_pts * packet.time_base))
                if seconds > limits.max_seconds:
                    raise UsageError(
                        f"{name} lasts more than {limits.max_seconds:g} s, the most that is taken "
                        "here: cut it first"
                    )
                if frames > limits.max_frames:
                    raise UsageError(
                        f"{name} has more than {limits.max_frames} frames, the most that is taken "
                        "here: cut it first"
                    )
        return Source(path, told, probe(path))
    except MediaError as error:
        if "holds" in str(error):
            raise MediaError(str(error).replace(str(path), name)) from error
        raise MediaError(
            f"{name} is damaged, or no film of a kind that is taken here "
            f"({', '.join(FILM_ENDINGS)})"
        ) from error


def style_of(path: Path, told: str, limits: PageLimits) -> Source:
    """A style picture, checked. Raises MediaError and UsageError."""
    from PIL import Image, UnidentifiedImageError

    name = Path(told).name
    _require_bytes(path, name, limits)
    try:
        with Image.open(path, formats=_STYLE_KINDS) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise MediaError(
            f"{name} is damaged, or no picture of a kind that is taken here "
            f"({', '.join(STYLE_ENDINGS)})"
        ) from error
    if width * height > _STYLE_MEGAPIXELS * 1e6:
        raise UsageError(
            f"{name} has {width}x{height} pixels, but {_STYLE_MEGAPIXELS} megapixels are the most "
            "that is taken here"
        )
    try:
        read_style(path)
    except MediaError as error:
        raise MediaError(str(error).replace(str(path), name)) from error
    return Source(path, told)


def _require_bytes(path: Path, name: str, limits: PageLimits) -> None:
    """Raises MediaError where there is no such regular file, UsageError where it is too large."""
    if not path.is_file():
        raise MediaError(f"{name}: no such file")
    if path.stat().st_size > limits.max_megabytes * 1e6:
        raise UsageError(
            f"{name} has {path.stat().st_size / 1e6:.0f} MB, but {limits.max_megabytes} MB are the "
            "most that is taken here"
        )


def _names_other_files(path: Path) -> bool:
    """Whether a QuickTime or MP4 file refers to media data in other files (ISO 14496-12).

    FFmpeg would not read these, so the user gets an error instead.
    """
    with path.open("rb") as file:
        for references in _boxes(file, 0, path.stat().st_size, _ON_THE_WAY):
            # After version, flags and count: size, kind, then version and flags of each entry.
            place = 8
            while place + 12 <= len(references):
                size = int.from_bytes(references[place : place + 4], "big")
                if not references[place + 11] & _SELF_CONTAINED:
                    return True
                place += max(size, 12)
    return False


def _boxes(file: BinaryIO, start: int, end: int, way: tuple[bytes, ...]) -> Iterator[bytes]:
    """The contents of all boxes at the end of the path `way`, between two offsets of a file."""
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), 16
        size = size or end - start
        if size < body:
            return
        inside = min(start + size, end)
        if way and kind == way[0]:
            yield from _boxes(file, start + body, inside, way[1:])
        elif not way and kind == b"dref":
            file.seek(start + body)
            yield file.read(min(inside - start - body, _MOST_MOOV_BYTES))
        start += size
