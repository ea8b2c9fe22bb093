"""Training pictures: a folder or a tar of them, as one tensor of squares."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import TrainingError
from vidnst.media.pictures import is_picture

_LARGEST_SIDE = 384

PHOTO_SPANS = (2 / 3, 4 / 3)
"""The range of a photo crop's side before it is resized, in units of its size."""


def _encoded_pictures(source: Path) -> Iterator[bytes]:
    if source.is_dir():
        for path in sorted(filter(is_picture, source.rglob("*"))):
            yield path.read_bytes()
        return
    try:
        with tarfile.open(source) as archive:
            members = (m for m in archive if m.isfile() and is_picture(Path(m.name)))
            for member in members:
                file = archive.extractfile(member)
                if file is not None:
                    yield file.read()
    except (OSError, tarfile.TarError) as error:
        raise TrainingError(
            f"{source} is neither a folder nor a tar of pictures: {error}"
        ) from error


def load_squares(source: Path, side: int | None) -> Tensor:
    """Load every picture of a folder or tar as a centered square: uint8 RGB (N, 3, side, side).

    side: None for the median of their short sides, so that few are enlarged, but 384 at most.
    Pictures that cannot be decoded are left out. Raises TrainingError where none is left.
    """
    squares = []
    for data in _encoded_pictures(source):
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            continue
        height, width = bgr.shape[:2]
        short = min(height, width)
        top, left = (height - short) // 2, (width - short) // 2
        square = bgr[top : top + short, left : left + short]
        squares.append(_scaled(square, side or min(short, _LARGEST_SIDE)))
    if not squares:
        raise TrainingError(f"no readable picture in {source}")
    side = side or int(np.median([len(square) for square in squares]))
    return torch.stack(
        [
            torch.from_numpy(_scaled(square, side)[:, :, ::-1].copy()).permute(2, 0, 1)
            for square in squares
        ]
    )


def _scaled(square: np.ndarray, side: int) -> np.ndarray:
    if len(square) == side:
        return square
    smaller = cv2.INTER_AREA if len(square) > side else cv2.INTER_CUBIC
    return cv2.resize(square, (side, side), interpolation=smaller)


def as_float(pictures: Tensor) -> Tensor:
    """uint8 (…) in 0..255 -> float32 in [0, 1]."""
    return pictures.float() / 255


def random_crops(
    squares: Tensor,
    indices: np.ndarray,
    size: int,
    rng: np.random.Generator,
    *,
    spans: tuple[float, float] = (1.0, 1.25),
) -> Tensor:
    """Crops of the chosen pictures: float (B, 3, size, size) in [0, 1], mirrored half of the time.

    spans: the range of a crop's side before it is resized, in units of size, limited by the
    picture's. Below 1 the crop is enlarged.
    """
    side = squares.shape[-1]
    low, high = (min(side, round(span * size)) for span in spans)
    crops = []
    for index in indices:
        span = int(rng.integers(low, high + 1))
        top, left = rng.integers(0, side - span + 1, 2)
        crop = as_float(squares[int(index), :, top : top + span, left : left + span])[None]
        if span > size:
            crop = F.interpolate(crop, (size, size), mode="bilinear", antialias=True)
        elif span < size:
            crop = F.interpolate(crop, (size, size), mode="bicubic", align_corners=False)
        crops.append(crop.flip(3) if rng.random() < 0.5 else crop)
    return torch.cat(crops).clamp(0, 1)
