"""Warp painted frames to another frame, with visibility; and fit its colors to theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidnst.frames.frame import Picture
from vidnst.motion.flow import FlowSource, View
from vidnst.motion.visibility import Visible, nearest_only, visible
from vidnst.motion.warp import warp


@dataclass(frozen=True)
class Painted:
    """A frame and its painting, both RGB uint8 (H, W, 3); number: its index, where known."""

    source: Picture
    result: Picture
    number: int | None = None

    @property
    def view(self) -> View:
        """The frame of the source."""
        return View(self.source, self.number)


def look_back(
    here: View, earlier: Sequence[Painted], flow: FlowSource
) -> tuple[np.ndarray, Visible]:
    """The paintings of earlier frames, nearest first, warped to this one, and their visibility.

    Each pixel comes from the nearest frame that shows it (Ruder et al. 2016, section 4.3), so that
    the temporal losses toward all of them are one loss. Returns float32 (H, W, 3) in 0..255, 0
    where no earlier frame shows the pixel, and a mask (H, W), 1 where one does.
    """
    found = [seen_from(here, other, flow) for other in earlier]
    weights = nearest_only([seen for _, seen in found])
    known = sum(w[..., None] * warped for w, (warped, _) in zip(weights, found, strict=True))
    return np.asarray(known), np.stack(weights).sum(0, dtype=np.float32)


def seen_from(here: View, other: Painted, flow: FlowSource) -> tuple[np.ndarray, Visible]:
    """Another frame's painting, warped to this frame, and where it is visible."""
    to_other = flow.between(here, other.view)
    seen = visible(to_other, flow.between(other.view, here))
    return warp(other.result.astype(np.float32), to_other), seen


def recolored(picture: Picture, past: Painted) -> np.ndarray:
    """The picture in the colors that an earlier frame was painted in; float32 (H, W, 3), 0..255.

    The mapping is affine, by least squares. Optimization starts from it where no earlier frame
    shows the pixel: started from the source's own colors, such areas would keep them, as the few
    steps for a film's frame change strokes more than colors.
    """

    def rows(pixels: np.ndarray) -> np.ndarray:
        flat = pixels.reshape(-1, 3).astype(np.float32)
        return np.concatenate([flat, np.ones((len(flat), 1), np.float32)], 1)

    source, result = rows(past.source)[::7], rows(past.result)[::7, :3]
    # The ridge term keeps the fit stable for frames of a single color.
    gram = source.T @ source + 1e-3 * len(source) * np.eye(4, dtype=np.float32)
    fit = np.linalg.solve(gram, source.T @ result)
    return np.asarray(np.clip(rows(picture) @ fit, 0, 255).reshape(picture.shape))
