"""Settings in files: projects and presets say what the command line says."""

from pathlib import Path

import pytest

from helpers.clips import MakeClip
from helpers.media_facts import facts
from helpers.places import ROOT
from vidnst.apps.cli.arguments import job_parser, render_options
from vidnst.apps.cli.main import main
from vidnst.apps.cli.toml_arguments import as_arguments, as_toml
from vidnst.errors import UsageError
from vidnst.options.built_in import built_in_style
from vidnst.options.text import presets, read_toml


def test_a_dumped_project_renders_the_same(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip("a.mp4", frames=12)
    given = [clip.name, f"--style={style}", "--end", "0.5", "--size", "48x32", "--no-audio"]
    assert main([*given, "-o", "b.mkv", "--steady=0.5", "--dump-project"]) == 0
    project = tmp_path / "my.toml"
    project.write_text(capsys.readouterr().out)
    assert 'source = "a.mp4"\n' in project.read_text()
    assert "end = 0.5\n" in project.read_text()
    assert "no-audio = true\n" in project.read_text()
    assert main(["render", str(project), "--quiet"]) == 0
    assert facts(tmp_path / "b.mkv").frame_count == 6
    assert facts(tmp_path / "b.mkv").size_hw == (32, 48)


def test_what_is_given_after_a_project_wins(
    make_clip: MakeClip, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip("inner/a.mp4", frames=12)
    project = tmp_path / "inner" / "my.toml"
    project.write_text(f'source = "a.mp4"\nstyle = "{style}"\nend = 0.5\n')
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(project), "--end", "0.25", "-o", "here.mp4", "--quiet"]) == 0
    assert facts(tmp_path / "here.mp4").frame_count == 3


def test_settings_and_arguments_turn_into_each_other() -> None:
    parser = job_parser()
    settings = {"style": "a.jpg", "strength": 0.5, "steps": [5, 4], "no-audio": True}
    arguments = as_arguments(settings, parser)
    assert arguments == ["--style=a.jpg", "--strength=0.5", "--steps=5+4", "--no-audio"]
    text = as_toml(["a.mp4", *arguments], parser)
    assert text == (
        'source = "a.mp4"\nstyle = "a.jpg"\nstrength = 0.5\nsteps = "5+4"\nno-audio = true\n'
    )


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_understood_and_what_is_given_wins(name: str) -> None:
    looks = "style" in read_toml(ROOT / "vidnst" / "options" / "presets" / f"{name}.toml")
    options = render_options(["a.mp4", "--preset", name, *([] if looks else ["--style", "b.jpg"])])
    assert options != render_options(["a.mp4", "--style", "b.jpg"])
    own = render_options(["a.mp4", "--preset", name, "--style", "b.jpg", "--strength", "0.123"])
    assert own.painting.strength == 0.123
    assert own.style == Path("b.jpg")
    assert not own.mixing.others


def test_a_style_on_the_command_line_is_not_mixed_with_the_preset_s() -> None:
    ink = render_options(["a.mp4", "--preset", "ink"])
    assert ink.style == built_in_style("ink")
    for given in (["--style=b.jpg"], ["--style", "b.jpg", "--style", "c.jpg"]):
        alone = render_options(["a.mp4", *given])
        mixed = render_options(["a.mp4", *given, "--preset", "ink"])
        assert (mixed.style, mixed.mixing) == (alone.style, alone.mixing)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.mp4", "--style", "b.jpg", "--preset", "nonesuch"], "must be one of"),
        (["a.mp4", "--style", "b.jpg", "--preset", "nowhere.toml"], "cannot be read"),
    ],
)
def test_a_wrong_preset_is_told_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        render_options(arguments)


def test_a_wrong_project_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("source = ", "style = 'a.jpg'", "source = 'a.mp4'\n[style]\nx = 1"):
        (tmp_path / "bad.toml").write_text(text)
        assert main(["render", str(tmp_path / "bad.toml")]) == 2
    with pytest.raises(UsageError):
        read_toml(tmp_path / "none.toml")
    assert len(capsys.readouterr().err.splitlines()) == 3
