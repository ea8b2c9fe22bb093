"""Opening of media files, without playlists, and of the video stream inside."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import av
import av.container
from av.codec import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from vidnst.errors import MediaError
from vidnst.media.names import (
    ffmpeg_name,
    ffmpeg_pattern,
    is_sequence,
    looks_numbered,
    sequence_numbers,
)

_TRANSPARENT_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_ATTACHED_PICTURE = 0x0400
# From version 19 on, PyAV reads metadata of any encoding by default.
_open_tolerant: Any = (
    av.open
    if int(av.__version__.split(".")[0]) >= 19
    else partial(av.open, metadata_errors="replace")
)
_OPENING_OTHERS = {
    "avisynth", "concat", "dash", "dvdvideo", "hls", "imf", "lavfi", "mlv", "rtsp", "sdp",
    "vapoursynth", "vobsub",
}  # fmt: skip
"""Formats of playlists and scripts, through which FFmpeg would open other files."""
SEQUENCE_RATE = Fraction(25)
"""Frame rate of numbered pictures, whose files have none."""


@contextmanager
def open_media(path: Path, *, kinds: tuple[str, ...] = ()) -> Iterator[av.container.InputContainer]:
    """Open a clip or numbered pictures; FFmpeg's errors, also in the body, become MediaError.

    kinds: FFmpeg's names of the containers that may be opened; empty allows all plain ones.
    """
    # Plain files only: a playlist must not make FFmpeg open other files or addresses.
    options = {"protocol_whitelist": "file"}
    if kinds:
        options["format_whitelist"] = ",".join(kinds)
    else:
        options["format_whitelist"] = ",".join(_plain_kinds())
    kind = None
    if is_sequence(path):
        numbers = sequence_numbers(path)
        if not numbers:
            raise MediaError(f"{path}: no such pictures")
        if gaps := set(range(numbers[0], numbers[-1])).difference(numbers):
            raise MediaError(f"{path}: picture number {min(gaps)} is missing")
        kind = "image2"
        options |= {"start_number": str(numbers[0]), "framerate": str(SEQUENCE_RATE)}
    elif not path.exists():
        raise MediaError(f"{path}: no such file")
    elif path.is_dir():
        raise MediaError(
            f"{path} is a folder, not a clip (numbered pictures are given as {path / '%06d.png'})"
        )
    elif not path.is_file():
        raise MediaError(f"{path} is not a plain file")
    elif path.stat().st_size == 0:
        raise MediaError(f"{path} is empty")
    try:
        with ExitStack() as opened:
            name: Any = ffmpeg_pattern(path) if kind else ffmpeg_name(path)
            if not kind and looks_numbered(path):
                # FFmpeg would take the name for a pattern: read the file through Python.
                name = opened.enter_context(path.open("rb"))
            yield opened.enter_context(_open_tolerant(name, format=kind, options=options))
    except PermissionError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}") from error
    except av.error.FFmpegError as error:
        raise MediaError(f"{path} cannot be read as a clip: {error.strerror or error}") from error


@lru_cache(maxsize=1)
def _plain_kinds() -> tuple[str, ...]:
    """FFmpeg's names of containers that do not refer to other files."""
    return tuple(sorted(av.formats_available - _OPENING_OTHERS))


def video_stream(container: av.container.InputContainer, path: Path) -> VideoStream:
    """The first video stream that is no cover art, nor the still image of an animated picture.

    Raises MediaError where there is none.
    """
    films = [s for s in container.streams.video if not int(s.disposition) & _ATTACHED_PICTURE]
    # In AVIF and related formats, the still image comes first, as one frame without duration.
    for stream in [s for s in films if s.frames != 1 or s.duration is not None] or films:
        return stream
    if container.streams.audio:
        raise MediaError(f"{path} holds sound but no film")
    raise MediaError(f"{path} holds no film")


def film_decoder(stream: VideoStream) -> VideoCodecContext:
    """The decoder for a stream: FFmpeg's own, or for transparent VP8 and VP9, libvpx.

    FFmpeg's own decoders ignore their alpha.
    """
    context = stream.codec_context
    library = _TRANSPARENT_DECODERS.get(context.name)
    if library is None or stream.metadata.get("alpha_mode") != "1":
        stream.thread_type = "AUTO"
        return context
    decoder = CodecContext.create(library, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.extradata = context.extradata
    return decoder
