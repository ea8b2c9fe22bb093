"""The stabilizer: blend in the previous painted frame, warped, where the same thing is visible.

A network paints each frame on its own, so texture that the scene does not determine flickers. Here
the previous output is warped along the optical flow of the source and blended in where it is
visible: o + c (warp(o_before) - o) with c < 1, so that errors decay.

Averaging removes detail. With B the binomial blur, the output is sharpened to o + s (B - B B) o. B
is 0 at the Nyquist frequency of either axis, so sharpening does not amplify it, and no checkerboard
of single pixels can build up. The recursive state is sharpened less, by f (B - B B), to make up for
the blur of repeated warps. The loop gain at a frequency is then c |W| (1 + f B (1 - B)), at most
c |W| (1 + f / 4). W is the transfer function of the warp's cubic interpolation: 1 without motion,
and at half a pixel at most 1.06 over both axes. f is bounded so that the gain stays at most 1
without motion, where c is largest.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Frame, Picture
from vidnst.motion.flow import EstimatedFlow, FlowSource, View, optical_flow
from vidnst.motion.link import Link, link, seen_small
from vidnst.motion.warp import sampled_cubic
from vidnst.options.steady import FlowMethod, SteadyOptions

_MOST_HELD = 0.945
"""Share of the previous output at full steadiness; below 1, so that errors decay."""
_AHEAD = 0.5
"""Share of the next frame, which is blended in first, with lookahead."""
_DETAIL_KEPT = 0.95
"""Averaging flickering texture removes its detail; sharpening restores this share of the painted
frame's. More would make the remaining flicker visible again."""
_AROUND = np.ones((3, 3), np.uint8)
_BEYOND = (40, 40, 40, 0)
"""How far, in 1/255, a color may lie outside the range of the painted 3x3 neighborhood."""
_SHARPENING_LAG = 0.5
_MOST_SHARPENED = 4.0
_MOST_FED_BACK = 0.4


class Links(NamedTuple):
    """From a frame to the one before it; and, for lookahead, from that one to this."""

    back: Link
    forth: Link | None


class Linker:
    """Computes the links between frames; thread-safe."""

    def __init__(
        self,
        options: SteadyOptions,
        *,
        size_hw: tuple[int, int],
        flow: FlowSource | None = None,
    ) -> None:
        """size_hw: of the painted frames. flow: replaces the method that the options name.

        Raises WeightsError where RAFT's weights are missing.
        """
        self._size_hw = size_hw
        self._both_ways = options.lookahead > 0
        self._flow = flow or _estimated(options.flow)

    def links(self, before: View, here: View) -> Links:
        """Link two frames of the source, of one size."""
        before, here = (replace(v, picture=seen_small(v.picture)) for v in (before, here))
        back, forth = self._flow.between(here, before), self._flow.between(before, here)
        to_before = link(here.picture, before.picture, back, forth, self._size_hw)
        if not self._both_ways:
            return Links(to_before, None)
        ahead = link(before.picture, here.picture, forth, back, self._size_hw)
        return Links(to_before, ahead)


def _estimated(method: FlowMethod) -> FlowSource:
    if method == "raft":
        from vidnst.motion.raft import raft_flow

        return EstimatedFlow(raft_flow())
    return EstimatedFlow(partial(optical_flow, preset="fast"))


