"""The stabilizer on motion that is known exactly, on camera noise, and at cuts."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.known_motion import known_film, texture, warping_error
from helpers.places import ROOT, SHARED
from vidnst.errors import UsageError, WeightsError
from vidnst.film.pipeline import with_one_before
from vidnst.film.render import render
from vidnst.frames.frame import Frame, Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.pictures import read_style
from vidnst.media.shots import list_shots
from vidnst.motion.flow import View
from vidnst.motion.hold import Linker, Links, Stabilizer
from vidnst.options.render import RenderOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer


def steadied(
    pictures: list[Picture], painted: list[Picture], options: SteadyOptions
) -> list[Picture]:
    linker = Linker(options, size_hw=(painted[0].shape[0], painted[0].shape[1]))

    def linked() -> Iterator[tuple[Frame, Links | None]]:
        pairs = with_one_before(pictures)
        for index, ((before, here), result) in enumerate(zip(pairs, painted, strict=True)):
            links = None if before is None else linker.links(View(before), View(here))
            yield Frame(result, index, 1, Fraction(1, 25)), links

    return [frame.picture for frame in Stabilizer(options).steady(linked())]


def boiling(pictures: list[Picture]) -> list[Picture]:
    """As a network paints that nothing ties down: texture that is another in every frame."""
    rng = np.random.default_rng(3)
    coarse = [rng.normal(0, 24, p.shape).astype(np.float32) for p in pictures]
    return [
        np.clip(p / 2 + 64 + cv2.GaussianBlur(c, (0, 0), 1.2) * 2.5, 0, 255).astype(np.uint8)
        for p, c in zip(pictures, coarse, strict=True)
    ]


def test_flicker_falls_by_more_than_half_and_further_with_a_look_ahead() -> None:
    film = list(known_film(12))
    pictures = [frame.picture for frame in film]
    painted = boiling(pictures)
    raw = warping_error(film, painted)
    held = warping_error(film, steadied(pictures, painted, SteadyOptions()))
    ahead = warping_error(film, steadied(pictures, painted, SteadyOptions(lookahead=1)))
    assert held < 0.4 * raw
    assert ahead < 0.9 * held


@pytest.mark.parametrize("lookahead", [0, 1])
def test_no_ghost_behind_what_moved_away(lookahead: int) -> None:
    height, width, side, step = 180, 320, 60, 8
    rng = np.random.default_rng(0)
    background, square = texture(height, width, 1), texture(side, side, 2)[..., ::-1] // 2 + 90
    pictures, painted, covered = [], [], []
    for number in range(8):
        place = (slice(60, 60 + side), slice(230 - step * number, 230 - step * number + side))
        picture = background.copy()
        picture[place] = square
        # The square, and it alone, is painted white.
        result = picture // 2
        result[place] = 255
        noisy = picture + rng.normal(0, 4, picture.shape)
        pictures.append(np.clip(noisy, 0, 255).astype(np.uint8))
        painted.append(result)
        covered.append((result == 255).all(2))
    results = steadied(pictures, painted, SteadyOptions(lookahead=lookahead))
    for before, now, own, result in zip(
        covered, covered[1:], painted[1:], results[1:], strict=False
    ):
        uncovered = before & ~now
        assert np.abs(result[uncovered].astype(int) - own[uncovered]).mean() < 20


def test_a_still_picture_with_camera_noise_neither_boils_nor_drifts() -> None:
    picture = next(decode(probe(ROOT / "samples" / "clip.mp4"), size_hw=(180, 320))).picture
    rng = np.random.default_rng(5)
    pictures = [
        np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
        for _ in range(100)
    ]
    stylizer = FastStylizer(
        read_style(ROOT / "samples" / "wave.jpg"), StyleOptions(), size_hw=(180, 320)
    )
    stylizer.begin_shot(pictures[:5])
    painted = [stylizer.paint(noisy) for noisy in pictures]
    results = np.stack(steadied(pictures, painted, SteadyOptions())).astype(np.float32)
    raw = np.stack(painted).astype(np.float32)
    assert np.abs(results[-1].mean((0, 1)) - results[0].mean((0, 1))).mean() < 0.5
    assert results[20:].std(0).mean() < 0.4 * raw[20:].std(0).mean()


def test_no_maze_of_single_pixels_grows_in_a_flat_still_scene() -> None:
    rng = np.random.default_rng(7)
    flat = np.full((96, 128, 3), 128.0)
    # Painted smooth at the left, and boiling at the right: the whole frame lacks detail when held.
    boils = np.ones((96, 128, 1))
    boils[:, 64:] = 40
    marks = cv2.GaussianBlur(rng.normal(0, 35, flat.shape), (0, 0), 1.0)

    def noisy(base: np.ndarray, level: float | np.ndarray) -> Picture:
        return np.clip(base + level * rng.normal(size=base.shape), 0, 255).astype(np.uint8)

    pictures = [noisy(flat, 3) for _ in range(100)]
    painted = [noisy(flat + marks, boils) for _ in pictures]
    results = steadied(pictures, painted, SteadyOptions())
    # A quarter of a level, squared, so that what rounding leaves does not count.
    held, raw = (
        np.mean([finest(film) for film in films[-20:]], axis=0) + 1 / 16
        for films in (results, painted)
    )
    assert (held / raw).max() < 1.2


def finest(picture: Picture) -> np.ndarray:
    """Power of a grid of single pixels, of either axis or both, in each block of 32 pixels."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float)
    blocks = gray.reshape(gray.shape[0] // 32, 32, -1, 32).swapaxes(1, 2)
    # A window, so that coarser marks at a block's border do not leak into it.
    window = np.outer(np.hanning(34)[1:-1], np.hanning(34)[1:-1])
    blocks = (blocks - blocks.mean((2, 3), keepdims=True)) * window / np.sqrt((window**2).mean())
    spectrum = np.abs(np.fft.fft2(blocks)) ** 2 / 32**4
    far = np.minimum(np.arange(32), 32 - np.arange(32))
    return np.asarray(spectrum[..., np.maximum(far[:, None], far) >= 15].sum(-1))


def test_a_shot_begins_with_its_frame_as_it_was_painted() -> None:
    film = list(known_film(4))
    painted = boiling([frame.picture for frame in film])
    assert np.array_equal(
        steadied([f.picture for f in film], painted, SteadyOptions())[0], painted[0]
    )


@pytest.mark.parametrize(
    "source",
    [ROOT / "samples" / "clip.mp4", SHARED / "clips" / "variable-frame-rate.mp4"],
    ids=lambda path: path.stem,
)
def test_a_shot_starts_anew_bit_for_bit(source: Path, tmp_path: Path) -> None:
    if not source.exists():
        pytest.skip("the shared clips are not on this machine")
    style = ROOT / "samples" / "wave.jpg"
    shots = list(list_shots(probe(source)))
    assert len(shots) > 1
    shot = shots[1]

    def painted(name: str, start: float | None = None) -> Path:
        output = tmp_path / name / "%06d.png"
        output.parent.mkdir()
        render(RenderOptions(source, style, output, size="96x54", start_seconds=start))
        return output.parent

    whole, own = painted("whole"), painted("own", shot.start_seconds)
    names = sorted(path.name for path in own.iterdir())
    assert len(names) == sum(s.frame_count for s in shots[1:])
    for index in (0, 1, shot.frame_count - 1):
        in_whole = whole / f"{shot.first_frame + index + 1:06d}.png"
        assert (own / names[index]).read_bytes() == in_whole.read_bytes()


def test_options_out_of_range_are_refused() -> None:
    for wrong in ({"steady": 1.5}, {"steady": -0.1}, {"lookahead": 2}, {"flow": "farneback"}):
        with pytest.raises(UsageError):
            SteadyOptions(**wrong)


def test_raft_is_asked_for_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models.optical_flow import Raft_Small_Weights, raft_small

    weights = Raft_Small_Weights.DEFAULT

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(type(weights), "get_state_dict", offline)
    with pytest.raises(WeightsError, match="RAFT"):
        Linker(SteadyOptions(flow="raft"), size_hw=(96, 128))

    network = raft_small()
    monkeypatch.setattr(type(weights), "get_state_dict", lambda *_, **__: network.state_dict())
    pictures = [frame.picture for frame in known_film(3)]
    results = steadied(pictures, boiling(pictures), SteadyOptions(flow="raft", lookahead=1))
    assert [result.shape for result in results] == [(96, 128, 3)] * 3
