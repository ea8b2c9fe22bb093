"""Encoders: what users call them, and the settings and pixel formats that suit them."""

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext

from vidnst.errors import UsageError
from vidnst.media.color import has_alpha, is_rgb
from vidnst.options.output import EncodeOptions

_SHORT_NAMES = {
    "h264": "libx264",
    "h265": "libx265",
    "hevc": "libx265",
    "vp9": "libvpx-vp9",
    "vp8": "libvpx",
    "av1": "libsvtav1",
    "prores": "prores_ks",
    "prores4444": "prores_ks",
    "dnxhr": "dnxhd",
}
_DEFAULTS: dict[str, dict[str, str]] = {
    # Without cpu-independent, x264 takes shortcuts that differ between processors, and with AVX-512
    # rarely from run to run.
    "libx264": {"crf": "18", "preset": "veryfast", "x264-params": "cpu-independent=1"},
    "libx265": {"crf": "20", "preset": "medium", "x265-params": "log-level=error"},
    "libvpx-vp9": {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
    "libvpx": {"crf": "10", "b": "4M", "deadline": "good", "cpu-used": "4"},
    "libsvtav1": {"crf": "26", "preset": "8", "svtav1-params": "fast-decode=0"},
    "mpeg4": {"qscale": "3"},
    # Video editors expect Apple's vendor tag.
    "prores_ks": {"vendor": "apl0"},
}
_CRF = {
    "libx264": (0, 51),
    "libx265": (0, 51),
    "libvpx-vp9": (0, 63),
    "libvpx": (4, 63),
    "libsvtav1": (0, 63),
}
"""The range of crf of each encoder, inclusive."""
_SPEEDS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    "placebo",
)  # fmt: skip
_PRESETS = {
    "libx264": _SPEEDS,
    "libx265": _SPEEDS,
    "libsvtav1": tuple(str(speed) for speed in range(14)),
}
_PROFILES = {
    "prores_ks": {"yuv422p10le": "hq", "yuv444p10le": "4444", "yuva444p10le": "4444"},
    "dnxhd": {
        "yuv422p": "dnxhr_hq",
        "yuv422p10le": "dnxhr_hqx",
        "yuv444p10le": "dnxhr_444",
        "gbrp10le": "dnxhr_444",
    },
}
"""Encoder -> pixel format -> profile."""
_DNXHR_SMALLEST_HW = (120, 256)
_ODD_SIZES_IN_420 = {"libvpx-vp9", "libvpx", "libsvtav1", "mpeg4", "ffv1"}
_PIXEL_FORMATS = {
    "gif": "rgb8",
    "png": "rgb24",
    "tiff": "rgb24",
    "dpx": "gbrp10be",
    "prores_ks": "yuv422p10le",
    "dnxhd": "yuv422p",
}
_PRORES_4444 = ("yuva444p10le", "yuv444p10le")
_TRANSPARENT_FORMATS = {"png": "rgba", "tiff": "rgba", "dpx": "rgba", "ffv1": "bgra"}
"""Default pixel formats for transparent sources."""
_TRANSPARENT = (*_TRANSPARENT_FORMATS, "prores_ks")
"""Codecs whose transparency other programs can read."""


def encoder_named(asked: str) -> str:
    """FFmpeg's name of an encoder, given that name or the codec's.

    Raises UsageError where there is none, or it needs an NVIDIA GPU or driver that is missing.
    """
    codec = _SHORT_NAMES.get(asked.lower(), asked.lower())
    try:
        found = av.codec.Codec(codec, "w")
    except ValueError:
        raise UsageError(f"there is no encoder named {asked!r} here") from None
    if found.type != "video":
        raise UsageError(f"{asked!r} does not encode pictures")
    if codec.endswith("_nvenc") and not _opens(codec):
        raise UsageError(f"{asked} needs an NVIDIA graphics card and its driver")
    return codec


