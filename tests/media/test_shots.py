"""Where shots begin, on films made for it and on real ones."""

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from helpers.pictures import gradient_picture
from helpers.places import ROOT, SHARED
from vidnst.apps.cli.main import main
from vidnst.frames.frame import Frame
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.shots import frames_ahead, in_shots, mark_shots


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

    def source() -> Iterator[Frame]:
        nonlocal taken
        for frame in film(scenes(50)):
            taken += 1
            yield frame

    next(mark_shots(source()))
    assert taken == 3


def test_flashes_and_dissolves_are_no_cuts() -> None:
    for length in (1, 2):
        pictures = scenes(20)
        for place in range(9, 9 + length):
            pictures[place] = (pictures[place] // 4 + 190).astype(np.uint8)
        assert marked(film(pictures)) == [0]
    first, second = scenes(30), scenes(1, 30)[1:]
    shares = np.clip((np.arange(30) - 8) / 14, 0, 1)
    mixed = [(1 - s) * a + s * b for a, b, s in zip(first, second, shares, strict=True)]
    assert marked(film(mixed)) == [0]


def test_a_flash_beside_a_cut_hides_it_not() -> None:
    pictures = scenes(12, 12)
    pictures[5] = (pictures[5] // 4 + 190).astype(np.uint8)
    assert marked(film(pictures)) == [0, 12]


def test_shots_come_with_samples_spread_over_them() -> None:
    frames = list(mark_shots(film(scenes(12, 9))))
    seen = [(shot.samples, list(shot.frames)) for shot in in_shots(frames, samples=3)]
    assert [frame for _, own in seen for frame in own] == frames
    for samples, own in seen:
        middle = own[round((len(own) - 1) / 2)].picture
        for sample, wanted in zip(samples, (own[0].picture, middle, own[-1].picture), strict=True):
            assert np.array_equal(sample, wanted)
    assert list(in_shots([], samples=3)) == []


def test_a_shot_that_is_not_used_up_is_passed_over() -> None:
    frames = list(mark_shots(film(scenes(12, 9))))
    assert [next(shot.frames).pts for shot in in_shots(frames, samples=1)] == [0, 12]


def test_of_a_long_shot_no_more_is_read_than_memory_allows() -> None:
    height, width = 1080, 1920
    taken = 0

    def source() -> Iterator[Frame]:
        nonlocal taken
        picture = np.zeros((height, width, 3), np.uint8)
        for number in range(500):
            taken += 1
            yield Frame(picture, number, 1, Fraction(1, 25), opens_shot=number == 0)

    shot = next(in_shots(source(), samples=5))
    assert len(shot.samples) == 5
    assert taken == frames_ahead((height, width)) == 15
    for _ in range(5):
        next(shot.frames)
    assert taken == 19, "one comes for each that leaves"


def test_the_command_lists_shots(capsys: pytest.CaptureFixture[str]) -> None:
    clip = ROOT / "samples" / "clip.mp4"
    assert main(["shots", str(clip), "--json"]) == 0
    shots = json.loads(capsys.readouterr().out)
    assert sum(shot["frame_count"] for shot in shots) == probe(clip).frame_count
    assert len(shots) == 2
    assert shots[1]["first_frame"] == shots[0]["frame_count"]
    assert shots[1]["start_seconds"] == pytest.approx(shots[0]["seconds"], abs=1e-3)
    assert main(["shots", str(clip)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


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
