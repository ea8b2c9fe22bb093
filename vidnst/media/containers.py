"""Containers: the codecs that each can hold, and the choice of an encoding."""

from dataclasses import dataclass
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.media.clip import SEQUENCE_ENDINGS, UNKNOWN_CODEC
from vidnst.media.codecs import encoder_named, pixel_format_of, settings_of
from vidnst.media.color import has_alpha
from vidnst.media.names import is_pattern, is_sequence
from vidnst.options.output import EncodeOptions


@dataclass(frozen=True)
class Container:
    """What a container can hold. codecs: of video, the first being the default.

    Sound and text subtitles of the codecs in audio and text_subtitles are copied; others are
    converted to the first of these. any_audio: copy all sound. Empty: the container holds none.
    """

    format: str
    codecs: tuple[str, ...]
    audio: tuple[str, ...] = ()
    any_audio: bool = False
    text_subtitles: tuple[str, ...] = ()
    bitmap_subtitles: tuple[str, ...] = ()


_QUICKTIME_CODECS = ("libx264", "libx265", "mpeg4", "h264_nvenc", "hevc_nvenc")
_MP4_CODECS = (*_QUICKTIME_CODECS, "libsvtav1", "libvpx-vp9")
_CONTAINERS = {
    ".mp4": Container(
        "mp4",
        _MP4_CODECS,
        ("aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"),
        text_subtitles=("mov_text",),
    ),
    ".m4v": Container(
        "mp4", _MP4_CODECS, ("aac", "mp3", "ac3", "alac"), text_subtitles=("mov_text",)
    ),
    ".mov": Container(
        "mov",
        (*_QUICKTIME_CODECS, "prores_ks", "dnxhd", "png"),
        (
            "aac",
            "mp3",
            "ac3",
            "alac",
            "pcm_s16le",
            "pcm_s24le",
            "pcm_s32le",
            "pcm_f32le",
            "pcm_s16be",
        ),
        text_subtitles=("mov_text",),
    ),
    ".mkv": Container(
        "matroska",
        (*_MP4_CODECS, "prores_ks", "ffv1", "libvpx"),
        ("aac",),
        any_audio=True,
        text_subtitles=("subrip", "ass", "ssa", "webvtt"),
        bitmap_subtitles=("hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"),
    ),
    ".webm": Container(
        "webm",
        ("libvpx-vp9", "libsvtav1", "libvpx"),
        ("opus", "vorbis"),
        text_subtitles=("webvtt",),
    ),
    ".gif": Container("gif", ("gif",)),
}
_SEQUENCE_CODECS = ("png", "tiff", "tiff", "dpx")
_SEQUENCES = {
    ending: Container("image2", (codec,))
    for ending, codec in zip(SEQUENCE_ENDINGS, _SEQUENCE_CODECS, strict=True)
}


@dataclass(frozen=True)
class Encoding:
    """A container, and a codec with its settings.

    tag: the codec's four-character code in the container; None for FFmpeg's default.
    """

    container: Container
    codec: str
    pixel_format: str
    codec_options: dict[str, str]
    tag: str | None = None

    @property
    def holds_alpha(self) -> bool:
        """Whether transparency can be written."""
        return has_alpha(self.pixel_format)


def container_of(output: Path) -> Container:
    """The container for an output path. Raises UsageError for an unknown ending."""
    if is_pattern(output):
        if output.suffix.lower() not in _SEQUENCES:
            raise UsageError(
                f"{output}: numbered pictures are written as {', '.join(_SEQUENCES)}, "
                "such as frames/%06d.png"
            )
        return _SEQUENCES[output.suffix.lower()]
    try:
        return _CONTAINERS[output.suffix.lower()]
    except KeyError:
        known = ", ".join(_CONTAINERS)
        raise UsageError(
            f"{output}: no container has the ending {output.suffix!r}; take one of {known} "
            "or numbered pictures (frames/%06d.png)"
        ) from None


def choose_encoding(
    output: Path,
    options: EncodeOptions,
    size_hw: tuple[int, int],
    *,
    transparent: bool = False,
) -> Encoding:
    """Choose codec, pixel format and settings.

    transparent: whether the source is; the result then is, too, where the codec can hold it and no
    other pixel format is asked for.

    Raises UsageError where the options contradict each other.
    """
    container = container_of(output)
    codec = container.codecs[0]
    if options.codec is not None:
        codec = encoder_named(options.codec)
        if codec not in container.codecs:
            raise UsageError(
                f"a {output.suffix} file cannot hold {options.codec}; "
                f"it can hold {', '.join(container.codecs)}"
            )
    pixel_format = pixel_format_of(codec, options, size_hw, transparent=transparent)
    settings = settings_of(codec, options, pixel_format)
    # QuickTime plays H.265 only under the tag hvc1.
    apple = codec in ("libx265", "hevc_nvenc") and container.format in ("mp4", "mov")
    return Encoding(container, codec, pixel_format, settings, tag="hvc1" if apple else None)


def audio_codec(container: Container, source_codec: str) -> str | None:
    """'copy', an encoder to transcode with, or None where the container holds no sound."""
    if source_codec == UNKNOWN_CODEC or not container.audio:
        return None
    if container.any_audio or source_codec in container.audio:
        return "copy"
    return sound_encoder(container)


def sound_encoder(container: Container) -> str:
    """The encoder for sound that the container cannot hold as it is."""
    return "libopus" if container.audio[0] == "opus" else container.audio[0]


_BITMAPS = ("hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub")


def subtitle_codec(container: Container, source_codec: str) -> str | None:
    """'copy', an encoder to convert with, or None where the container cannot hold them."""
    if source_codec in (*container.text_subtitles, *container.bitmap_subtitles):
        return "copy"
    if source_codec in (*_BITMAPS, UNKNOWN_CODEC) or not container.text_subtitles:
        return None
    return container.text_subtitles[0]


def default_picture(source: Path, style: Path) -> Path:
    """INPUT_STYLE beside a still picture; a name that looks like a pattern is changed."""
    output = source.with_name(f"{source.stem}_{style.stem}{source.suffix}")
    return output.with_name(output.name.replace("%", "_")) if is_pattern(output) else output


def default_output(source: Path, style: Path) -> Path:
    """INPUT_STYLE beside the input, in its container where that can be written, else mp4."""
    suffix = source.suffix.lower()
    if is_sequence(source):
        folder = source.parent if source.parent.name else source.absolute().parent
        kept = suffix if suffix in _SEQUENCES else ".png"
        return folder.with_name(f"{folder.name}_{style.stem}") / f"%06d{kept}"
    kept = suffix if suffix in _CONTAINERS else ".mp4"
    return source.with_name(f"{source.stem}_{style.stem}{kept}")
