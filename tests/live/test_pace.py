"""Holding a rate live: pace, figures, and statistics that follow."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from helpers.live_session import eventually
from helpers.pictures import gradient_picture
from vidnst.live.metrics import Figures
from vidnst.live.pace import LEVELS, Beat, Pace
from vidnst.live.painter import LivePainter
from vidnst.live.stylizers import in_styles
from vidnst.media.pictures import read_style
from vidnst.options.compute import ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer


def test_statistics_follow_slowly_and_start_anew_when_told(style: Path) -> None:
    size_hw = (72, 128)
    day = gradient_picture(*size_hw)
    night = (day // 5).astype(np.uint8)
    fast = FastStylizer(read_style(style), StyleOptions(), size_hw=size_hw)

    def painted_after(*steps: tuple[np.ndarray, float]) -> np.ndarray:
        for sample, share in steps:
            fast.follow(sample, share=share)
        return fast.paint(night).astype(int)

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a - b).mean())

    as_day, as_night = painted_after((day, 1)), painted_after((night, 1))
    fast.begin_shot([night])
    assert np.array_equal(fast.paint(night), as_night)
    whole = apart(as_day, as_night)
    little = painted_after((day, 1), (night, 0.15))
    more = painted_after(*9 * [(night, 0.15)])
    assert 0 < apart(little, as_day) < apart(little, as_night)
    assert apart(more, as_night) < 0.5 * apart(little, as_night) <= 0.5 * whole
    assert np.array_equal(painted_after((night, 1)), as_night)


def test_a_new_shot_has_its_own_statistics_soon(style: Path) -> None:
    day = gradient_picture(72, 128)
    night = (day // 5).astype(np.uint8)
    by_torch = ComputeOptions(backend="torch")
    fast = FastStylizer(read_style(style), StyleOptions(), by_torch, size_hw=(72, 128))
    fast.begin_shot([night])
    made = in_styles([style], StyleOptions(), size_hw=(72, 128))
    with LivePainter(made, StyleOptions(), first=day) as painter:
        assert not np.array_equal(painter.paint(night).shown(), fast.paint(night))
        painter.begin_shot()
        eventually(lambda: np.array_equal(painter.paint(night).shown(), fast.paint(night)))


def test_a_level_paints_smaller_at_once_and_fills_the_frame(style: Path) -> None:
    picture = gradient_picture(144, 256)
    made = in_styles([style], StyleOptions(), size_hw=(144, 256))
    with LivePainter(made, StyleOptions(), first=picture) as painter:
        whole = painter.paint(picture).shown()
        painter.change_level(LEVELS[-1])
        small = painter.paint(picture).shown()
        assert painter.inner_hw == (43, 77)
        painter.change_level(LEVELS[0])
        painter.paint(picture)
        assert painter.inner_hw == (144, 256)
    assert small.shape == whole.shape
    assert np.abs(small.astype(int) - whole).mean() < 60


def test_the_pace_goes_down_under_load_and_up_again_without_swinging() -> None:
    pace = Pace(24)

    def work(seconds: float, fixed: float, full: float) -> list[float]:
        scales = []
        for _ in range(round(24 * seconds)):
            painting = full * pace.level.scale**2
            pace.add(fixed + painting, painting_seconds=painting)
            scales.append(pace.level.scale)
        return scales

    assert set(work(5, 0.008, 0.022)) == {1.0}
    slow = work(60, 0.008, 0.060)
    assert slow[-1] == 0.6
    # It tries the larger size again now and then, ever more seldom.
    assert sum(a != b for a, b in pairwise(slow[600:])) <= 4
    assert work(90, 0.008, 0.022)[-1] == 1.0


def test_one_long_pause_does_not_change_the_size() -> None:
    pace = Pace(24)
    for busy in [*20 * [0.028], 2.0, *40 * [0.028]]:
        assert not pace.add(busy, painting_seconds=busy - 0.008)


@pytest.mark.parametrize(("camera_fps", "shown"), [(30, 240), (60, 240), (24, 240), (15, 150)])
def test_the_beat_lets_as_many_through_as_are_wanted(camera_fps: int, shown: int) -> None:
    beat = Beat(24)
    generator = np.random.default_rng(0)
    times = np.arange(10 * camera_fps) / camera_fps + generator.uniform(0, 0.004, 10 * camera_fps)
    assert abs(sum(beat.takes(t) for t in times) - shown) <= 2


def test_frames_lost_in_a_pause_are_made_up_for() -> None:
    beat = Beat(24)
    times = [i / 30 for i in range(300) if not 60 <= i < 72]
    taken = [t for t in times if beat.takes(t)]
    assert abs(len(taken) - 240) <= 2
    hole = Beat(24)
    after = [t for t in range(1000, 1300) if hole.takes(t / 30 if t < 1100 else 600 + t / 30)]
    assert len(after) <= 240 + 14


def test_figures_tell_percentiles_and_the_rate() -> None:
    figures = Figures()
    for i in range(200):
        figures.add(i / 24, i / 24 + (0.2 if i % 10 == 0 else 0.03))
    assert figures.percentile_ms(50) == 30
    assert figures.percentile_ms(95) == 200
    assert figures.fps == pytest.approx(24, rel=0.1)
    assert figures.shown == 200
