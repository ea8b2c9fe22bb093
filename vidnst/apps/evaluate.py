"""Metrics of painted clips: temporal stability, and similarity to style and content.

Each figure follows its published formula; docs/guides/evaluation.md gives them with their sources.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from vidnst.apps.maze import LastQuarter, Powers, finest_powers
from vidnst.errors import MediaError
from vidnst.film.pipeline import ahead
from vidnst.frames.frame import Frame, Picture
from vidnst.media.clip import Clip, probe
from vidnst.media.decode import decode
from vidnst.media.pictures import read_style
from vidnst.media.shots import mark_shots
from vidnst.motion.flow import Flow, FlowFunction
from vidnst.motion.known import KnownFlow
from vidnst.motion.visibility import Visible, visible
from vidnst.motion.warp import warp
from vidnst.nets.distance import StyleJudge

INTERVALS = (1, 10)
"""The distances between compared frames, in frames."""

_LEAST_COVERAGE = 0.05
"""Pairs of frames with a smaller share of pixels visible in both are ignored."""
_JUDGED_EVERY = 10
"""The interval of frames that are compared with the style and with the scene."""


@dataclass
class Pairs:
    """Errors of the pairs of frames at one interval, in the order of the later frame.

    masked: normalized by what is visible; whole: by the whole frame. coverage: visible part.
    """

    frames: list[int] = field(default_factory=list)
    masked: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    coverage: list[float] = field(default_factory=list)


@dataclass
class Evaluation:
    """The measurements of one clip; the source itself is evaluated too, as the lower bound.

    pairs: by interval. drift: in 1/255, the mean over shots. ghost: the mean over cuts, None where
    there are none. detail: in 1/255. style and content: None where no style was given.
    finest: by shot, the finest grid's power in its last quarter, for vidnst.apps.maze.
    """

    path: Path
    pairs: dict[int, Pairs]
    drift: float
    ghost: float | None
    detail: float
    style: float | None = None
    content: float | None = None
    finest: list[Powers] = field(default_factory=list)

    def warping_error(self, interval: int = 1) -> float | None:
        """Masked and normalized (Lai et al. 2018), colors in [0, 1]; None without any pair."""
        return _mean(self.pairs[interval].masked)

    def whole_error(self, interval: int = 1) -> float | None:
        """Masked, not normalized (Ruder et al. 2016); its square root is ReReVST's metric."""
        return _mean(self.pairs[interval].whole)


@dataclass(frozen=True)
class Comparison:
    """All clips evaluated on the same flow, source first; size_hw is the size of comparison."""

    source: Evaluation
    results: list[Evaluation]
    flow: str
    size_hw: tuple[int, int]
    frame_count: int
    seconds: list[float]


def evaluate(
    source: Path,
    results: Sequence[Path],
    *,
    flow: FlowFunction,
    flow_name: str = "dis",
    known_flow: Path | None = None,
    style: Path | None = None,
    size_hw: tuple[int, int] | None = None,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
) -> Comparison:
    """Compare painted clips with their source, frame by frame, in one pass over all of them.

    flow: estimates motion in the source; known_flow: a folder of flow files to use instead (for
    interval 1 only). size_hw: to compare at; None is the size of the first result. start_seconds
    and end_seconds: the excerpt of the source that was painted.

    Raises MediaError where a clip cannot be read, or the numbers of frames differ.
    """
    clips = [probe(source), *(probe(path) for path in results)]
    size_hw = size_hw or clips[1].size_hw
    known = KnownFlow(known_flow, size_hw) if known_flow else None
    intervals = INTERVALS[:1] if known else INTERVALS
    judge = StyleJudge(read_style(style)) if style else None
    meters = [_Meter(clip.path, intervals) for clip in clips]
    seconds: list[float] = []
    past: deque[list[Picture]] = deque(maxlen=max(intervals))
    shot_start = 0
    with ExitStack() as stack:
        excerpt = decode(
            clips[0], size_hw=size_hw, start_seconds=start_seconds, end_seconds=end_seconds
        )
        films = [mark_shots(excerpt), *(decode(clip, size_hw=size_hw) for clip in clips[1:])]
        streams = [stack.enter_context(closing(ahead(film))) for film in films]
        for number, frames in enumerate(_together(streams, clips)):
            pictures = [frame.picture for frame in frames]
            seconds.append(float(frames[0].pts * frames[0].time_base))
            if frames[0].opens_shot:
                shot_start = number
            for interval in intervals:
                if number - interval < shot_start:
                    continue
                earlier = past[-interval]
                if known:
                    motion, seen = known.pair(number - interval)
                else:
                    motion = flow(earlier[0], pictures[0])
                    seen = visible(motion, flow(pictures[0], earlier[0]))
                for meter, before, now in zip(meters, earlier, pictures, strict=True):
                    meter.compare(number, interval, before, now, motion, seen)
            for meter, picture in zip(meters, pictures, strict=True):
                meter.see(picture, opens_shot=frames[0].opens_shot)
            if judge and number % _JUDGED_EVERY == 0:
                judged = judge.distances(pictures[0], pictures)
                for meter, distances in zip(meters, judged, strict=True):
                    meter.judged.append(distances)
            past.append(pictures)
    of_source, *of_results = [meter.finished(meters[0]) for meter in meters]
    return Comparison(
        of_source,
        of_results,
        "known" if known else flow_name,
        size_hw,
        len(seconds),
        seconds,
    )


