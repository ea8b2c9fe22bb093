"""The figure of a maze, against known answers."""

import numpy as np
import pytest

from vidnst.frames import Picture
from vidnst.maze import finest_powers, maze


def noise(sigma: float, seed: int) -> Picture:
    gray = np.random.default_rng(seed).normal(128, sigma, (128, 160, 1))
    return np.clip(np.round(gray), 0, 255).astype(np.uint8).repeat(3, 2)


def test_white_noise_has_its_variance_and_a_coarse_wave_nothing() -> None:
    assert finest_powers(noise(10, 0)).mean() == pytest.approx(100, rel=0.1)
    wave = 128 + 60 * np.sin(2 * np.pi * np.arange(160) / 8)
    coarse = np.broadcast_to(wave[None, :, None], (128, 160, 3)).round().astype(np.uint8)
    assert finest_powers(coarse).max() < 1


def test_a_maze_is_told_as_a_ratio_and_blur_is_none() -> None:
    raw = [[finest_powers(noise(4, seed)) for seed in range(40)]]
    grown = [[finest_powers(noise(8 if seed > 29 else 4, seed)) for seed in range(40)]]
    assert maze(raw, raw) == 1
    told = maze(grown, raw)
    assert told == pytest.approx(4, rel=0.2)
    assert maze([[np.zeros((4, 5), np.float32)]], raw) is not None
    assert maze([[np.zeros((0, 0), np.float32)]], [[np.zeros((0, 0), np.float32)]]) is None
