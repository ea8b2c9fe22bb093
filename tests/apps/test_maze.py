"""The figure of a maze, against known answers."""

import tracemalloc
from collections.abc import Iterable

import numpy as np
import pytest

from vidnst.apps.maze import LastQuarter, Powers, finest_powers, maze
from vidnst.frames.frame import Picture


def noise(sigma: float, seed: int) -> Picture:
    gray = np.random.default_rng(seed).normal(128, sigma, (128, 160, 1))
    return np.clip(np.round(gray), 0, 255).astype(np.uint8).repeat(3, 2)


def test_white_noise_has_its_variance_and_a_coarse_wave_nothing() -> None:
    assert finest_powers(noise(10, 0)).mean() == pytest.approx(100, rel=0.1)
    wave = 128 + 60 * np.sin(2 * np.pi * np.arange(160) / 8)
    coarse = np.broadcast_to(wave[None, :, None], (128, 160, 3)).round().astype(np.uint8)
    assert finest_powers(coarse).max() < 1


def last_quarter(frames: Iterable[Powers]) -> LastQuarter:
    shot = LastQuarter()
    for powers in frames:
        shot.see(powers)
    return shot


def test_a_maze_is_told_as_a_ratio_and_blur_is_none() -> None:
    raw = [last_quarter(finest_powers(noise(4, seed)) for seed in range(40)).mean]
    grown = [
        last_quarter(finest_powers(noise(8 if seed > 29 else 4, seed)) for seed in range(40)).mean
    ]
    assert maze(raw, raw) == 1
    told = maze(grown, raw)
    assert told == pytest.approx(4, rel=0.2)
    assert maze([np.zeros((4, 5), np.float32)], raw) is not None
    assert maze([np.zeros((0, 0), np.float32)], [np.zeros((0, 0), np.float32)]) is None


@pytest.mark.parametrize("count", [1, 3, 7, 1024, 1025, 1026, 2051, 5000])
def test_the_last_quarter_of_a_shot_of_any_length_is_what_counts(count: int) -> None:
    frames = np.arange(count * 6, dtype=np.float32).reshape(count, 2, 3)
    exact = frames[-max(1, count // 4) :].mean(0, dtype=np.float64)
    # Longer ones count to whole groups: two frames, or eight, of which half may be too many.
    atol = 1e-4 * count if count <= 1024 else 6 * 4
    np.testing.assert_allclose(last_quarter(iter(frames)).mean, exact, atol=atol)


def test_a_long_shot_needs_no_more_memory_than_a_short_one() -> None:
    frame_bytes, count = 64 * 64 * 4, 6000
    tracemalloc.start()
    shot = last_quarter(np.full((64, 64), n, np.float32) for n in range(count))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shot.mean.mean() == pytest.approx(count * 7 / 8, rel=0.001)
    assert peak < 0.4 * count * frame_bytes
