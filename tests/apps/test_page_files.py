"""What the page takes, and where it keeps it."""

import re
import time
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.clips import TONE, MakeClip
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.apps.page.choice import Choice
from vidnst.apps.page.folders import session_root
from vidnst.apps.page.options import PageLimits, PageOptions
from vidnst.apps.page.paintings import frame_name, frame_near, named_seconds
from vidnst.apps.page.preview import frame_at, painted_at
from vidnst.apps.page.rendering import Render, State
from vidnst.apps.page.session import Sessions
from vidnst.apps.page.uploads import film_of, safe_name, style_of
from vidnst.errors import MediaError, UsageError, VidnstError
from vidnst.frames.frame import Picture
from vidnst.media.clip import probe
from vidnst.media.pictures import read_picture, write_picture
from vidnst.options.stylizers import Painted

SAMPLE = ROOT / "samples" / "clip.mp4"
PATIENCE_SECONDS = 240
LIMITS = PageLimits()
POINTERS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n",
    "hls after a mark": "\ufeff#EXTM3U\n#EXTINF:5,\n{}\n",
    "ffconcat": "ffconcat version 1.0\nfile {}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?>\n<MPD><BaseURL>{}</BaseURL></MPD>\n',
    "pls": "[playlist]\nFile1={}\n",
    "vobsub": "# VobSub index file, v7\nsize: 720x576\n",
    "subtitles": "1\n00:00:00,000 --> 00:00:01,000\n{}\n",
}


@pytest.mark.parametrize("kind", POINTERS)
@pytest.mark.parametrize("ending", ["mp4", "m3u8", "ts"])
def test_a_file_that_names_other_files_is_refused(tmp_path: Path, kind: str, ending: str) -> None:
    path = tmp_path / f"film.{ending}"
    path.write_text(POINTERS[kind].format(SAMPLE))
    with pytest.raises(VidnstError, match=r"film\.\w+ is (a playlist|damaged, or no film)") as told:
        film_of(path, path.name, LIMITS)
    assert str(tmp_path) not in str(told.value)


def test_a_quicktime_file_with_its_film_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    content = SAMPLE.read_bytes()
    assert film_of(SAMPLE, "clip.mp4", LIMITS).clip is not None
    path.write_bytes(content.replace(b"url \0\0\0\1", b"url \0\0\0\0"))
    with pytest.raises(UsageError, match="names other files"):
        film_of(path, path.name, LIMITS)


