"""Masks read from pictures, films and numbered pictures, at the size of the frames."""

from collections.abc import Generator, Mapping
from contextlib import closing
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.errors import MediaError, UsageError
from vidnst.frames.frame import Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.names import is_sequence, numbered, sequence_numbers
from vidnst.media.pictures import is_picture, read_picture
from vidnst.options.regions import RegionStyle

Mask = npt.NDArray[np.uint8]
"""uint8 (H, W): 255 inside the region, 0 outside, in between at its edge."""

MARKED = 128
"""From this value on, a pixel belongs to the region."""
_ASPECT_TOLERANCE = 0.02
_CODEC_NOISE = 12
"""How far, in 1/255, black and white may be off in masks from lossy films."""


class MaskSource:
    """The masks of one region: of all frames, or drawn on some."""

    def __init__(
        self, path: Path, size_hw: tuple[int, int], source_hw: tuple[int, int], *, drawn: bool
    ) -> None:
        """size_hw: of the painted frames; source_hw: before they were scaled to that.

        drawn: the masks are pictures of some frames only, to be tracked. Raises MediaError and
        UsageError where they do not fit.
        """
        self.path, self._size_hw = path, size_hw
        self.is_still = is_picture(path)
        if drawn and not self.is_still and not is_sequence(path):
            raise UsageError(f"`track` carries masks drawn on a few frames, but {path} is a film")
        numbers = sequence_numbers(path) if drawn and not self.is_still else []
        self._drawn_on = {number: numbered(path, number) for number in numbers}
        """Mask files by frame number; most frames have none."""
        if drawn and self.is_still:
            self._drawn_on = {0: path}
        pictures = [path] if self.is_still else list(self._drawn_on.values())
        sizes = [read_picture(picture).shape for picture in pictures] or [probe(path).size_hw]
        own_hw = next(((s[0], s[1]) for s in sizes if not self._fits(s, source_hw)), None)
        if own_hw is not None:
            raise MediaError(
                f"{path} is {own_hw[1]}x{own_hw[0]}, another shape than the frames' "
                f"{source_hw[1]}x{source_hw[0]}"
            )

    def still(self) -> Mask:
        """The mask, where it is a still picture."""
        return _as_mask(read_picture(self.path, background=0), self._size_hw)

    def masks(self) -> Generator[Mask, None, None]:
        """Yield the mask of each frame; that of a still picture is repeated forever."""
        if self.is_still:
            yield from repeat(self.still())
            return
        noise = 0 if is_sequence(self.path) else _CODEC_NOISE
        with closing(decode(probe(self.path))) as frames:
            for frame in frames:
                yield _as_mask(frame.picture, self._size_hw, noise=noise)

    def drawn(self) -> Mapping[int, Mask]:
        """The masks by the number of their frame; a still picture is for frame 0."""
        return {
            number: _as_mask(read_picture(path, background=0), self._size_hw)
            for number, path in self._drawn_on.items()
        }

    def _fits(self, own: tuple[int, ...], source_hw: tuple[int, int]) -> bool:
        return any(_same_shape((own[0], own[1]), hw) for hw in (source_hw, self._size_hw))


def style_mask(style: RegionStyle) -> Mask | None:
    """The mask of a style picture; None uses all of it. Raises MediaError where it is empty."""
    if style.mask is None:
        return None
    picture, mask = read_picture(style.picture), read_picture(style.mask, background=0)
    own_hw = picture.shape[0], picture.shape[1]
    if not _same_shape((mask.shape[0], mask.shape[1]), own_hw):
        raise MediaError(f"`style_mask` {style.mask} is of another shape than {style.picture}")
    found = _as_mask(mask, own_hw)
    if found.max() < MARKED:
        raise MediaError(f"`style_mask` {style.mask} is empty: nothing in it is white")
    return found


def _same_shape(size_hw: tuple[int, int], other_hw: tuple[int, int]) -> bool:
    aspects = size_hw[1] / size_hw[0], other_hw[1] / other_hw[0]
    return abs(aspects[0] / aspects[1] - 1) <= _ASPECT_TOLERANCE


def _as_mask(picture: Picture, size_hw: tuple[int, int], *, noise: int = 0) -> Mask:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    clean = np.clip((gray - noise) * (255 / (255 - 2 * noise)), 0, 255)
    resized = cv2.resize(
        clean.round().astype(np.uint8),
        size_hw[::-1],
        interpolation=cv2.INTER_AREA if size_hw[0] < picture.shape[0] else cv2.INTER_LINEAR,
    )
    return np.asarray(resized, np.uint8)
