"""Decoding of picture files: upright and in sRGB."""

import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps

from vidnst.frames.frame import Picture

# No format for which Pillow runs another program, as for PostScript.
_FORMATS = (
    "PNG", "JPEG", "MPO", "WEBP", "BMP", "DIB", "TIFF", "TGA", "GIF", "AVIF", "JPEG2000", "PPM"
)  # fmt: skip
_MOST_PIXELS = 1 << 30
_ANIMATED = ("PNG", "WEBP", "GIF", "AVIF", "TIFF")
_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, OverflowError, TypeError),
    Image.DecompressionBombError,
)
_pillow_lock = threading.Lock()


def decode_picture(data: bytes, *, long_side: int | None = None) -> Picture | None:
    """Decode to RGB uint8 (H, W, 3), or RGBA (H, W, 4) where it has alpha; None where that fails.

    The result is upright, and converted to sRGB where there is a color profile. A damaged file is
    decoded as far as possible. long_side: allows a JPEG to be decoded at a reduced size, with about
    this many pixels on its longer side or more.
    """
    for truncated in (False, True):
        with _pillow(truncated=truncated), suppress(*_ERRORS), _open(data) as image:
            if long_side is not None:
                image.draft(None, (long_side, long_side))
            return _pixels(image, data)
    if (place := _precision_place(data)) is not None:
        return _decoded_by_ffmpeg(data, place)
    # OpenCV reads no JPEG that Pillow does not, and its libjpeg would print errors to stderr.
    return None if data.startswith(b"\xff\xd8") else _decoded_by_opencv(data)


def pictures_held(data: bytes) -> int:
    """The number of pictures in an animated or multi-page file; 1 also where it cannot be read."""
    with _pillow(), suppress(*_ERRORS), _open(data) as image:
        if image.format in _ANIMATED:
            return int(getattr(image, "n_frames", 1))
    return 1


def plays_of_png(data: bytes) -> int | None:
    """How often an animated PNG is to be played, 0 for forever; None for other files."""
    if not data.startswith(b"\x89PNG"):
        return None
    place = data.find(b"acTL", 0, data.find(b"IDAT") + 1)
    return int.from_bytes(data[place + 8 : place + 12], "big") if place > 0 else None


def has_twelve_bits(data: bytes) -> bool:
    """Whether this is a JPEG of more than 8 bits a channel."""
    return _precision_place(data) is not None


def _precision_place(data: bytes) -> int | None:
    """The offset of a JPEG's sample precision, if that is more than 8 bits; else None."""
    place = 2
    while data.startswith(b"\xff\xd8") and place + 5 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return place + 4 if data[place + 4] > 8 else None
        place += 2 + length
    return None


@contextmanager
def _pillow(*, truncated: bool = False) -> Iterator[None]:
    """Set Pillow's limits and silence warnings; these are global, so a lock is held."""
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = _MOST_PIXELS, truncated
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _open(data: bytes) -> Image.Image:
    Image.init()
    return Image.open(BytesIO(data), formats=[name for name in _FORMATS if name in Image.OPEN])


def _pixels(image: Image.Image, data: bytes) -> Picture:
    kind = image.format
    image.load()
    profile = image.info.get("icc_profile")
    with suppress(*_ERRORS):  # Damaged EXIF data are ignored.
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray(_in_bytes(np.asarray(image)))
    clear = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    alpha = image.convert("RGBA").getchannel("A") if clear else None
    if alpha is not None and kind in ("BMP", "DIB", "TGA"):
        unused = kind == "TGA" and len(data) > 17 and not data[17] & 0x0F
        # Many programs declare an alpha channel and leave it at 0.
        alpha = None if unused or alpha.getextrema()[1] == 0 else alpha
    if image.mode in ("RGBa", "La"):
        image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
    colors = np.asarray(_in_srgb(image, profile), np.uint8)
    return colors if alpha is None else np.dstack([colors, np.asarray(alpha, np.uint8)])


def _decoded_by_ffmpeg(data: bytes, precision_place: int) -> Picture | None:
    """Decode a JPEG of more than 8 bits a channel, of which Pillow can read only the metadata."""
    import av  # Imported late: training reads pictures without PyAV.

    of_eight = data[:precision_place] + b"\x08" + data[precision_place + 1 :]
    with suppress(av.error.FFmpegError, IndexError):
        decoder = av.VideoCodecContext.create("mjpeg", "r")
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        image = Image.fromarray(frames[0].to_ndarray(format="rgb24"))
        with _pillow(), suppress(*_ERRORS), _open(of_eight) as header:
            image.info |= header.info
        return _pixels(image, data)
    return None


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB; a profile that is damaged or for other channels is ignored."""
    if profile:
        from PIL import ImageCms

        with suppress(ImageCms.PyCMSError, *_ERRORS):
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            space = own.profile.xcolor_space.strip()
            mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
            if mode is not None and (mode == "CMYK") == (image.mode == "CMYK"):
                converted = ImageCms.profileToProfile(
                    image.convert(mode), own, ImageCms.createProfile("sRGB"), outputMode="RGB"
                )
                if converted is not None:
                    return converted
    return image.convert("RGB")


def _decoded_by_opencv(data: bytes) -> Picture | None:
    """Decode what Pillow does not: TIFF of floats, and rarer formats."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None:
        return None
    pixels = _in_bytes(np.asarray(pixels))
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.dstack([pixels.reshape(pixels.shape[:2])] * 3)
    return np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3][: pixels.shape[2]]])


def _in_bytes(pixels: npt.NDArray[np.generic]) -> Picture:
    """Convert floats in [0, 1] or 16-bit integers to uint8."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    if np.issubdtype(pixels.dtype, np.floating):
        return np.asarray(np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * 255), np.uint8)
    return np.asarray(np.clip(pixels.astype(np.int64), 0, 65535) // 257, np.uint8)
