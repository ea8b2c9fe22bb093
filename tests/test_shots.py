"""Where shots begin, on films made for it and on real ones."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from conftest import SHARED, gradient_picture

from vidnst.frames import Frame
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.shots import mark_shots


def film(pictures: list[np.ndarray]) -> list[Frame]:
    return [Frame(p.astype(np.uint8), i, 1, Fraction(1, 25)) for i, p in enumerate(pictures)]


def marked(frames: list[Frame]) -> list[int]:
    out = list(mark_shots(frames))
    assert [replace(f, opens_shot=False) for f in out] == frames
    return [i for i, f in enumerate(out) if f.opens_shot]


def scenes(*lengths: int) -> list[np.ndarray]:
    pictures = [gradient_picture(72, 128), 255 - gradient_picture(72, 128)[:, ::-1]]
    return [
        np.roll(pictures[n % 2], 2 * i, 1)
        for n, length in enumerate(lengths)
        for i in range(length)
    ]


@pytest.mark.parametrize(
    ("lengths", "cuts"),
    [((12,), [0]), ((12, 9), [0, 12]), ((6, 1), [0, 6]), ((1, 6), [0, 1]), ((7, 5, 6), [0, 7, 12])],
)
def test_cuts_are_found_to_the_frame(lengths: tuple[int, ...], cuts: list[int]) -> None:
    assert marked(film(scenes(*lengths))) == cuts


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_short_clips_come_through(length: int) -> None:
    assert marked(film(scenes(12)[:length])) == [0][:length]


def test_it_streams() -> None:
    taken = 0

    def source():  # type: ignore[no-untyped-def]
        nonlocal taken
        for frame in film(scenes(50)):
            taken += 1
            yield frame

    next(mark_shots(source()))
    assert taken == 3


@pytest.mark.skipif(not SHARED.exists(), reason="the shared clips are not on this machine")
@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("variable-frame-rate.mp4", [0, 60, 140]),
        ("rollercoaster.mp4", [0]),
        ("rotated.mp4", [0, 90, 210]),
    ],
)
def test_cuts_of_real_clips(name: str, cuts: list[int]) -> None:
    frames = decode(probe(SHARED / "clips" / name), size_hw=(90, 160))
    assert [i for i, frame in enumerate(mark_shots(frames)) if frame.opens_shot] == cuts
