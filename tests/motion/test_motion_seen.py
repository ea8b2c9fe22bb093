"""Flow, warping and visibility on motion that is known exactly."""

import numpy as np

from vidnst.frames.frame import Picture
from vidnst.motion.flow import optical_flow
from vidnst.motion.visibility import nearest_only, visible
from vidnst.motion.warp import warp


def textured(height: int, width: int, seed: int = 0) -> Picture:
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3))
    for cell in (4, 8, 16, 32):
        coarse = rng.random((height // cell + 2, width // cell + 2, 3))
        picture += np.kron(coarse, np.ones((cell, cell, 1)))[:height, :width]
    return (picture / 4 * 255).astype(np.uint8)


def test_flow_says_where_the_pixel_lies_in_the_other_frame() -> None:
    large = textured(160, 220)
    here, there = large[20:140, 20:200], large[23:143, 15:195]
    flow = optical_flow(here, there)
    inner = flow[20:-20, 20:-20]
    assert np.abs(np.median(inner, (0, 1)) - [5, -3]).max() < 0.1
    assert np.abs(inner - [5, -3]).mean() < 0.3


def test_small_frames_have_no_flow() -> None:
    assert not optical_flow(textured(16, 40), textured(16, 40, 1)).any()


def test_warp_samples_along_the_flow() -> None:
    picture = textured(40, 60).astype(np.float32)
    flow = np.zeros((40, 60, 2), np.float32)
    flow[..., 0] = 2.5
    warped = warp(picture, flow)
    between = (picture[:, 12:30] + picture[:, 13:31]) / 2
    np.testing.assert_allclose(warped[:, 10:28], between, atol=1e-3)
    np.testing.assert_allclose(warped[:, -1], picture[:, -1])  # outside: the nearest border pixel


def test_what_leaves_the_frame_is_not_visible() -> None:
    flow = np.zeros((30, 40, 2), np.float32)
    flow[..., 0] = 4
    seen = visible(flow, -flow)
    assert seen[:, :36].all()
    assert not seen[:, 36:].any()


def test_disoccluded_places_and_motion_boundaries_are_not_visible() -> None:
    still = np.zeros((40, 60, 2), np.float32)
    moving = still.copy()
    moving[10:30, 20:40, 0] = 6  # a square that was 6 px to the right in the previous frame
    disagreeing = visible(moving, still)
    assert not disagreeing[12:28, 22:38].any()
    backward = still.copy()
    backward[10:30, 26:46, 0] = -6
    seen = visible(moving, backward)
    assert seen[12:28, 22:38].all()
    assert not seen[9:31, 20].any()  # the square's edge
    assert seen[:8].all()
    assert not seen[12:28, 41:45].any()  # ground that the square hid


def test_pixels_are_tied_to_the_nearest_frame_that_shows_them() -> None:
    near = np.array([[1, 1, 0, 0]], np.float32)
    middle = np.array([[1, 0, 1, 0]], np.float32)
    far = np.array([[1, 1, 1, 1]], np.float32)
    weights = nearest_only([near, middle, far])
    np.testing.assert_array_equal(np.vstack(weights), [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
