"""On twos and threes: painted frames are held, and the timing stays."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from helpers.clips import MakeClip, three_shots
from helpers.media_facts import facts
from helpers.renders import decoded
from vidnst.apps.cli.main import main
from vidnst.film.render import render
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.steady import SteadyOptions


def test_frames_are_held_and_a_cut_shows_a_new_one(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = three_shots(make_clip, frames=24)  # Cuts at 8 and 16.
    output = tmp_path / "on_threes.mkv"
    options = RenderOptions(source, style, output, on=3, encoding=EncodeOptions(codec="ffv1"))
    assert render(options).frames == 24
    pictures = decoded(output)
    new = [i for i in range(1, 24) if not np.array_equal(pictures[i], pictures[i - 1])]
    assert new == [3, 6, 8, 11, 14, 16, 19, 22]
    assert facts(output).pts_seconds == facts(source).pts_seconds


def test_held_frames_keep_uneven_timing(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    times = "if(lt(N,6),N*40,240+(N-6)*100)"
    source = make_clip(
        "uneven.mkv", "-vf", f"settb=1/1000,setpts='{times}'", "-fps_mode", "passthrough",
        "-enc_time_base", "1:1000",
    )  # fmt: skip
    output = tmp_path / "out.mkv"
    render(RenderOptions(source, style, output, on=2, steadying=SteadyOptions(steady=0)))
    seen = facts(output).pts_seconds
    assert seen == facts(source).pts_seconds
    assert seen[7] - seen[6] == Fraction(1, 10)


@pytest.mark.parametrize("on", ["0", "25"])
def test_a_wrong_hold_is_told(on: str, style: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a.mp4", "--style", str(style), "--on", on]) == 2
    assert "--on" in capsys.readouterr().err
