"""Many films in one command: one that fails stops no other."""

import json
from pathlib import Path

import pytest

from helpers.clips import MakeClip
from helpers.media_facts import facts
from vidnst.apps.batch import Outcome, render_batch
from vidnst.apps.cli.main import main
from vidnst.apps.cli.shot_list import listed
from vidnst.errors import UsageError
from vidnst.options.render import RenderOptions


def report(folder: Path) -> dict[str, object]:
    told = json.loads((folder / "batch.json").read_text())
    assert isinstance(told, dict)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_three_broken_clips_stop_no_other(
    workers: int,
    make_clip: MakeClip,
    style: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clips = tmp_path / "clips"
    for number in range(17):
        make_clip(f"clips/{number:02}.mp4", size="64x48", frames=3)
    (clips / "empty.mp4").write_bytes(b"")
    (clips / "text.mov").write_text("no film at all")
    whole = make_clip("clips/cut.mkv", size="64x48", frames=50).read_bytes()
    (clips / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    command = ["batch", str(clips), "--style", str(style), "--out", str(tmp_path / "out")]
    command += ["--workers", str(workers)]
    assert main(command) == 1
    told = capsys.readouterr().out
    assert "17 done, 0 skipped, 3 failed" in told
    assert len([line for line in told.splitlines() if line.startswith("failed")]) == 3
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 17
    assert facts(tmp_path / "out" / "03_wave.mp4").frame_count == 3
    reasons = {
        Path(entry["source"]).name: entry["reason"]
        for entry in report(tmp_path / "out")["renders"]  # type: ignore[attr-defined]
        if entry["state"] == "failed"
    }
    assert "is empty" in reasons["empty.mp4"]
    assert "cannot be read as a clip" in reasons["text.mov"]
    assert reasons["cut.mkv"]
    assert main(command) == 1
    assert "0 done, 17 skipped, 3 failed" in capsys.readouterr().out


def test_numbered_pictures_are_painted_too_from_inside_their_folder(
    photo: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    photo.rename(folder / "0001.png")
    monkeypatch.chdir(folder)
    command = ["--style", str(style), "--quiet"]
    assert main(["%04d.png", *command]) == 0
    assert main(["batch", "%04d.png", *command, "--out", str(tmp_path / "out")]) == 0
    for place in (tmp_path, tmp_path / "out"):
        assert (place / "frames_wave" / "000001.png").exists()


def test_each_film_is_painted_in_each_style(
    make_clip: MakeClip, style: Path, photo: Path, tmp_path: Path
) -> None:
    make_clip("clips/a.mp4", frames=3)
    make_clip("clips/inner/b.webm", frames=3)
    out = tmp_path / "out"
    command = ["batch", str(tmp_path / "clips"), "--out", str(out), "--quiet"]
    assert main([*command, "--style", str(style), "--style", str(photo)]) == 0
    results = sorted(str(path.relative_to(out)) for path in out.rglob("*.[mw]*") if path.is_file())
    assert results == [
        "a_photo.mp4", "a_wave.mp4", "inner/b_photo.webm", "inner/b_wave.webm",
    ]  # fmt: skip


def test_a_shot_list_has_settings_for_each_clip(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    make_clip("a.mp4", frames=12)
    make_clip("b.mp4", frames=12)
    toml = tmp_path / "shots.toml"
    toml.write_text(
        f'style = "{style}"\n[[clip]]\nsource = "a.mp4"\nend = 0.5\n'
        '[[clip]]\nsource = "b.mp4"\nsize = "48x32"\nno-audio = true\noutput = "named.mkv"\n'
    )
    out = tmp_path / "out"
    assert main(["batch", str(toml), "--out", str(out), "--quiet", "--steady", "0.5"]) == 0
    assert facts(out / "a_wave.mp4").frame_count == 6
    assert facts(out / "named.mkv").size_hw == (32, 48)
    comma = tmp_path / "shots.csv"
    comma.write_text(f"source,style,strength\na.mp4,{style},0\nb.mp4,{style},\n")
    films = listed([str(comma)])
    assert [film.settings for film in films] == [{"strength": "0"}, {}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[clip]]\nstyle = 'a.jpg'", "has no source"),
        ("source = 'a.mp4'", "lists no clips"),
        ("[[clip]", "is no TOML"),
    ],
)
def test_a_wrong_shot_list_is_told_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "shots.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        listed([str(path)])


def test_wrong_use_is_told_before_anything_is_rendered(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip("a.mp4", frames=3)
    out = ["--out", str(tmp_path / "out"), "--style", str(style)]
    assert main(["batch", str(tmp_path / "none*.mp4"), *out]) == 2
    assert main(["batch", str(clip), str(clip), *out]) == 2
    assert main(["batch", str(clip), *out, "--steady", "7"]) == 2
    assert main(["batch", str(clip), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 4
    assert "two renders" in err[1]


def test_what_fails_is_tried_again(
    style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def failing(options: RenderOptions, **_: object) -> None:
        tries.append(1)
        raise OSError("the share is gone")

    monkeypatch.setattr("vidnst.apps.batch.render", failing)
    options = RenderOptions(tmp_path / "a.mp4", style, tmp_path / "b.mp4")
    (outcome,) = render_batch([options], retry=2)
    assert len(tries) == 3
    assert outcome == Outcome(
        options.source, style, tmp_path / "b.mp4", "failed", "the share is gone"
    )


@pytest.mark.parametrize(("place", "out"), [(".", "rendered"), (".", "."), ("*.mp4", ".")])
def test_a_batch_does_not_paint_its_own_results(
    place: str,
    out: str,
    make_clip: MakeClip,
    style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_clip("clips/a.mp4", frames=3)
    monkeypatch.chdir(tmp_path / "clips")
    command = ["batch", place, "--out", out, "--style", str(style), "--strength", "0", "--quiet"]
    for _ in range(2):
        assert main(command) == 0
        assert len(report(Path(out))["renders"]) == 1  # type: ignore[arg-type]


def test_what_goes_beside_several_films_is_named_for_each(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    make_clip("clips/a.mp4", frames=3)
    make_clip("clips/b.mp4", frames=3)
    out = ["--out", str(tmp_path / "out"), "--compare", str(tmp_path / "both.mp4"), "--quiet"]
    arguments = ["batch", str(tmp_path / "clips"), "--style", str(style), "--strength", "0", *out]
    assert main(arguments) == 0
    names = sorted(path.name for path in tmp_path.glob("both*"))
    assert names == [f"both_a_{style.stem}.mp4", f"both_b_{style.stem}.mp4"]


@pytest.mark.parametrize(
    "line",
    ["style = 5", "style = [5]", "source = 5", 'output = "../../x.mp4"', 'output = "/x.mp4"',
     "output = 5", "strength = {a = 1}", 'mask = "a\\u0000"', "help = true", "strength = [[1]]"],
)  # fmt: skip
def test_a_wrong_value_of_a_shot_list_is_told_in_one_line(
    line: str, make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clip("a.mp4", frames=3)
    own = "" if line.startswith("source") else 'source = "a.mp4"\n'
    path = tmp_path / "shots.toml"
    path.write_text(f"[[clip]]\n{own}{line}\n")
    out = tmp_path / "out"
    assert main(["batch", str(path), "--out", str(out), "--style", str(style)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not out.exists()


def test_brackets_in_a_folders_name_are_taken_as_they_are(make_clip: MakeClip) -> None:
    clip = make_clip("takes [1]/a.mp4", frames=3)
    assert [film.source for film in listed([str(clip.parent / "*.mp4")])] == [clip]