@pytest.mark.parametrize("kind", ["mkv", "webm", "avi", "mov", "ts", "gif", "mpg"])
def test_films_of_many_kinds_are_taken(make_clip: MakeClip, kind: str) -> None:
    rate = "25" if kind == "mpg" else "12"
    path = make_clip(f"film.{kind}", rate=rate)
    film = film_of(path, path.name, LIMITS)
    assert film.clip is not None
    assert film.clip.size_hw == (64, 96)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (PageLimits(max_seconds=4), "more than 4 s"),
        (PageLimits(max_frames=100), "more than 100 frames"),
        (PageLimits(max_megapixels=0.2), "640x360 pixels"),
        (PageLimits(max_megabytes=0.1), "MB, but"),  # type: ignore[arg-type]
    ],
)
def test_a_film_beyond_a_limit_is_refused(limits: PageLimits, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        film_of(SAMPLE, "clip.mp4", limits)


def test_a_length_that_the_header_does_not_tell_is_counted(make_clip: MakeClip) -> None:
    path = make_clip("film.mkv", "-live", "1", frames=60)
    with pytest.raises(UsageError, match="more than 2 s"):
        film_of(path, path.name, PageLimits(max_seconds=2))


def test_sound_alone_is_no_film(make_clip: MakeClip) -> None:
    path = make_clip("sound.m4a", "-map", "1:a", inputs=TONE)
    with pytest.raises(MediaError, match=r"^sound\.m4a holds sound but no film"):
        film_of(path, path.name, LIMITS)


@pytest.mark.parametrize("content", [b"", b"no picture", b"<svg xmlns='a'/>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_no_style(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "style.png"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"^style\.png"):
        style_of(path, path.name, LIMITS)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("holiday film.MP4", "holiday film.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/film.mov", "film.mov"),
        ("..", "film"),
        ("", "film"),
        ("-rf.mp4", "rf.mp4"),
        (".hidden", "hidden"),
        ("frame%06d.png", "frame_06d.png"),
        ("a\0b\n;$(x).mp4", "a_b__(x).mp4"),
        ("ä" * 300 + ".mp4", "ä" * 80 + ".mp4"),
    ],
)
def test_a_name_keeps_only_what_names_a_file(name: str, safe: str) -> None:
    kept = safe_name(name, otherwise="film")
    assert Path(kept).name == kept
    assert "%" not in kept
    assert kept == safe or name.startswith("a\0")
    assert re.fullmatch(r"[\w .()+-]+", kept)


def test_uploads_stay_in_a_folder_that_goes_with_its_session(tmp_path: Path) -> None:
    here = Sessions(tmp_path, LIMITS)
    mine, yours = here.open(None), here.open("made up")
    assert here.open(mine.token) is mine
    assert mine.token != yours.token
    film = mine.take_film("../../../evil.mp4", SAMPLE.read_bytes())
    assert film.path.resolve().is_relative_to(mine.folder)
    assert film not in yours.films
    with pytest.raises(MediaError):
        mine.take_film("broken.mp4", b"broken")
    assert len(list(mine.folder.iterdir())) == 1
    here.end_unused(after_seconds=3600)
    assert film.path.exists()
    here.end_unused(after_seconds=0)
    assert not mine.folder.exists()
    assert here.open(mine.token) is not mine


def end_of(render: Render, deadline: float) -> State:
    """Wait for a render, and return how it ended."""
    while render.at_work and time.monotonic() < deadline:
        time.sleep(0.05)
    return render.state


def test_a_failed_render_says_why_and_can_be_tried_again(tmp_path: Path) -> None:
    here = Sessions(tmp_path, LIMITS)
    session = here.open(None)
    content = SAMPLE.read_bytes()
    film = session.take_film("cut.mp4", content)
    film.path.write_bytes(content[: len(content) // 2])
    render = here.begin(session, Choice(film, session.styles[0], size="36"))
    deadline = time.monotonic() + PATIENCE_SECONDS
    assert end_of(render, deadline) == "failed"
    assert render.error.startswith("cut.mp4")
    film.path.write_bytes(content)
    render.start()
    assert end_of(render, deadline) == "done"
    assert render.report["frames"] == 120
    here.close()
    assert not session.folder.exists()


def test_a_picture_that_is_being_optimized_is_shown(tmp_path: Path, make_clip: MakeClip) -> None:
    here = Sessions(tmp_path, LIMITS)
    session = here.open(None)
    clip = make_clip("short.mp4", size="64x48", frames=1)
    film = session.take_film("short.mp4", clip.read_bytes())
    render = here.begin(session, Choice(film, session.styles[0], stylizer="neighbor"))
    shown, deadline = set(), time.monotonic() + PATIENCE_SECONDS
    while render.at_work and time.monotonic() < deadline:
        shown.add(render.progress.get("picture"))
        time.sleep(0.01)
    assert render.state == "done", render.error
    assert shown == {None, "progress.jpg"}
    assert read_picture(render.folder / "progress.jpg").shape[2] == 3
    assert not list(render.folder.glob(".*.part*"))
    here.close()


def test_the_command_says_what_was_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Sessions(tmp_path, LIMITS).open(None)
    film = session.take_film("my film.mp4", SAMPLE.read_bytes())
    choice = Choice(film, session.styles[0], strength=0.6, brush_size=4.0, steady=0.5, size="240")
    assert choice.command == (
        "vidnst 'my film.mp4' --style wave -o 'my film_wave.mp4' --strength 0.6 "
        "--brush-size 4 --steady 0.5 --size 240"
    )
    options = choice.options(tmp_path / "out.mp4")
    assert options.painting.strength == 0.6
    assert options.painting.brush_size == 4
    assert options.steadying.steady == 0.5
    assert options.size == "240"


def test_styles_a_mask_and_colors_are_in_the_command_and_in_the_still(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    session = Sessions(tmp_path, LIMITS).open(None)
    film, style = session.films[0], session.styles[0]
    other = session.take_style("photo.png", photo.read_bytes())
    white = np.zeros((90, 160, 3), np.uint8)
    white[:, 80:] = 255
    write_picture(tmp_path / "half.png", white)
    mask = session.take_mask("half.png", (tmp_path / "half.png").read_bytes())
    plain = Choice(film, style, size="90")
    choice = replace(plain, others=((other, 0.5),), mask=mask, track=True, color="luminance")
    assert choice.command == (
        f"vidnst {SAMPLE} --style wave:1 --style photo.png:0.5 --mask half.png "
        "-o clip_wave.mp4 --track --color luminance --size 90"
    )
    assert choice.summary == "with photo.png (0.5) · mask · track · color luminance · size 90"
    options = choice.options(tmp_path / "out.mp4")
    assert [weighed.weight for weighed in options.styles] == [1, 0.5]
    assert options.regions.track
    assert film.clip is not None
    source = frame_at(film.clip, 1.0, (90, 160)).astype(int)
    painted = painted_at(plain, 1.0).astype(int)
    masked = painted_at(replace(plain, mask=mask), 1.0).astype(int)
    assert np.array_equal(masked[:, :70], source[:, :70])
    assert np.abs(masked[:, 90:] - source[:, 90:]).mean() > 10
    mixed = painted_at(replace(plain, others=((other, 2.0),)), 1.0).astype(int)
    assert np.abs(mixed - painted).mean() > 2
    gray = painted_at(replace(plain, color="luminance"), 1.0)
    chroma = [
        cv2.cvtColor(p.astype(np.uint8), cv2.COLOR_RGB2YCrCb)[..., 1:] for p in (gray, source)
    ]
    assert np.abs(chroma[0].astype(int) - chroma[1]).mean() < 3
    write_picture(tmp_path / "black.png", white * 0)
    empty = session.take_mask("black.png", (tmp_path / "black.png").read_bytes())
    with pytest.raises(MediaError) as told:
        painted_at(replace(plain, mask=empty), 1.0)
    wrong = replace(plain, mask=empty).told(str(told.value))
    assert wrong == "black.png is empty: nothing in it is white"


def test_only_small_pictures_are_taken_for_a_cameras() -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    from vidnst.apps.page.webcam import camera_picture

    def sent(height: int, width: int) -> str:
        black = np.zeros((height, width, 3), np.uint8)
        jpeg = cv2.imencode(".jpg", black)[1].tobytes()
        return "data:image/jpeg;base64," + b64encode(jpeg).decode()

    assert camera_picture(sent(90, 160)).shape == (90, 160, 3)
    for wrong in (sent(2000, 2000), "data:image/jpeg;base64,", "data:text/html,<b>", "ab"):
        with pytest.raises((MediaError, ValueError)):
            camera_picture(wrong)


def test_a_killed_servers_folder_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / "vidnst-page-left"
    left.mkdir()
    (left / "lock").touch()
    with session_root() as first, session_root() as second:
        assert not left.exists()
        assert first.exists()
        assert second.exists()
        assert first.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())


def test_only_loopback_is_local() -> None:
    assert PageOptions().local
    assert PageOptions(host="::1").local
    assert not PageOptions(host="0.0.0.0").local
    assert not PageOptions(host="192.168.0.7").local


def test_a_missing_streamlit_is_told_with_what_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vidnst.apps.cli.page.find_spec", lambda name: None)
    assert main(["page"]) == 2
    assert "pip install 'vidnst[page]'" in capsys.readouterr().err


def test_an_address_that_cannot_be_served_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    assert main(["page", "--host", "192.0.2.1", "--port", "0"]) == 1
    assert "cannot be served on 192.0.2.1" in capsys.readouterr().err


def test_the_docs_name_every_flag_of_the_page() -> None:
    from vidnst.apps.cli.page import page_parser

    text = (ROOT / "docs" / "guides" / "page.md").read_text("utf-8")
    known = {flag for action in page_parser()._actions for flag in action.option_strings}
    known = {flag for flag in known if flag.startswith("--")} - {"--help"}
    assert set(re.findall(r"`(--[a-z-]+)", text)) == known


def a_frame(clip: Path, seconds: float) -> Picture:
    return frame_near(probe(clip), seconds)[1]


def as_png(tmp_path: Path, picture: Picture) -> bytes:
    write_picture(tmp_path / "as.png", picture)
    return (tmp_path / "as.png").read_bytes()


def test_a_downloaded_frame_comes_back_to_its_time(make_clip: MakeClip) -> None:
    path = make_clip("film.mp4", rate="24000/1001")
    film = film_of(path, path.name, LIMITS)
    assert film.clip is not None
    for index in (0, 5, 11):
        seconds, picture = frame_near(film.clip, index * 1001 / 24000)
        assert seconds == pytest.approx(index * 1001 / 24000)
        name = frame_name(film, seconds)
        named = named_seconds(name)
        assert named is not None
        again, same = frame_near(film.clip, named)
        assert again == seconds
        assert np.array_equal(same, picture)
    assert named_seconds("shot001_00002.400s.png") == 2.4
    assert named_seconds("mine.png") is None
    with pytest.raises(UsageError, match="shows no frame at 9 s"):
        frame_near(film.clip, 9)


def test_painted_frames_are_checked_as_the_command_line_does(tmp_path: Path) -> None:
    session = Sessions(tmp_path, LIMITS).open(None)
    film = session.films[0]
    frame = a_frame(film.path, 1.0)
    painted = as_png(tmp_path, 255 - frame)
    for name, content, told in (
        ("text.png", b"no picture", "text.png is damaged"),
        ("tall.png", as_png(tmp_path, frame[:, :200]), "tall.png is 200x360, of another shape"),
        ("same.png", as_png(tmp_path, frame), "same.png does not differ from the film at 1 s"),
    ):
        with pytest.raises(VidnstError, match=told) as refused:
            session.take_painting(film, 1.0, name, content)
        assert str(tmp_path) not in str(refused.value)
    assert session.paintings_of(film) == ()
    assert not list(session.folder.iterdir())
    first = session.take_painting(film, 1.0, "a.png", painted)
    other = session.take_painting(film, 0.5, "b.png", as_png(tmp_path, 255 - a_frame(SAMPLE, 0.5)))
    assert session.paintings_of(film) == ((0.5, other), (1.0, first))
    again = session.take_painting(film, 1.0, "c.png", painted)
    assert session.paintings_of(film) == ((0.5, other), (1.0, again))
    assert not first.path.exists()
    session.drop_painting(film, 0.5)
    assert not other.path.exists()
    assert session.paintings_of(film) == ((1.0, again),)
    session.close()
    assert not session.folder.exists()


def test_painted_frames_are_in_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Sessions(tmp_path, LIMITS).open(None)
    film = session.films[0]
    painting = as_png(tmp_path, 255 - a_frame(film.path, 1.0))
    session.take_painting(film, 1.0, "a.png", painting)
    choice = Choice(film, painted=session.paintings_of(film), steady=Painted.usual_steady)
    assert choice.command == f"vidnst {SAMPLE} --painted 1=a.png -o clip_painted.mp4"
    assert choice.summary == "default settings"
    part = replace(choice, steady=0.75, strength=0.5, size="90", excerpt=(0.5, 2.5))
    options = part.options(tmp_path / "out.mp4")
    assert isinstance(options.stylizer, Painted)
    assert [frame.seconds for frame in options.stylizer.frames] == [1.0]
    assert (options.start_seconds, options.end_seconds) == (0.5, 2.5)
    assert (options.steadying.steady, options.painting.strength) == (0.75, 0.5)
    assert "a.png cannot" in choice.told(f"{choice.painted[0][1].path} cannot be read")


def test_a_preview_is_replaced_by_the_next_and_goes_with_its_session(tmp_path: Path) -> None:
    here = Sessions(tmp_path, LIMITS)
    session = here.open(None)
    choice = Choice(session.films[0], session.styles[0], size="36", excerpt=(0.0, 0.2))
    here.begin_preview(session, choice)
    first = session.preview
    assert first is not None
    here.begin_preview(session, replace(choice, excerpt=(0.2, 0.4)))
    second = session.preview
    assert second is not None
    assert not first.folder.exists()
    assert end_of(second, time.monotonic() + PATIENCE_SECONDS) == "done"
    assert second.report["frames"] == 5
    assert session.renders == []
    here.end_preview(session)
    assert not second.folder.exists()
    here.close()
