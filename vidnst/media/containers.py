"""What each container holds: the codecs that fit, and the settings that suit them."""

from dataclasses import dataclass
from pathlib import Path

import av

from vidnst.errors import UsageError
from vidnst.media.clip import UNKNOWN_CODEC, Clip, is_sequence
from vidnst.options import EncodeOptions


@dataclass(frozen=True)
class Container:
    """audio and text_subtitles name what is copied as it is; the rest becomes the first of them.

    text_subtitles and bitmap_subtitles are empty where the container holds none.
    """

    format: str
    codecs: tuple[str, ...]
    audio: tuple[str, ...] = ()
    any_audio: bool = False
    text_subtitles: tuple[str, ...] = ()
    bitmap_subtitles: tuple[str, ...] = ()


_MP4_CODECS = ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "mpeg4", "h264_nvenc", "hevc_nvenc")
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
        (*_MP4_CODECS, "prores_ks", "dnxhd", "png", "ffv1"),
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
        (*_MP4_CODECS, "prores_ks", "dnxhd", "ffv1", "png", "libvpx"),
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
_SEQUENCE = Container("image2", ("png",))

_SHORT_NAMES = {
    "h264": "libx264",
    "h265": "libx265",
    "hevc": "libx265",
    "vp9": "libvpx-vp9",
    "vp8": "libvpx",
    "av1": "libsvtav1",
    "prores": "prores_ks",
}
_DEFAULTS: dict[str, dict[str, str]] = {
    "libx264": {"crf": "18", "preset": "veryfast"},
    "libx265": {"crf": "20", "preset": "medium", "x265-params": "log-level=error"},
    "libvpx-vp9": {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
    "libvpx": {"crf": "10", "b": "4M", "deadline": "good", "cpu-used": "4"},
    "libsvtav1": {"crf": "26", "preset": "8", "svtav1-params": "fast-decode=0"},
    "mpeg4": {"qscale": "3"},
    "dnxhd": {"profile": "dnxhr_hq"},
}
_SPEEDS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    "placebo",
)  # fmt: skip
_PRESETS = {
    "libx264": _SPEEDS,
    "libx265": _SPEEDS,
    "libsvtav1": tuple(str(speed) for speed in range(14)),
}
_ODD_SIZES_IN_420 = {"libvpx-vp9", "libvpx", "libsvtav1", "mpeg4", "ffv1"}
_PIXEL_FORMATS = {"gif": "rgb8", "png": "rgb24", "prores_ks": "yuv422p10le", "dnxhd": "yuv422p"}


@dataclass(frozen=True)
class Encoding:
    """A container, and a codec with its settings."""

    container: Container
    codec: str
    pixel_format: str
    codec_options: dict[str, str]


def container_of(output: Path) -> Container:
    """The container for an output path. Raises UsageError for an unknown ending."""
    if is_sequence(output):
        if output.suffix.lower() != ".png":
            raise UsageError(
                f"{output}: numbered pictures are written as PNG, such as frames/%06d.png"
            )
        return _SEQUENCE
    try:
        return _CONTAINERS[output.suffix.lower()]
    except KeyError:
        known = ", ".join(_CONTAINERS)
        raise UsageError(
            f"{output}: no container has the ending {output.suffix!r}; take one of {known} "
            "or numbered pictures (frames/%06d.png)"
        ) from None


def choose_encoding(output: Path, options: EncodeOptions, size_hw: tuple[int, int]) -> Encoding:
    """Settle on codec, pixel format and settings. Raises UsageError where they contradict."""
    container = container_of(output)
    codec = container.codecs[0]
    if options.codec is not None:
        codec = _SHORT_NAMES.get(options.codec.lower(), options.codec.lower())
        _require_encoder(options.codec, codec)
        if codec not in container.codecs:
            raise UsageError(
                f"a {output.suffix} file cannot hold {options.codec}; "
                f"it can hold {', '.join(container.codecs)}"
            )
    settings = dict(_DEFAULTS.get(codec, {}))
    if options.crf is not None:
        if "crf" not in settings:
            raise UsageError(f"--crf does not apply to {codec}")
        settings["crf"] = f"{options.crf:g}"
    if options.preset is not None:
        if "preset" not in settings:
            raise UsageError(f"--preset does not apply to {codec}")
        if options.preset not in (known := _PRESETS.get(codec, (options.preset,))):
            raise UsageError(
                f"--preset is {options.preset!r}, but must be one of {', '.join(known)}"
            )
        settings["preset"] = options.preset
    return Encoding(container, codec, _pixel_format(codec, options, size_hw), settings)


def _require_encoder(asked: str, codec: str) -> None:
    try:
        found = av.codec.Codec(codec, "w")
    except ValueError:
        raise UsageError(f"there is no encoder named {asked!r} here") from None
    if found.type != "video":
        raise UsageError(f"{asked!r} does not encode pictures")


def _pixel_format(codec: str, options: EncodeOptions, size_hw: tuple[int, int]) -> str:
    odd = bool(size_hw[0] % 2 or size_hw[1] % 2)
    offered = {f.name for f in av.codec.Codec(codec, "w").video_formats or ()}
    if options.pix_fmt is not None:
        if options.pix_fmt not in offered:
            raise UsageError(
                f"{codec} cannot encode the pixel format {options.pix_fmt!r}; "
                f"it takes {', '.join(sorted(offered))}"
            )
        if odd and "420" in options.pix_fmt and codec not in _ODD_SIZES_IN_420:
            raise UsageError(
                f"{codec} cannot encode {size_hw[1]}x{size_hw[0]} as {options.pix_fmt}: "
                "its sides must be even (--size), or take yuv444p"
            )
        return options.pix_fmt
    wanted = _PIXEL_FORMATS.get(codec, "yuv420p")
    # H.264 and H.265 hold odd sizes only with full chroma.
    return "yuv444p" if odd and wanted == "yuv420p" and codec not in _ODD_SIZES_IN_420 else wanted


def audio_codec(container: Container, source_codec: str) -> str | None:
    """'copy', an encoder to transcode with, or None where the container holds no sound."""
    if source_codec == UNKNOWN_CODEC or not container.audio:
        return None
    if container.any_audio or source_codec in container.audio:
        return "copy"
    return "libopus" if container.audio[0] == "opus" else container.audio[0]


_BITMAPS = ("hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub")


def subtitle_codec(container: Container, source_codec: str) -> str | None:
    """'copy', an encoder to convert with, or None where the container cannot hold them."""
    if source_codec in (*container.text_subtitles, *container.bitmap_subtitles):
        return "copy"
    if source_codec in (*_BITMAPS, UNKNOWN_CODEC) or not container.text_subtitles:
        return None
    return container.text_subtitles[0]


def default_output(clip: Clip, style: Path) -> Path:
    """INPUT_STYLE beside the input, in its container where that can be written, else mp4."""
    if is_sequence(clip.path):
        folder = clip.path.parent
        return folder.with_name(f"{folder.name}_{style.stem}") / "%06d.png"
    suffix = clip.path.suffix.lower()
    return clip.path.with_name(
        f"{clip.path.stem}_{style.stem}{suffix if suffix in _CONTAINERS else '.mp4'}"
    )
