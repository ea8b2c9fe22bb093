"""The camera: the newest picture only, and waited for when it is gone."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.live_session import eventually, make_camera
from helpers.pictures import gradient_picture
from vidnst.apps.cli.main import main
from vidnst.errors import MediaError
from vidnst.frames.frame import Picture
from vidnst.live import capture
from vidnst.live.admission import at_path
from vidnst.live.browser import Page
from vidnst.live.camera import Camera
from vidnst.live.cuts import CutWatch
from vidnst.live.outputs import Shown, Status
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.shots import list_shots


def test_a_slow_taker_gets_the_newest_frames_and_the_rest_is_dropped(tmp_path: Path) -> None:
    film = make_camera(tmp_path / "a.mp4", seconds=2)
    started = time.monotonic()
    ages, taken = [], 0
    with Camera(str(film)) as camera:
        while not camera.ended:
            time.sleep(0.15)
            if (frame := camera.newest(timeout=0.1)) is not None:
                taken += 1
                ages.append(time.monotonic() - frame.captured_seconds)
        assert camera.captured == 60
        assert camera.dropped == 60 - taken
    assert taken <= 15
    # A queue would make every frame older than the one before.
    assert np.median(ages) < 0.08
    assert 1.8 < time.monotonic() - started < 5


def test_a_camera_that_is_unplugged_and_back_goes_on(tmp_path: Path) -> None:
    film = make_camera(tmp_path / "a.mp4", seconds=20)
    away = tmp_path / "away.mp4"
    with Camera(str(film)) as camera:
        assert camera.newest(timeout=5) is not None
        film.rename(away)
        eventually(lambda: camera.waiting)
        camera.newest(timeout=0)
        assert camera.newest(timeout=0.5) is None
        assert not camera.ended
        away.rename(film)
        frame = camera.newest(timeout=10)
        assert frame is not None
        assert frame.after_gap
        assert not camera.waiting


@contextmanager
def broadcasting(picture: Picture, *, port: int) -> Iterator[Page]:
    """A stream of one picture over HTTP, some twenty times a second."""
    shown = Shown(picture, picture, 0, Status(24, 30, (72, 128), "wave", 1, 0.75, False, False))
    page, stopped = Page(port), threading.Event()

    def feed() -> None:
        while not stopped.wait(0.05):
            page.show(shown)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        yield page
    finally:
        stopped.set()
        feeder.join()
        page.close()


def test_a_stream_that_stops_and_is_back_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDNST_TOKEN", "its-address-stays-the-same")
    picture = gradient_picture(72, 128)
    with ExitStack() as stack:
        with broadcasting(picture, port=0) as page:
            camera = stack.enter_context(Camera(at_path(page.url, "/stream.mjpg")))
            assert np.abs(camera.first.astype(int) - picture).mean() < 8
        eventually(lambda: camera.waiting)
        with broadcasting(picture, port=page.port):
            eventually(lambda: not camera.waiting)
            frame = eventually(lambda: camera.newest(timeout=0.1))
            assert frame.captured_seconds > time.monotonic() - 5


def test_a_missing_camera_is_one_line_that_names_those_there(
    style: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "list_cameras", lambda: ["0 (HD Webcam)", "2 (Capture)"])
    for arguments in (["--camera", "97"], ["--camera", "/dev/video97"]):
        assert main(["webcam", "--style", str(style), "--http", "0", *arguments]) == 1
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert "97 cannot be opened; there are: 0 (HD Webcam), 2 (Capture)" in told


def test_a_missing_film_or_stream_is_one_line(
    tmp_path: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for missing in (tmp_path / "no.mp4", "http://127.0.0.1:9/stream"):
        assert main(["webcam", "--style", str(style), "--http", "0", "--camera", str(missing)]) == 1
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert str(missing) in told


def test_no_camera_at_all_is_told() -> None:
    with pytest.raises(MediaError, match="camera 97 cannot be opened"):
        Camera("97")


def test_cuts_are_found_as_they_come(tmp_path: Path) -> None:
    film = make_camera(tmp_path / "a.mp4", seconds=8, size="320:180")
    clip = probe(film)
    watch = CutWatch()
    opening = [i for i, frame in enumerate(decode(clip)) if watch.opens_shot(frame.picture)]
    assert opening == [shot.first_frame for shot in list_shots(clip)]
    assert len(opening) > 2


def test_noise_and_a_pan_are_no_cuts() -> None:
    generator = np.random.default_rng(0)
    scene = cv2.resize(generator.integers(0, 256, (24, 80, 3), np.uint8), (1280, 360))
    watch = CutWatch()
    opened = []
    for i in range(40):
        view = scene[:, 8 * i : 8 * i + 640].astype(int)
        noisy = np.clip(view + generator.integers(-12, 13, view.shape), 0, 255)
        opened.append(watch.opens_shot(noisy.astype(np.uint8)))
    assert opened == [True] + 39 * [False]