def drop(error: float | None, baseline: float | None) -> float | None:
    """The relative reduction of an error from a baseline: 0.4 is 40 % less; None without either."""
    return 1 - error / baseline if error is not None and baseline else None


def ghost(before_cut: Picture, after_cut: Picture) -> float:
    """How much of the last frame before a cut is in the first one after it, RGB uint8 (H, W, 3).

    The least-squares coefficient of the first one's Laplacian in the second's, at least 0. If
    after = (1 - g) new + g before, and new is uncorrelated with before, that is g.
    """
    before, after = (_laplacian(picture).astype(np.float64) for picture in (before_cut, after_cut))
    energy = float((before * before).sum())
    return max(0.0, float((before * after).sum()) / energy) if energy else 0.0


def pair_error(before: Picture, now: Picture, motion: Flow, seen: Visible) -> tuple[float, float]:
    """The squared difference of a frame and a later one warped back to it, where visible.

    Returns its mean over the visible part, and over the whole frame; colors in [0, 1].
    """
    first, second = (picture.astype(np.float32) / np.float32(255) for picture in (before, now))
    squared = np.square(first - warp(second, motion)).mean(2)
    total = float((squared * seen).sum(dtype=np.float64))
    return total / max(float(seen.sum(dtype=np.float64)), 1e-9), total / seen.size


class _Meter:
    """Accumulates the measurements of one clip."""

    def __init__(self, path: Path, intervals: Sequence[int]) -> None:
        self._path = path
        self._pairs = {interval: Pairs() for interval in intervals}
        self._details: list[float] = []
        self._finest: list[LastQuarter] = []
        self._ghosts: list[float] = []
        self._last: Picture | None = None
        self._shots: list[tuple[np.ndarray, np.ndarray]] = []
        self.judged: list[tuple[float, float]] = []

    def see(self, picture: Picture, *, opens_shot: bool) -> None:
        self._details.append(float(np.abs(_laplacian(picture)).mean()))
        mean = picture.mean((0, 1))
        if opens_shot:
            if self._last is not None:
                self._ghosts.append(ghost(self._last, picture))
            self._shots.append((mean, mean))
            self._finest.append(LastQuarter())
        else:
            self._shots[-1] = self._shots[-1][0], mean
        self._finest[-1].see(finest_powers(picture))
        self._last = picture

    def compare(
        self,
        number: int,
        interval: int,
        before: Picture,
        now: Picture,
        motion: Flow,
        seen: Visible,
    ) -> None:
        coverage = float(seen.mean())
        if coverage < _LEAST_COVERAGE:
            return
        masked, whole = pair_error(before, now, motion, seen)
        pairs = self._pairs[interval]
        pairs.frames.append(number)
        pairs.masked.append(masked)
        pairs.whole.append(whole)
        pairs.coverage.append(coverage)

    def finished(self, source: "_Meter") -> Evaluation:
        drifts = [
            float(np.abs((last - first) - (source_last - source_first)).mean())
            for (first, last), (source_first, source_last) in zip(
                self._shots, source._shots, strict=True
            )
        ]
        return Evaluation(
            path=self._path,
            pairs=self._pairs,
            drift=_mean(drifts) or 0.0,
            ghost=_mean(self._ghosts),
            detail=_mean(self._details) or 0.0,
            style=_mean([style for style, _ in self.judged]),
            content=_mean([content for _, content in self.judged]),
            finest=[shot.mean for shot in self._finest],
        )


def _together(streams: Sequence[Iterator[Frame]], clips: Sequence[Clip]) -> Iterator[list[Frame]]:
    """The frames of all clips in step. Raises MediaError where one ends before another."""
    count = 0
    while True:
        frames = [next(stream, None) for stream in streams]
        present = [frame for frame in frames if frame is not None]
        if not present:
            return
        if len(present) < len(frames):
            short = clips[[frame is None for frame in frames].index(True)].path
            long = clips[[frame is not None for frame in frames].index(True)].path
            raise MediaError(
                f"{short} has {count} frames, but {long} has more: compare clips frame by frame "
                "(`start_seconds` and `end_seconds` give the excerpt of the source)"
            )
        yield present
        count += 1


def _laplacian(picture: Picture) -> np.ndarray:
    return cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
