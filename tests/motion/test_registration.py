"""How a painting lies on its frame: shifts and scales are found, and wild paintings left alone."""

import cv2
import numpy as np
import pytest

from helpers.painted_film import painted_film
from vidnst.frames.frame import Picture
from vidnst.motion.registration import Placement, place

HW = (180, 320)


@pytest.fixture(scope="module")
def pair() -> tuple[Picture, Picture]:
    """A scene, and its painting: other colors, outlines and hatching."""
    scenes, truth = painted_film(1, HW, seed=4)
    return scenes[0], truth[0]


def laid(painting: Picture, matrix: list[list[float]]) -> Picture:
    moved = cv2.warpAffine(
        painting, np.array(matrix, np.float32), HW[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)


def hatched(painting: Picture) -> Picture:
    y, x = np.mgrid[: HW[0], : HW[1]]
    return np.where(((x + y) % 9 < 3)[..., None], painting // 2, painting)


def lines_of(scene: Picture, *, beside_px: int = 0) -> Picture:
    """Outlines alone, black on white."""
    edges = cv2.dilate(cv2.Canny(cv2.GaussianBlur(scene, (0, 0), 2), 30, 70), np.ones((2, 2)))
    edges = np.roll(edges, beside_px, (0, 1))
    return np.where(edges[..., None] > 0, np.uint8(20), np.full_like(scene, 255))


@pytest.mark.parametrize(("right", "down"), [(5, 0), (-4, 3), (9, -7)])
def test_a_shift_is_found(pair: tuple[Picture, Picture], right: int, down: int) -> None:
    scene, painting = pair
    for wild in (painting, 255 - painting, hatched(painting), lines_of(scene)):
        shifted = laid(wild, [[1, 0, right], [0, 1, down]])
        found = place(shifted, scene)
        assert found.is_off
        assert (found.scale_x, found.scale_y) == (1, 1)
        assert abs(found.right_px - right) <= 1
        assert abs(found.down_px - down) <= 1
        inner = np.s_[12:-12, 12:-12]
        apart = np.abs(found.undone(shifted)[inner].astype(int) - wild[inner]).mean()
        assert apart < 0.7 * np.abs(shifted[inner].astype(int) - wild[inner]).mean()


def test_a_crop_that_was_enlarged_again_is_found(pair: tuple[Picture, Picture]) -> None:
    scene, painting = pair
    cropped = cv2.resize(painting[4:, 8:], HW[::-1], interpolation=cv2.INTER_AREA)
    found = place(np.asarray(cropped, np.uint8), scene)
    assert found.is_off
    assert found.scale_x == pytest.approx(HW[1] / (HW[1] - 8), abs=0.01)
    assert found.scale_y == pytest.approx(HW[0] / (HW[0] - 4), abs=0.01)
    assert "as wide" in str(found)


def test_a_painting_that_lies_right_stays_however_wild(pair: tuple[Picture, Picture]) -> None:
    scene, painting = pair
    soft = np.asarray(cv2.GaussianBlur(painting, (0, 0), 4), np.uint8)
    drawn = np.minimum(painting, lines_of(scene, beside_px=2))
    for wild in (painting, 255 - painting, hatched(painting), lines_of(scene), soft, drawn):
        found = place(wild, scene)
        assert not found.is_off
        assert not found.is_strange


def test_what_has_no_edges_is_not_judged(pair: tuple[Picture, Picture]) -> None:
    scene, _ = pair
    red = np.full_like(scene, (250, 30, 30))
    assert place(red, scene) == place(scene, red) == Placement()
    assert not place(red, scene).is_strange
    assert not place(red, scene).is_off


def test_a_painting_of_another_frame_is_known_by_that_frame(pair: tuple[Picture, Picture]) -> None:
    scene, painting = pair
    other, _ = painted_film(1, HW, seed=5)
    own, elsewhere = place(painting, scene), place(painting, other[0])
    assert elsewhere.is_strange
    assert elsewhere.surely_rather(own)
    assert not own.surely_rather(elsewhere)
    noise = np.random.default_rng(0).integers(0, 256, scene.shape).astype(np.uint8)
    unlike = place(noise, scene)
    assert unlike.is_strange
    assert not unlike.is_off
    assert not unlike.surely_rather(place(noise, other[0]))