class Stabilizer:
    """Steadies painted frames, shot by shot."""

    def __init__(self, options: SteadyOptions) -> None:
        self._moving = _MOST_HELD * options.steady
        self._still = 1 - (1 - self._moving) ** 2
        # Keeps the loop gain at most 1: see the module docstring.
        self._most_fed_back = min(_MOST_FED_BACK, 4 * (1 / self._still - 1)) if self._still else 0.0
        self._lookahead = options.lookahead
        self._held: npt.NDArray[np.float32] | None = None
        self._sharpened = 0.0

    def begin_shot(self) -> None:
        """Reset the state at a cut."""
        self._held = None
        self._sharpened = 0.0

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """What the next frame depends on, to be serialized; empty at the start of a shot."""
        if self._held is None:
            return {}
        return {"held": self._held, "sharpened": np.array(self._sharpened)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        self.begin_shot()
        if "held" in state:
            self._held, self._sharpened = state["held"], float(state["sharpened"])

    def steady(self, painted: Iterator[tuple[Frame, Links | None]]) -> Generator[Frame, None, None]:
        """Yield the painted frames of one shot, stabilized; only its first frame has no links."""
        if not self._lookahead:
            for frame, links in painted:
                yield replace(frame, picture=self.hold(frame.picture, links and links.back))
            return
        # The None at the end makes pairwise yield the last frame, too.
        for now, after in pairwise(chain(painted, [None])):
            assert now is not None
            frame, links = now
            following = None
            if after is not None and after[1] is not None and after[1].forth is not None:
                following = after[0].picture, after[1].forth
            held = self.hold(frame.picture, links and links.back, following=following)
            yield replace(frame, picture=held)

    def hold(
        self,
        painted: Picture,
        to_before: Link | None,
        *,
        following: tuple[Picture, Link] | None = None,
    ) -> Picture:
        """Stabilize a painted frame, RGB uint8 (H, W, 3).

        to_before: the link to the frame of the previous call; None at the start of a shot.
        following: the next painted frame and the link to it.
        """
        blended = painted.astype(np.float32)
        if following is not None:
            picture, link_ahead = following
            ahead = _within(sampled_cubic(picture.astype(np.float32), link_ahead.places), painted)
            blended = _blended(blended, ahead, _AHEAD * link_ahead.trusted)
        if to_before is not None and self._held is not None:
            kept = self._moving + (self._still - self._moving) * to_before.still
            before = _within(sampled_cubic(self._held, to_before.places), painted)
            blended = _blended(blended, before, kept * to_before.trusted)
        elif following is None:
            self._held = blended
            return painted
        shown = self._shown(blended)
        missing = _DETAIL_KEPT * _detail(painted) / max(_detail(shown), 1e-3) - 1
        more = self._sharpened + _SHARPENING_LAG * missing
        self._sharpened = min(max(more, 0.0), _MOST_SHARPENED)
        return shown

    def _shown(self, blended: npt.NDArray[np.float32]) -> Picture:
        """Sharpen the lightness for output, and less so for the state, which is set here.

        See the module docstring. The amount, self._sharpened, is adapted by hold.
        """
        # Without a sigma, OpenCV's weights are the binomial ones: 1, 2, 1.
        soft = cv2.GaussianBlur(cv2.cvtColor(blended, cv2.COLOR_RGB2GRAY), (3, 3), 0)
        band = cv2.subtract(soft, cv2.GaussianBlur(soft, (3, 3), 0))
        band = cv2.cvtColor(band, cv2.COLOR_GRAY2RGB)
        fed_back = min(self._sharpened, self._most_fed_back)
        self._held = np.asarray(cv2.scaleAdd(band, fed_back, blended), np.float32)
        sharp = cv2.scaleAdd(band, self._sharpened, blended)
        return np.asarray(cv2.add(sharp, 0, dtype=cv2.CV_8U), np.uint8)  # type: ignore[call-overload]


def _within(warped: npt.NDArray[np.float32], painted: Picture) -> npt.NDArray[np.float32]:
    """Clamp colors to about the range of the painted neighborhood (as in TAA: Karis 2014).

    Without it, what the flow wrongly took for visible would stay as a ghost.
    """
    highest = cv2.add(cv2.dilate(painted, _AROUND), _BEYOND)  # type: ignore[call-overload]
    lowest = cv2.subtract(cv2.erode(painted, _AROUND), _BEYOND)  # type: ignore[call-overload]
    np.maximum(warped, lowest.astype(np.float32), out=warped)
    np.minimum(warped, highest.astype(np.float32), out=warped)
    return warped


def _blended(
    own: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    share_small: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """own + share (other - own), share in [0, 1], of any size."""
    share = cv2.resize(share_small, (own.shape[1], own.shape[0]))
    return np.asarray(cv2.blendLinear(own, other, 1 - share, share), np.float32)


def _detail(picture: Picture) -> float:
    """Mean absolute Laplacian of the lightness, in 1/255."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.norm(cv2.Laplacian(gray, cv2.CV_16S), cv2.NORM_L1) / gray.size
