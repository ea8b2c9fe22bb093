"""Files may be named as anything, and so may the folders they lie in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.clips import TONE, MakeClip
from helpers.media_facts import facts
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.apps.cli.tell import plain
from vidnst.media.clip import probe
from vidnst.media.names import is_pattern, is_sequence, numbered, sequence_numbers

ODD = [
    "9:30", "take:1", "50%dark", "100%done", "%d%d", "%04d", "%%", "100%", "-x", "@x", " x ",
    "it's \"x\"", "a\\b", "a\nb", "file:x", "[1]", "日本", "x;y|z&", "concat:a",
]  # fmt: skip
if os.name == "nt":
    ODD = ["50%dark", "100%done", "%04d", "-x", "@x", "it's", "[1]", "日本"]


def moved(path: Path, name: str) -> Path:
    target = path.parent / name
    target.parent.mkdir(exist_ok=True)
    return path.rename(target)


@pytest.mark.parametrize("name", ODD)
def test_a_film_and_its_folder_may_have_any_name(
    name: str, make_clip: MakeClip, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = moved(make_clip("plain.mp4", frames=3, inputs=TONE), f"{name}/{name}.mp4")
    monkeypatch.chdir(clip.parent)
    source = f"./{clip.name}"
    options = ["--style", str(style), "--strength", "0", "--quiet", "--compare", "both.mp4"]
    assert main([source, *options]) == 0
    result = clip.with_name(f"{name}_{style.stem}.mp4")
    assert facts(result).frame_count == 3
    assert probe(result).audio == ("aac",)
    assert sorted(path.name for path in clip.parent.iterdir()) == sorted(
        [clip.name, result.name, "both.mp4"]
    )


def test_a_gif_named_like_numbered_pictures_is_a_film(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    clip = moved(make_clip("a.gif", frames=3), "a%d/b%d.gif")
    assert main([str(clip), "--style", str(style), "--strength", "0", "--quiet"]) == 0
    assert facts(clip.with_name(f"b%d_{style.stem}.gif")).frame_count == 3


@pytest.mark.parametrize("name", ["50% grey.png", "50%dark.png", "a%02d.png"])
def test_a_photo_may_have_a_percent_sign(name: str, photo: Path, style: Path) -> None:
    photo = moved(photo, name)
    before = set(photo.parent.iterdir())
    assert main([str(photo), "--style", str(style), "--strength", "0", "--quiet"]) == 0
    (made,) = set(photo.parent.iterdir()) - before
    assert made.read_bytes()[1:4] == b"PNG"


def test_numbered_pictures_lie_in_any_folder(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    pictures = make_clip("in/%04d.png", frames=3).parent.rename(tmp_path / "50%d in")
    for path in list(pictures.iterdir()):
        path.rename(path.with_name(f"100% {path.name}"))
    out = tmp_path / "%03dout" / "9:% %05d.png"
    arguments = [str(pictures / "100% %04d.png"), "--style", str(style), "-o", str(out)]
    assert main([*arguments, "--strength", "0", "--quiet"]) == 0
    names = sorted(path.name for path in out.parent.iterdir())
    assert names == [f"9:% 0000{number}.png" for number in (1, 2, 3)]


def test_only_a_number_in_the_last_part_is_a_sequence(tmp_path: Path) -> None:
    assert is_pattern(Path("a/%d.png"))
    assert is_pattern(Path("a/x%06d.dpx"))
    for name in ("a%d/b.png", "50%.png", "50%dark.mp4", "%s.png", "%5d.png", "%d%d.png"):
        assert not is_pattern(Path(name))
    (tmp_path / "%d.png").touch()
    (tmp_path / "7.png").touch()
    assert not is_sequence(tmp_path / "%d.png")
    assert sequence_numbers(tmp_path / "%d.png") == [7]
    assert numbered(Path("100% %03d.png"), 7) == Path("100% 007.png")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
@pytest.mark.parametrize(
    "locale",
    [{}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
     {"PYTHONIOENCODING": "cp1252"}],
)  # fmt: skip
def test_a_name_that_is_no_text_is_painted_and_told(
    locale: dict[str, str], make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    clip = make_clip("a.mp4", frames=3)
    name = os.fsencode(tmp_path) + b"/\xff\xe9 \xe6\x97\xa5.mp4"
    os.rename(clip, name)
    command: list[object] = [sys.executable, ROOT / "cli.py", name, "--style", style]
    done = subprocess.run(
        [*command, "--strength", "0"],  # type: ignore[list-item]
        env=os.environ | {"PYTHONPATH": str(ROOT)} | locale, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"3 frames" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "| true"])
def test_a_closed_stream_does_no_harm(
    closing: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    clip, result = make_clip("a.mp4", frames=3), tmp_path / "out.mp4"
    command = (
        f"set -o pipefail; '{sys.executable}' '{ROOT / 'cli.py'}' '{clip}' --style '{style}' "
        f"--strength 0 -o '{result}' {closing}"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert facts(result).frame_count == 3


def test_a_long_name_is_painted_and_one_too_long_told_before(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = moved(make_clip("a.mp4", frames=3), "x" * 240 + ".mp4")
    options = ["--style", str(style), "--strength", "0", "--quiet"]
    assert main([str(clip), *options]) == 0
    clip = clip.rename(clip.with_name("x" * 248 + ".mp4"))
    assert main([str(clip), *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "name another (-o)" in line


def test_control_characters_are_told_as_escapes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(tmp_path / "\x1b[31mred\x07.mp4")]) == 1
    assert main(["batch", str(tmp_path / "\x1b]0;x\x07*.mp4"), "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "\\x1b[31mred\\x07.mp4" in err
    assert all(c.isprintable() or c == "\n" for c in err)
    assert plain("日本 a\n\udcff") == "日本 a\\n\\udcff"
