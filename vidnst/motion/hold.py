"""The stabilizer: hold what was painted a frame ago where the same thing is still to be seen.

A network paints each frame on its own, and texture that nothing in the scene ties down boils. Here
the frame painted before is brought along the flow of the source and blended in where it is visible:
o + c (warp(o_before) - o) with c < 1, so that what went wrong once is forgotten.

Averaging takes detail away. With B the binomial blur, what is shown is o + s (B - B B) o: B is 0 at
the finest frequency of either axis, so that sharpening leaves this as it is, and no grid of single
pixels can grow of it. What is held is sharpened less, by f (B - B B): else each warp would blur it
more. The loop's gain at a frequency is then c |W| (1 + f B (1 - B)), at most c |W| (1 + f / 4); W
is the transfer function of the warp's cubic sample: 1 where nothing moves, and at half a pixel at
most 1.06 over both axes. f is bounded so that nothing grows where nothing moves and c is largest.
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
"""Of the frame before, at full steadiness: the rest keeps errors from staying."""
_AHEAD = 0.5
"""How much of the next frame is blended in before, where one may look ahead."""
_DETAIL_KEPT = 0.95
"""Averaging what boils takes its detail away; so much of what was painted is given back, as more
would make the remaining flicker visible again."""
_AROUND = np.ones((3, 3), np.uint8)
_BEYOND = (40, 40, 40, 0)
"""How far, in 1/255, a color may lie outside the range of those painted around."""
_SHARPENING_LAG = 0.5
_MOST_SHARPENED = 4.0
_MOST_FED_BACK = 0.4


class Links(NamedTuple):
    """From a frame to the one before it; and, to look ahead, from that one to this."""

    back: Link
    forth: Link | None


class Linker:
    """Finds the links between frames; of use to many threads at once."""

    def __init__(
        self,
        options: SteadyOptions,
        *,
        size_hw: tuple[int, int],
        flow: FlowSource | None = None,
    ) -> None:
        """size_hw: of the painted frames. flow: in place of what the options name.

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
        # No gain above 1: see above.
        self._most_fed_back = min(_MOST_FED_BACK, 4 * (1 / self._still - 1)) if self._still else 0.0
        self._lookahead = options.lookahead
        self._held: npt.NDArray[np.float32] | None = None
        self._sharpened = 0.0

    def begin_shot(self) -> None:
        """Forget all that was painted before."""
        self._held = None
        self._sharpened = 0.0

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """What holding the next frame depends on."""
        if self._held is None:
            return {}
        return {"held": self._held, "sharpened": np.array(self._sharpened)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from a state that `state` gave."""
        self.begin_shot()
        if "held" in state:
            self._held, self._sharpened = state["held"], float(state["sharpened"])

    def steady(self, painted: Iterator[tuple[Frame, Links | None]]) -> Generator[Frame, None, None]:
        """Yield the painted frames of one shot, each given with its links but a shot's first."""
        if not self._lookahead:
            for frame, links in painted:
                yield replace(frame, picture=self.hold(frame.picture, links and links.back))
            return
        # None after the last frame lets the one before it out.
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
        """A painted frame, RGB uint8 (H, W, 3), steadied.

        to_before: its link to the frame given the last time; None where there is none. following:
        the next painted frame and the link to it.
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
        """Give back detail of the lightness, but none at the finest frequency; hold less of it.

        How much follows slowly what is missing of that of the painted.
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
    """Bring colors near the range of those painted around (Karis 2014 does so in games).

    What the flow took for visible, and was not, would stay as a ghost.
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