def _opens(codec: str) -> bool:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = 256, 256
    context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 25)
    try:
        context.open()
    except (OSError, ValueError, av.error.FFmpegError):
        return False
    return True


def settings_of(codec: str, options: EncodeOptions, pixel_format: str) -> dict[str, str]:
    """The encoder's own options. Raises UsageError for one that it does not have."""
    settings = dict(_DEFAULTS.get(codec, {}))
    if options.crf is not None:
        if "crf" not in settings:
            raise UsageError(f"`crf` does not apply to {codec}")
        low, high = _CRF[codec]
        if not low <= options.crf <= high:
            raise UsageError(f"`crf` is {options.crf:g}, but must lie in {low}..{high} for {codec}")
        settings["crf"] = f"{options.crf:g}"
    if options.preset is not None:
        if "preset" not in settings:
            raise UsageError(f"`preset` does not apply to {codec}")
        if options.preset not in (known := _PRESETS.get(codec, (options.preset,))):
            raise UsageError(
                f"`preset` is {options.preset!r}, but must be one of {', '.join(known)}"
            )
        settings["preset"] = options.preset
    if codec in _PROFILES:
        settings["profile"] = _PROFILES[codec][pixel_format]
    return settings


def pixel_format_of(
    codec: str, options: EncodeOptions, size_hw: tuple[int, int], *, transparent: bool
) -> str:
    """The pixel format asked for, or the one that suits the codec, the size and the source.

    Raises UsageError where the codec does not encode it.
    """
    if codec == "dnxhd" and (
        size_hw[0] < _DNXHR_SMALLEST_HW[0] or size_hw[1] < _DNXHR_SMALLEST_HW[1]
    ):
        raise UsageError(f"dnxhr needs 256x120 pixels or more, not {size_hw[1]}x{size_hw[0]}")
    odd = bool(size_hw[0] % 2 or size_hw[1] % 2)
    name = (options.codec or codec).lower()
    if options.pix_fmt is not None:
        _require_pixel_format(name, codec, options.pix_fmt)
        if odd and "420" in options.pix_fmt and codec not in _ODD_SIZES_IN_420:
            raise UsageError(
                f"{codec} cannot encode {size_hw[1]}x{size_hw[0]} as {options.pix_fmt}: "
                "its sides must be even (`size`), or take yuv444p"
            )
        return options.pix_fmt
    if name == "prores4444":
        return _PRORES_4444[0]
    if transparent and codec in _TRANSPARENT_FORMATS:
        return _TRANSPARENT_FORMATS[codec]
    wanted = _PIXEL_FORMATS.get(codec, "yuv420p")
    # H.264 and H.265 hold odd sizes only with full chroma.
    return "yuv444p" if odd and wanted == "yuv420p" and codec not in _ODD_SIZES_IN_420 else wanted


def _require_pixel_format(name: str, codec: str, asked: str) -> None:
    offered = {f.name for f in av.codec.Codec(codec, "w").video_formats or ()}
    if codec in ("png", "tiff", "dpx"):  # their gray and YUV formats carry no color range
        offered = {known for known in offered if is_rgb(known)}
    if codec not in _TRANSPARENT:
        offered = {known for known in offered if not has_alpha(known)}
    offered &= set(_PROFILES.get(codec, offered))
    if name == "prores4444":
        offered &= set(_PRORES_4444)
    if asked in offered:
        return
    if _is_transparent(asked):
        raise UsageError(
            f"{name} cannot hold transparency as {asked!r}; what can: `codec=prores4444` in .mov, "
            "ffv1 (bgra) in .mkv, numbered .png and .tif (rgba)"
        )
    raise UsageError(
        f"{name} cannot encode the pixel format {asked!r}; it takes {', '.join(sorted(offered))}"
    )


def _is_transparent(asked: str) -> bool:
    try:
        return has_alpha(asked)
    except ValueError:  # there is no such pixel format at all
        return False
