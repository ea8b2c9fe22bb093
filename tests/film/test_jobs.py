"""Unfinished renders, listed and removed."""

import json
from pathlib import Path

import pytest

from helpers.clips import MakeClip, three_shots
from helpers.renders import Stopped, stop_after
from vidnst.apps.cli.main import main
from vidnst.film.render import render
from vidnst.film.segments.folder import job_folder
from vidnst.options.render import RenderOptions


def test_unfinished_renders_are_listed_and_cleaned(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.mp4"
    options = RenderOptions(three_shots(make_clip, frames=60), style, output)
    with pytest.raises(Stopped):
        render(options, on_progress=stop_after(30))  # type: ignore[arg-type]
    assert main(["jobs", str(tmp_path), "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)
    assert job["frames"] == 20
    assert job["target"] == str(output)
    assert not job["at_work"]
    assert main(["jobs", str(tmp_path)]) == 0
    assert "film.mkv in wave" in capsys.readouterr().out
    assert main(["jobs", str(tmp_path), "--clean"]) == 0
    assert "removed" in capsys.readouterr().out
    assert not job_folder(output).exists()
    assert main(["jobs", str(tmp_path)]) == 0
    assert "no unfinished renders" in capsys.readouterr().out


def test_a_render_at_work_is_not_cleaned(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.mp4"

    def clean(progress: object) -> None:
        if getattr(progress, "frames_done", 0) == 30:
            assert main(["jobs", str(tmp_path), "--clean"]) == 0

    source = three_shots(make_clip, frames=60)
    assert render(RenderOptions(source, style, output), on_progress=clean).frames == 60
    assert "at work" not in capsys.readouterr().out
    assert output.exists()
