"""The page of a live session, as browsers and strangers meet it."""

import http.client
import json
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from helpers.live_session import Session, camera, eventually, live, options, other_style
from helpers.pictures import gradient_picture
from vidnst.apps.cli.main import main
from vidnst.live.admission import at_path
from vidnst.live.browser import Page
from vidnst.live.outputs import Shown, Status

__all__ = ["camera", "other_style"]


def parts(session: Session, count: int) -> list[tuple[dict[str, str], np.ndarray]]:
    """Pictures of the page's stream, RGB uint8 (H, W, 3), with their headers."""
    taken: list[tuple[dict[str, str], np.ndarray]] = []
    with urllib.request.urlopen(at_path(session.url, "/stream.mjpg"), timeout=10) as stream:
        assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace; boundary=")
        while len(taken) < count:
            while not stream.readline().startswith(b"--"):
                pass
            headers = http.client.parse_headers(stream)
            jpeg = np.frombuffer(stream.read(int(headers["Content-Length"])), np.uint8)
            picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
            assert picture is not None
            taken.append((dict(headers), picture[:, :, ::-1]))
    return taken


def test_the_page_streams_pictures_that_move(camera: Path, style: Path) -> None:
    with live(options(camera, style)) as session:
        taken = parts(session, 5)
        status = session.status()
        assert taken[0][1].shape == (72, 128, 3)
        assert np.abs(taken[-1][1].astype(int) - taken[0][1]).mean() > 0.5
        times = [float(headers["X-Captured-Seconds"]) for headers, _ in taken]
        assert times == sorted(set(times))
        assert time.monotonic() - times[-1] < 5
        session.action("side-by-side")
        eventually(lambda: session.shown[-1].looked_at.shape == (72, 256, 3))
        assert session.shown[-1].painted.shape == (72, 128, 3)
    assert status["style"] == style.stem
    assert status["fps"] > 0
    assert session.report is not None
    report = session.report
    assert report.shown == len(session.shown)
    assert report.shown + report.dropped + report.unwanted <= report.captured


def test_only_this_page_may_ask_for_things(camera: Path, style: Path) -> None:
    with live(options(camera, style)) as session:
        url = session.url
        port = urlsplit(url).port
        token = urlsplit(url).query

        def answer(method: str, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            response.read()
            connection.close()
            return response

        own = f"http://127.0.0.1:{port}"
        # Another account of this machine, which has not seen the address.
        for path in ("/", "/status", "/stream.mjpg", "/?token=guessed", "/elsewhere"):
            assert answer("GET", path, {}).status == 403
        assert answer("POST", "/action/quit", {}).status == 403
        first = answer("GET", f"/?{token}", {})
        assert (first.status, first.headers["Location"]) == (303, "./")
        known = {"Cookie": first.headers["Set-Cookie"].partition(";")[0]}
        page = answer("GET", "/", known)
        assert page.status == 200
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer("GET", "/", {"Host": f"evil.example:{port}", **known}).status == 403
        assert answer("GET", "/status", {"Host": f"localhost:{port}", **known}).status == 200
        assert answer("GET", f"/status?{token}", {}).status == 200
        assert answer("GET", "/elsewhere", known).status == 404
        for path, kind in (("/", "text/html"), ("/status", "json"), ("/stream.mjpg", "multipart")):
            head = answer("HEAD", path, known)
            assert head.status == 200
            assert kind in head.headers["Content-Type"]
        for origin in ("http://evil.example", "http://127.0.0.1:9", "null"):
            assert answer("POST", "/action/quit", {"Origin": origin, **known}).status == 403
        assert answer("POST", "/action/explode", {"Origin": own, **known}).status == 404
        assert session.thread.is_alive()
        assert answer("POST", "/action/quit", {"Origin": own, **known}).status == 200
        session.thread.join(20)
        assert not session.thread.is_alive()
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=5)


