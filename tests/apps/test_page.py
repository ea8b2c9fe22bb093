"""The page as people and strangers meet it, in a real browser."""

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.places import ROOT
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.media.pictures import read_picture, write_picture
from vidnst.options.built_in import BUILT_IN

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("streamlit", reason="streamlit is not installed")
_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
if _CHROMIUM is None:
    pytest.skip("there is no chromium", allow_module_level=True)

SAMPLE = ROOT / "samples" / "clip.mp4"
STYLE = ROOT / "samples" / "wave.jpg"
PATIENCE_MS = 60_000
RENDER_MS = 4 * PATIENCE_MS
"""Of a film that is painted to its end, also beside other work."""
_PAINTED = """() => [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)
    .map(r => r.querySelector('img.painted')).filter(p => p && p.naturalWidth).map(p => p.src)[0]"""


def page_command(*arguments: str, cache: Path | None = None) -> "subprocess.Popen[str]":
    """cache: of networks, so that none is there that an earlier run has learned."""
    command = [sys.executable, "-m", "vidnst", "page", "--port", "0", *arguments]
    environment = os.environ | ({} if cache is None else {"VIDNST_CACHE": str(cache)})
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("vidnst-page-*"))


def url_of(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    return server.stdout.readline().split()[0]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    before = folders()
    cache = tmp_path_factory.mktemp("cache")
    server = page_command("--max-seconds", "20", "--max-megabytes", "20", cache=cache)
    try:
        yield url_of(server)
    finally:
        server.send_signal(signal.SIGINT)
    assert server.wait(20) == 130
    assert folders() <= before
    assert server.stdout is not None
    server.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as tool:
        fake_camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        browser = tool.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", *fake_camera]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """small.mp4: 2 s with sound and no cut; long.mp4: 15 s with cuts; endless.mp4: too long."""
    folder = tmp_path_factory.mktemp("films")
    for name, loops, seconds, scale in (
        ("small.mp4", 0, 2, 320), ("long.mp4", 2, 15, 320), ("endless.mp4", 4, 22, 64),
    ):  # fmt: skip
        command = [
            ffmpeg_program(), "-loglevel", "error", "-stream_loop", str(loops), "-i", str(SAMPLE),
            "-t", str(seconds), "-vf", f"scale={scale}:-2", "-preset", "ultrafast",
            str(folder / name),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return folder


@contextlib.contextmanager
def visit(browser: Any, url: str, **how: Any) -> Iterator[Any]:
    context = browser.new_context(accept_downloads=True, **how)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    painted(page)
    yield page
    context.close()


def painted(page: Any, other_than: str = "") -> str:
    """The preview's painted picture, once it is there."""
    told = page.wait_for_function(
        f"before => {{ const now = ({_PAINTED})(); return now && now !== before && now }}",
        arg=other_than,
    )
    return str(told.json_value())


def upload(page: Any, kind: str, file: Any) -> None:
    place = 0 if kind == "film" else 1
    page.locator("input[type=file]").nth(place).set_input_files(file)


def choose(page: Any, kind: str, path: Path) -> None:
    before = painted(page)
    upload(page, kind, path)
    painted(page, before)
    assert page.get_by_role("combobox", name=kind).input_value() == path.name


def mask_canvas(page: Any) -> Any:
    """Where a mask is drawn, asked for again where the page lost the click in building itself."""
    canvas = page.get_by_role("application", name="Mask")
    for _ in range(3):
        page.get_by_text("Draw a mask on the still").click()
        with contextlib.suppress(playwright.TimeoutError):
            canvas.wait_for(timeout=PATIENCE_MS / 2)
            return canvas
    raise AssertionError("there is no canvas")


def await_command(page: Any, told: str) -> None:
    page.wait_for_function(
        "told => document.querySelector('code')?.textContent.includes(told)", arg=told
    )


def download(page: Any, name: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Download {name}").click()
    return Path(waiting.value.path()).read_bytes()


def facts(film: bytes) -> tuple[int, list[str], tuple[int, int]]:
    """Frames decoded, sounds, size (H, W)."""
    with av.open(io.BytesIO(film), "r") as container:
        count = sum(1 for _ in container.decode(video=0))
        sounds = [stream.codec_context.name for stream in container.streams.audio]
        stream = container.streams.video[0]
        return count, sounds, (stream.height, stream.width)


def photograph(page: Any, name: str) -> None:
    """For the README, where VIDNST_SCREENSHOTS asks for it."""
    if os.environ.get("VIDNST_SCREENSHOTS"):
        page.mouse.move(0, 0)
        page.wait_for_timeout(1500)
        with Image.open(io.BytesIO(page.screenshot())) as shot:
            shot.convert("RGB").quantize(256).save(ROOT / "docs" / name, optimize=True)


def test_a_film_is_painted_watched_measured_and_downloaded(
    browser: Any, url: str, films: Path, style: Path
) -> None:
    with visit(browser, url, viewport={"width": 1280, "height": 860}) as page:
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(request.url))
        photograph(page, "page.png")
        choose(page, "film", films / "small.mp4")
        first = painted(page)
        strength = page.get_by_role("slider", name="Strength")
        strength.focus()
        began = time.perf_counter()
        page.keyboard.press("ArrowLeft")
        second = painted(page, first)
        print(f"a change of strength shows after {time.perf_counter() - began:.2f} s")
        assert pictures_differ(first, second)
        seam = page.get_by_role("slider", name="Seam")
        seam.focus()
        page.keyboard.press("End")
        assert seam.input_value() == "100"
        await_command(page, "--strength 0.95")
        page.get_by_role("button", name="Paint the film").click()
        page.get_by_role("tab", name="Film", exact=True).wait_for(timeout=RENDER_MS)
        assert page.locator("video").first.evaluate(
            "async v => { v.muted = true; await v.play();"
            " await new Promise(r => v.ontimeupdate = () => v.currentTime > 0.2 && r());"
            " return v.videoWidth }"
        ) == 320  # fmt: skip
        count, sounds, size_hw = facts(download(page, "small_wave.mp4"))
        assert (count, sounds, size_hw) == (48, ["aac"], (180, 320))
        page.get_by_role("tab", name="Figures").click()
        page.get_by_role("button", name="Measure").click()
        page.get_by_role("img", name="Warping error over time").wait_for()
        assert "warping error" in page.get_by_role("table").inner_text()
        own = (url.partition("?")[0], "blob:", "data:")
        outside = {each for each in asked if not each.startswith(own)}
        assert not outside


def pictures_differ(before: str, now: str) -> bool:
    return bool(np.abs(picture_of(before) - picture_of(now)).mean() > 0.5)


def test_a_cancelled_render_goes_on_after_a_reload(browser: Any, url: str, films: Path) -> None:
    with visit(browser, url) as page:
        choose(page, "film", films / "long.mp4")
        page.get_by_role("button", name="Paint the film").click()
        page.get_by_text(re.compile(r"[12]\d\d of \d+ frames")).wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Resume").wait_for()
        page.reload()
        page.get_by_role("button", name="Resume").click()
        page.get_by_text("goes on after").wait_for()
        page.get_by_role("tab", name="Film", exact=True).wait_for(timeout=RENDER_MS)
        result = facts(download(page, "long_wave.mp4"))
        assert result == facts((films / "long.mp4").read_bytes())


def test_two_sessions_at_once_do_not_mix(browser: Any, url: str, films: Path) -> None:
    named = []
    for name in ("mine.mp4", "yours.mp4"):
        named.append(films / name)
        shutil.copy(films / "small.mp4", named[-1])
    with visit(browser, url) as mine, visit(browser, url) as yours:
        for page, film in zip((mine, yours), named, strict=True):
            choose(page, "film", film)
            page.get_by_role("button", name="Paint the film").click()
        for page, own, other in ((mine, "mine", "yours"), (yours, "yours", "mine")):
            page.get_by_role("button", name=f"Download {own}_wave.mp4").wait_for(timeout=RENDER_MS)
            assert f"{other}.mp4" not in page.content()
            assert f"{other}_wave" not in page.content()
        assert mine.url != yours.url


def picture_of(url: str) -> np.ndarray:
    """RGB (H, W, 3) as whole numbers, of a data URL."""
    encoded = np.frombuffer(b64decode(url.partition(",")[2]), np.uint8)
    picture = cv2.imdecode(encoded, 1)
    assert picture is not None
    return picture[..., ::-1].astype(int)


def test_a_mask_is_drawn_and_only_that_is_painted(browser: Any, url: str, films: Path) -> None:
    with visit(browser, url, viewport={"width": 1280, "height": 860}) as page:
        choose(page, "film", films / "small.mp4")
        everywhere = painted(page)
        page.get_by_text("Paint only a part").click()
        canvas = mask_canvas(page)
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        for height in np.linspace(0.03, 0.97, 12) * box["height"]:
            canvas.drag_to(
                canvas,
                source_position={"x": 2, "y": height},
                target_position={"x": 0.45 * box["width"], "y": height},
            )
        photograph(page, "page-mask.png")
        page.get_by_role("button", name="Use this mask").click()
        masked = picture_of(painted(page, everywhere))
        await_command(page, "--mask mask-1.png")
        source = picture_of(page.evaluate(_PAINTED.replace("img.painted", "img.source")))
        height, width = source.shape[:2]
        apart = np.abs(masked - source).mean(2)
        assert apart[:, : width // 3].mean() > 15
        assert apart[:, -width // 3 :].mean() < 3  # Both are JPEGs.
        mask_canvas(page).focus()
        page.keyboard.down("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.up("Space")
        page.get_by_role("button", name="Use this mask").click()
        await_command(page, "--mask mask-2.png")


def test_a_film_follows_frames_that_its_visitor_painted(
    browser: Any, url: str, films: Path, tmp_path: Path
) -> None:
    with visit(browser, url, viewport={"width": 1280, "height": 1600}) as page:
        choose(page, "film", films / "small.mp4")
        page.get_by_text("Paint it myself").click()
        button = page.get_by_role("button", name="Download this frame")
        button.wait_for()
        assert page.get_by_role("button", name="Paint the film").count() == 0
        time_slider = page.get_by_role("slider", name="Time")
        time_slider.focus()
        for _ in range(6):
            page.keyboard.press("ArrowRight")
        page.get_by_text("Add the frame at 0.25 s, painted").wait_for()
        with page.expect_download() as waiting:
            button.click()
        frame = tmp_path / waiting.value.suggested_filename
        assert frame.name == "small_00000.250s.png"
        waiting.value.save_as(frame)
        scene = read_picture(frame)
        uploader = page.locator(".st-key-painted input[type=file]")
        uploader.set_input_files(frame)
        page.get_by_text(f"{frame.name} does not differ from the film at 0.25 s").wait_for()
        write_picture(frame, scene[:, :100])
        uploader.set_input_files(frame)
        page.get_by_text(f"{frame.name} is 100x180, of another shape").wait_for()
        write_picture(frame, 255 - scene)
        shutil.copy(frame, tmp_path / "mine.png")
        uploader.set_input_files(frame)
        page.get_by_role("img", name="Painted at 0.25 s").wait_for()
        assert np.abs(picture_of(painted(page)) - (255 - scene.astype(int))).mean() < 8
        page.get_by_role("slider", name="Learning").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        await_command(page, f"--painted 0.25={frame.name} -o small_painted.mp4 --painted-steps 50")
        time_slider.focus()
        page.keyboard.press("ArrowRight")
        page.get_by_text("Add the frame at 0.29 s, painted").wait_for()
        uploader.set_input_files(tmp_path / "mine.png")
        page.get_by_role("img", name="Painted at 0.29 s").wait_for()
        page.get_by_role("button", name="Remove", exact=True).nth(1).click()
        page.get_by_role("img", name="Painted at 0.29 s").wait_for(state="detached")
        page.get_by_role("button", name="Preview 2 seconds").click()
        page.get_by_text("Learning · step").wait_for(timeout=RENDER_MS)
        page.get_by_text("From 0.00 to 2.00 s.").wait_for(timeout=RENDER_MS)
        assert page.locator("video").count() == 1
        page.get_by_role("button", name="Paint the film").click()
        page.get_by_role("tab", name="Film", exact=True).wait_for(timeout=RENDER_MS)
        film = tmp_path / "painted.mp4"
        film.write_bytes(download(page, "small_painted.mp4"))
        assert facts(film.read_bytes()) == (48, ["aac"], (180, 320))
        shown = list(decode(probe(film)))[6].picture
        assert np.abs(shown.astype(int) - (255 - scene.astype(int))).mean() < 12


def test_a_frame_is_painted_on_the_page(browser: Any, url: str, films: Path) -> None:
    with visit(browser, url, viewport={"width": 1280, "height": 1600}) as page:
        choose(page, "film", films / "small.mp4")
        page.get_by_text("Paint it myself").click()
        page.get_by_role("button", name="Download this frame").wait_for()
        page.get_by_text("Paint on it here, with a simple brush").click()
        canvas = page.get_by_role("application", name="Painting")
        canvas.wait_for()
        page.get_by_label("Color").fill("#10e060")
        page.get_by_role("slider", name="Brush").fill("30")
        width, height = (canvas.bounding_box()[side] for side in ("width", "height"))

        def stroke(at: float) -> None:
            places = [{"x": share * width, "y": at * height} for share in (0.1, 0.9)]
            canvas.drag_to(canvas, source_position=places[0], target_position=places[1])

        stroke(0.5)
        stroke(0.8)
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("button", name="Keep this painting").click()
        page.get_by_role("img", name="Painted at 0.00 s").wait_for()
        page.get_by_label("Pick from the picture").check()
        canvas.click(position={"x": width / 2, "y": height / 2})
        picked = page.get_by_label("Color").input_value()
        assert np.abs(color_of(picked) - color_of("#10e060")).max() < 12  # The scene is a JPEG.
        page.get_by_text("Paint on it here, with a simple brush").click()
        keep = picture_of(painted(page))
        middle, below = keep[85:95, 40:280], keep[140:150, 40:280]
        assert np.abs(middle - color_of("#10e060")).mean() < 8
        assert np.abs(below - color_of("#10e060")).mean() > 40
        await_command(page, "--painted 0=small_00000.000s.png")


def color_of(name: str) -> np.ndarray:
    return np.array([int(name[at : at + 2], 16) for at in (1, 3, 5)])


def test_a_built_in_style_is_taken_by_its_picture(browser: Any, url: str) -> None:
    with visit(browser, url) as page:
        before = painted(page)
        page.get_by_text("Built-in styles").click()
        pictures = page.get_by_test_id("stExpander").filter(has_text="Built-in styles")
        assert pictures.get_by_role("img").count() == len(BUILT_IN)
        page.get_by_role("button", name="woodcut", exact=True).click()
        assert pictures_differ(before, painted(page, before))
        chosen = page.get_by_role("combobox", name="style").first
        assert chosen.input_value() == "woodcut (sample)"
        await_command(page, "--style woodcut")


def test_styles_are_mixed_and_colors_kept_also_after_a_reload(browser: Any, url: str) -> None:
    with visit(browser, url, viewport={"width": 1280, "height": 1600}) as page:
        alone = painted(page)
        page.get_by_role("combobox", name="Mixed with").click()
        page.get_by_role("option", name="mosaic").click()
        mixed = painted(page, alone)
        assert pictures_differ(alone, mixed)
        page.keyboard.press("Escape")
        weight = page.get_by_role("slider", name="Weight of mosaic")
        weight.focus()
        page.keyboard.press("ArrowRight")
        page.get_by_text("the film's", exact=True).click()
        await_command(page, "mosaic:1.1")
        await_command(page, "--color luminance")
        page.reload()
        await_command(page, "mosaic:1.1")
        await_command(page, "--color luminance")


def test_a_camera_is_painted_live(browser: Any, url: str) -> None:
    with visit(browser, url, permissions=["camera"]) as page:
        page.get_by_text("My camera").click()
        page.get_by_role("button", name="Start the camera").click()
        live = page.get_by_role("img", name="What the camera sees")
        live.wait_for()
        seen: set[str] = set()
        patience = time.monotonic() + PATIENCE_MS / 1000
        while len(seen) < 5:
            assert time.monotonic() < patience, f"only {len(seen)} pictures"
            seen.add(live.get_attribute("src"))
            page.wait_for_timeout(100)
        told = page.get_by_text("pictures a second")
        told.wait_for()
        print(told.inner_text())
        assert picture_of(seen.pop()).std() > 20
        page.get_by_role("button", name="Stop the camera").click()
        page.get_by_text("The camera is off").wait_for()


def test_what_cannot_be_painted_is_refused_and_the_page_goes_on(
    browser: Any, url: str, films: Path
) -> None:
    secret = SAMPLE.as_uri()
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{secret}\n#EXT-X-ENDLIST\n"
    broken = (films / "small.mp4").read_bytes()[:9000]
    with visit(browser, url) as page:
        for name, content, told in (
            ("list.mp4", playlist.encode(), "list.mp4 is a playlist"),
            ("broken.mp4", broken, "broken.mp4 is damaged"),
            ("endless.mp4", (films / "endless.mp4").read_bytes(), "lasts more than 20 s"),
            ("huge.mp4", bytes(22_000_000), "20.0MB or smaller"),
        ):
            upload(page, "film", {"name": name, "mimeType": "video/mp4", "buffer": content})
            page.get_by_text(told).wait_for()
        text = {"name": "style.png", "mimeType": "image/png", "buffer": b"no picture"}
        upload(page, "style", text)
        page.get_by_text("style.png is damaged").wait_for()
        traverses = (films / "small.mp4").read_bytes()
        name = "../../../tmp/evil.mp4"
        before = painted(page)
        upload(page, "film", {"name": name, "mimeType": "video/mp4", "buffer": traverses})
        painted(page, before)
        await_command(page, "vidnst evil.mp4 --style")
        assert not Path("/tmp/evil.mp4").exists()


def test_a_phone_and_the_dark_show_the_page_without_scrolling_sideways(
    browser: Any, url: str
) -> None:
    phone = {"width": 390, "height": 844}
    with visit(browser, url, viewport=phone, color_scheme="dark", has_touch=True) as page:
        fits = "document.documentElement.scrollWidth <= window.innerWidth"
        assert page.evaluate(fits)
        background = page.evaluate(
            "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        )
        assert max(map(int, re.findall(r"\d+", background)[:3])) < 60
        photograph(page, "page-phone.png")
