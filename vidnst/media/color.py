"""Decoded frames to RGB and back, by their color tags; HDR is tone-mapped to SDR."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation

from vidnst.frames.frame import Alpha, Picture
from vidnst.media.clip import HLG, PQ, Clip, ColorTags

Floats = npt.NDArray[np.float32]

BT709 = ColorTags(range=1, matrix=1, primaries=1, transfer=1)

LIMITED_RANGE, FULL_RANGE = 1, 2
_RGB_MATRIX = 0
_SWSCALE_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""H.273 matrix -> swscale's with the same coefficients (170M is 601; 2020 CL is nearly NCL)."""


def conversion_matrix(tags: ColorTags, size_hw: tuple[int, int]) -> int:
    """The matrix between YUV and RGB: the tagged one, else what players assume.

    That is BT.709 for high definition and BT.601 below.
    """
    if tags.matrix in _SWSCALE_MATRICES:
        return _SWSCALE_MATRICES[tags.matrix]
    return 1 if max(size_hw) >= 1280 or min(size_hw) >= 720 else 5


def result_tags(clip: Clip) -> ColorTags:
    """The tags of the painted clip: the source's, but BT.709 for sources in RGB or HDR."""
    if clip.hdr or clip.color.matrix == _RGB_MATRIX or clip.color.matrix in (8, 11, 13, 14):
        return BT709
    return clip.color