def test_a_port_in_use_is_told(
    camera: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with live(options(camera, style)) as session:
        port = str(urlsplit(session.url).port)
        arguments = ["--style", str(style), "--camera", str(camera), "--http", port]
        assert main(["webcam", *arguments]) == 1
        assert f"port {port} cannot be served" in capsys.readouterr().err


def status_of(page: Page) -> dict[str, Any]:
    with urllib.request.urlopen(at_path(page.url, "/status"), timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def a_frame() -> Shown:
    picture = gradient_picture(72, 128)
    return Shown(picture, picture, 0, Status(24, 30, (72, 128), "wave", 1, 0.75, False, False))


def test_the_status_is_an_object_from_the_start_to_the_end() -> None:
    page = Page(0)
    try:
        starting = status_of(page)
        page.show(a_frame())
        running = status_of(page)
        with urllib.request.urlopen(
            at_path(page.url, "/stream.mjpg") + "&page", timeout=10
        ) as stream:
            stream.readline()
            closing = threading.Thread(target=page.close)
            closing.start()
            stream.read()
            ended = status_of(page)
            closing.join(10)
    finally:
        page.close()
    assert starting.pop("state") == "starting"
    assert set(starting.values()) == {None}
    assert running["state"] == "running"
    assert (running["style"], running["inner_hw"]) == ("wave", [72, 128])
    assert ended["state"] == "ended"
    assert set(starting) == set(running) - {"state"}
    with pytest.raises(urllib.error.URLError):
        status_of(page)


def test_a_page_that_no_browser_looks_at_ends_at_once() -> None:
    page = Page(0)
    status_of(page)
    page.show(a_frame())
    with urllib.request.urlopen(at_path(page.url, "/stream.mjpg"), timeout=10) as stream:
        stream.readline()
        started = time.monotonic()
        page.close()
    assert time.monotonic() - started < 2


@contextmanager
def browser_page() -> Iterator[Any]:
    """A page of a real browser; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None
    )
    if program is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def wait_for_words(page: Any, words: str) -> None:
    page.wait_for_function(
        "words => document.getElementById('figures').textContent.includes(words)", arg=words
    )


def test_a_real_browser_shows_moving_pictures(camera: Path, style: Path, other_style: Path) -> None:
    with live(options(camera, style, other_style)) as session, browser_page() as page:
        page.goto(session.url, wait_until="commit")
        picture = page.locator("#picture")
        page.wait_for_function("document.getElementById('picture').naturalWidth === 128")

        def pixels() -> np.ndarray:
            seen = np.frombuffer(picture.screenshot(), np.uint8)
            decoded = cv2.imdecode(seen, cv2.IMREAD_COLOR)
            assert decoded is not None
            return decoded.astype(int)

        first = pixels()
        assert first.std() > 10
        eventually(lambda: np.abs(pixels() - first).mean() > 1)
        wait_for_words(page, "fps")
        page.get_by_role("button", name="Next style").click()
        wait_for_words(page, "other")
        page.keyboard.press("c")
        page.wait_for_function("document.getElementById('picture').naturalWidth === 256")
        page.get_by_role("button", name="Quit").click()
        session.thread.join(20)
        assert not session.thread.is_alive()
        wait_for_words(page, "The webcam was ended")
        assert not picture.is_visible()
        assert not page.get_by_role("button").first.is_visible()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(1200)
        assert not asked


def test_a_browser_tells_start_and_end_from_a_lost_connection() -> None:
    with browser_page() as browser:
        page, picture = Page(0), browser.locator("#picture")

        def shows() -> bool:
            page.show(a_frame())
            return bool(picture.is_visible())

        try:
            browser.goto(page.url, wait_until="commit")
            wait_for_words(browser, "Starting")
            assert not picture.is_visible()
            eventually(shows)
            wait_for_words(browser, "24.0 fps")
            browser.context.set_offline(True)
            wait_for_words(browser, "No connection")
            assert not picture.is_visible()
            browser.context.set_offline(False)
            eventually(shows)
            wait_for_words(browser, "24.0 fps")
            for _ in range(10):
                page.show(a_frame())  # So that the stream that was lost is noticed to be gone.
                browser.wait_for_timeout(20)
        finally:
            page.close()
        wait_for_words(browser, "The webcam was ended")
        assert not picture.is_visible()
