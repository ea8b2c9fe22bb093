"""Reading and writing of still pictures."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.errors import MediaError, OutputError
from vidnst.frames.frame import Alpha, Picture
from vidnst.frames.resize import resize
from vidnst.media.names import is_sequence
from vidnst.media.picture_files import (
    decode_picture,
    has_twelve_bits,
    pictures_held,
    plays_of_png,
)
from vidnst.media.places import cannot_write
from vidnst.media.whole import whole_file

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")

_STYLE_LONG_SIDE = 2048


def is_picture(path: Path) -> bool:
    """Whether this is a still picture by its ending, and no pattern of numbered ones."""
    return path.suffix.lower() in PICTURE_ENDINGS and not is_sequence(path)


def is_animated_png(path: Path) -> bool:
    """Whether a file is an animated PNG, which FFmpeg reads as a film."""
    try:
        return plays_of_png(path.read_bytes()) is not None
    except OSError:  # Its reader reports the error.
        return False


def read_picture(path: Path, *, long_side: int | None = None, background: int = 255) -> Picture:
    """Read a picture as sRGB uint8 (H, W, 3), upright, composited over a gray background.

    long_side: shrink a larger picture to this many pixels on its longer side. background: 0..255,
    white by default.

    Raises MediaError where the file is missing or is no picture.
    """
    pixels = _pixels(path, long_side)
    if pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:].astype(np.float32) / 255
        pixels = np.rint(pixels[:, :, :3] * alpha + background * (1 - alpha)).astype(np.uint8)
    if long_side is not None and max(pixels.shape[:2]) > long_side:
        scale = long_side / max(pixels.shape[:2])
        height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
        pixels = resize(np.asarray(pixels, np.uint8), (height, width))
    return np.array(pixels, np.uint8)  # Those of Pillow are read-only.


def read_layer(path: Path, size_hw: tuple[int, int]) -> tuple[Picture, Alpha | None]:
    """Read a picture, resized, RGB uint8 (H, W, 3), and its opacity; None where all is opaque.

    Raises MediaError where the file is missing or is no picture.
    """
    pixels = _pixels(path, None)
    picture = resize(np.array(pixels[:, :, :3], np.uint8), size_hw)
    if pixels.shape[2] == 3 or pixels[:, :, 3].min() == 255:
        return picture, None
    return picture, resize(np.repeat(pixels[:, :, 3:], 3, 2), size_hw)[:, :, 0]


def _pixels(path: Path, long_side: int | None) -> npt.NDArray[np.uint8]:
    """A picture as sRGB (H, W, 3), or (H, W, 4) with transparency. Raises MediaError."""
    if not path.exists():
        raise MediaError(f"{path}: no such file")
    if path.is_dir():
        raise MediaError(f"{path} is a folder, not a picture")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}") from error
    pixels = decode_picture(data, long_side=long_side)
    if pixels is None:
        why = "12 bits a channel in a JPEG" if has_twelve_bits(data) else "or is damaged"
        raise MediaError(f"{path} cannot be read as a picture ({why})")
    return pixels


def notes_on(paths: Iterable[Path]) -> tuple[str, ...]:
    """Notes for the user on pictures of which only the first is read, as of animations."""
    counts = [(path, picture_count(path)) for path in paths]
    return tuple(f"{path} holds {n} pictures: the first is taken" for path, n in counts if n > 1)


def picture_count(path: Path) -> int:
    """The number of pictures in a file; 1 also where it cannot be read."""
    try:
        return pictures_held(path.read_bytes())
    except OSError:
        return 1


def style_files(path: Path) -> tuple[Path, ...]:
    """The pictures of a style: the file itself, or all pictures in a folder, sorted by name.

    Raises MediaError for a folder without any.
    """
    if not path.is_dir():
        return (path,)
    files = [file for file in path.iterdir() if is_picture(file) and not file.name.startswith(".")]
    if not files:
        raise MediaError(
            f"{path} is a folder without pictures ({', '.join(PICTURE_ENDINGS)}) to paint like"
        )
    return tuple(sorted(files))


def read_style(path: Path) -> Picture:
    """Read a style picture; one larger than any stylizer uses is shrunk."""
    return read_picture(path, long_side=_STYLE_LONG_SIDE)


def fitted(picture: Picture, size_hw: tuple[int, int]) -> Picture:
    """Center-crop RGB uint8 (H, W, 3) to the aspect ratio of size_hw, and resize it to that."""
    height, width = picture.shape[:2]
    scale = min(height / size_hw[0], width / size_hw[1])
    rows, columns = (round(side * scale) for side in size_hw)
    top, left = (height - rows) // 2, (width - columns) // 2
    kept = np.ascontiguousarray(picture[top : top + rows, left : left + columns])
    return resize(kept, size_hw)


def write_picture(path: Path, picture: Picture) -> None:
    """Write RGB uint8 (H, W, 3), in the format of the path's ending.

    Raises OutputError where it cannot be written.
    """
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95] if path.suffix.lower() in (".jpg", ".jpeg") else []
    done, data = cv2.imencode(path.suffix.lower(), picture[:, :, ::-1], quality)
    if not done:
        raise OutputError(f"{path} cannot be encoded as {path.suffix}")
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise cannot_write(path, error) from error


def write_whole_picture(path: Path, picture: Picture) -> None:
    """Write a picture as write_picture does, atomically. Raises OutputError."""
    try:
        with whole_file(path) as part:
            write_picture(part, picture)
    except OSError as error:
        raise cannot_write(path, error) from error