def to_rgb(frame: av.VideoFrame, tags: ColorTags, size_hw: tuple[int, int]) -> Picture:
    """Convert a decoded frame to RGB uint8 (H, W, 3) of the given size.

    Bit depth, range and matrix follow the tags. Transparent parts show black. HDR is tone-mapped.
    """
    if tags.hdr:
        return tone_map(rgb_pixels(frame, tags, size_hw, "rgb48le"), tags.transfer)
    if not has_alpha(frame.format.name):
        return rgb_pixels(frame, tags, size_hw, "rgb24")
    pixels = rgb_pixels(frame, tags, size_hw, "rgba")
    alpha = pixels[:, :, 3:].astype(np.uint16)
    return ((pixels[:, :, :3] * alpha + 127) // 255).astype(np.uint8)


def rgb_pixels(
    frame: av.VideoFrame, tags: ColorTags, size_hw: tuple[int, int], pixel_format: str
) -> npt.NDArray[Any]:
    """Convert to (H, W, channels) of the given size by the range and matrix of the tags.

    Primaries and transfer function are kept.

    pixel_format: rgb24 and rgba give uint8, rgb48le and rgba64le uint16.
    """
    height, width = size_hw
    full = tags.range == FULL_RANGE or frame.format.name.startswith("yuvj")
    shrinks = width < frame.width or height < frame.height
    converted = frame.reformat(
        width=width,
        height=height,
        format=pixel_format,
        src_colorspace=conversion_matrix(tags, (frame.height, frame.width)),
        src_color_range=FULL_RANGE if full else LIMITED_RANGE,
        dst_color_range=FULL_RANGE,
        interpolation=Interpolation.AREA if shrinks else Interpolation.BICUBIC,
    )
    return converted.to_ndarray()


def is_rgb(pixel_format: str) -> bool:
    """Whether a pixel format is RGB, to which the tags of YUV do not apply."""
    return pixel_format.startswith(("rgb", "bgr", "gbr"))


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format holds transparency."""
    return any(component.is_alpha for component in av.VideoFormat(pixel_format).components)


def from_rgb(
    picture: Picture, pixel_format: str, tags: ColorTags, *, alpha: Alpha | None = None
) -> av.VideoFrame:
    """Convert RGB uint8 (H, W, 3) to a frame for the encoder, with the given tags.

    alpha: uint8 (H, W), for pixel formats that hold it; None is opaque.
    """
    if is_rgb(pixel_format):
        return _deepened(picture, pixel_format, alpha)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    converted = frame.reformat(
        format=pixel_format,
        dst_colorspace=conversion_matrix(tags, picture.shape[:2]),
        src_color_range=FULL_RANGE,
        dst_color_range=FULL_RANGE if tags.range == FULL_RANGE else LIMITED_RANGE,
    )
    converted.colorspace = tags.matrix
    converted.color_range = tags.range
    # The ProRes encoder takes these from the frames.
    converted.color_primaries = tags.primaries
    converted.color_trc = tags.transfer
    if has_alpha(pixel_format):
        _put_alpha(converted, np.full(picture.shape[:2], 255, np.uint8) if alpha is None else alpha)
    return converted


def _deepened(picture: Picture, pixel_format: str, alpha: Alpha | None) -> av.VideoFrame:
    """To RGB of any bit depth, via 16 bits: swscale would map 8-bit white to 1020 of 1023."""
    pixels, name = picture, "rgb"
    if has_alpha(pixel_format):
        opacity = np.full(picture.shape[:2], 255, np.uint8) if alpha is None else alpha
        pixels, name = np.dstack([picture, opacity]), "rgba"
    if av.VideoFormat(pixel_format).components[0].bits <= 8:
        plain = {"rgb": "rgb24", "rgba": "rgba"}[name]
        return av.VideoFrame.from_ndarray(pixels, format=plain).reformat(format=pixel_format)
    deep = {"rgb": "rgb48le", "rgba": "rgba64le"}[name]
    wide = pixels.astype(np.uint16) * np.uint16(257)
    return av.VideoFrame.from_ndarray(wide, format=deep).reformat(format=pixel_format)


def _put_alpha(frame: av.VideoFrame, alpha: Alpha) -> None:
    """Write alpha into a planar frame, so that 255 is the highest value of any depth."""
    bits, plane = frame.format.components[3].bits, frame.planes[3]
    dtype = np.dtype(np.uint8 if bits <= 8 else "<u2")
    padded = np.zeros((plane.height, plane.line_size // dtype.itemsize), dtype)
    padded[:, : plane.width] = (alpha.astype(np.uint32) * (2**bits - 1) + 127) // 255
    plane.update(padded.tobytes())


_REFERENCE_WHITE_NITS = 203.0  # ITU-R BT.2408: where diffuse white lies in HDR
_PEAK_NITS = 1000.0

_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)


def tone_map(codes: npt.NDArray[np.uint16], transfer: int) -> Picture:
    """Tone-map BT.2020 HDR to BT.709: RGB uint16 (H, W, 3) -> RGB uint8.

    PQ and HLG as in ITU-R BT.2100; highlights are rolled off by the extended curve of Reinhard et
    al. 2002 on luminance, so that diffuse white (203 nits) stays bright and 1,000 nits map to 1.
    """
    light = _linear_light(transfer)[codes]
    luminance = light @ _BT2020_LUMINANCE
    if transfer == HLG:  # the OOTF of HLG for a screen of 1,000 nits
        light *= (luminance ** np.float32(0.2))[..., None]
        luminance = luminance ** np.float32(1.2)
        light *= _PEAK_NITS / _REFERENCE_WHITE_NITS
        luminance *= _PEAK_NITS / _REFERENCE_WHITE_NITS
    peak = _PEAK_NITS / _REFERENCE_WHITE_NITS
    mapped = (1 + luminance / peak**2) / (1 + luminance)
    screen = np.clip((light * mapped[..., None]) @ _BT2020_TO_BT709.T, 0, 1)
    encoded: Picture = np.rint(255 * screen ** np.float32(1 / 2.2)).astype(np.uint8)
    return encoded


@lru_cache
def _linear_light(transfer: int) -> Floats:
    """Code value (16 bits) -> light: for PQ in units of reference white, for HLG scene light."""
    code = np.linspace(0, 1, 65536)
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = code ** (1 / m2)
        light = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
        return (light * 10000 / _REFERENCE_WHITE_NITS).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12).astype(np.float32)


def scaled_aspect(clip: Clip, size_hw: tuple[int, int]) -> Fraction:
    """The sample aspect ratio with which a clip scaled to size_hw keeps its shape on screen."""
    (height, width), (new_height, new_width) = clip.size_hw, size_hw
    return clip.sample_aspect * Fraction(width * new_height, height * new_width)
