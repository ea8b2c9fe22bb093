"""What changes over a film: strength by keyframes, and styles that turn into each other."""

from pathlib import Path

import numpy as np
import pytest

from helpers.clips import MakeClip
from helpers.foreign_networks import WARMER, write_network
from helpers.renders import assert_same_film, decoded, stopped_and_resumed
from vidnst.apps.cli.arguments import render_options
from vidnst.apps.cli.main import main
from vidnst.film.render import render
from vidnst.media.pictures import read_style, write_picture
from vidnst.nets.distance import StyleJudge
from vidnst.options.render import RenderOptions


def uneven(make_clip: MakeClip) -> Path:
    """Frames at 0, 0.04 .. 0.2, then every 0.1 s: those of numbers 2 and 10 at 0.08 and 0.64 s."""
    times = "if(lt(N,6),N*40,240+(N-6)*100)"
    return make_clip(
        "uneven.mkv", "-vf", f"settb=1/1000,setpts='{times}'", "-fps_mode", "passthrough",
        "-enc_time_base", "1:1000", "-c:v", "ffv1", "-pix_fmt", "bgr0", frames=14,
    )  # fmt: skip


def options(source: Path, output: Path, *more: str) -> RenderOptions:
    lossless = ["--codec", "ffv1", "--pix-fmt", "bgr0", "--no-audio"]
    return render_options([str(source), "-o", str(output), *lossless, *more])


PAINTERS = ["fast", "gatys", "network", "mask"]


def painter(name: str, style: Path, folder: Path) -> list[str]:
    """The arguments that paint so."""
    if name == "network":
        network = write_network(folder / "warm.onnx", WARMER["0..255"], [1, 3, 224, 224])
        return ["--network", str(network), "--steady", "0"]
    if name == "gatys":
        few = ["--steps", "20", "--frame-steps", "20"]
        return ["--style", str(style), "--stylizer", "gatys", "--scales", "1", *few]
    if name == "mask":
        mask = np.zeros((64, 96, 3), np.uint8)
        mask[:, 30:] = 255
        write_picture(folder / "mask.png", mask)
        return ["--style", str(style), "--mask", str(folder / "mask.png"), "--steady", "0"]
    return ["--style", str(style), "--steady", "0"]


@pytest.mark.parametrize("name", PAINTERS)
def test_strength_is_exact_at_its_keyframes_under_a_variable_frame_rate(
    name: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    if name == "network":
        pytest.importorskip("onnx", reason="onnx is not installed")
    source, wanted = uneven(make_clip), painter(name, style, tmp_path)
    curve = ["--strength", "0@0.08s,1@0.64s"]
    render(options(source, tmp_path / "curve.mkv", *wanted, *curve))
    render(options(source, tmp_path / "full.mkv", *wanted))
    original, changing, full = (
        np.stack(decoded(path)).astype(int)
        for path in (source, tmp_path / "curve.mkv", tmp_path / "full.mkv")
    )
    for early in range(3):
        assert np.abs(changing[early] - original[early]).max() <= 1
    away = np.abs(changing - original).mean((1, 2, 3))
    assert (np.diff(away[2:11]) > 0).sum() >= 6
    if name == "gatys":
        # Each frame starts from the one before, which was painted otherwise: alike, not the same.
        at_full = [film[10].astype(np.uint8) for film in (changing, full, original)]
        judged = StyleJudge(read_style(style)).distances(at_full[2], at_full)
        changed, wanted_one, source_one = (distance for distance, _ in judged)
        assert changed < wanted_one + 0.25 * (source_one - wanted_one)
    else:
        assert np.abs(changing[10:] - full[10:]).max() <= 1


def test_one_style_turns_into_the_next(
    make_clip: MakeClip, style: Path, photo: Path, tmp_path: Path
) -> None:
    source = uneven(make_clip)
    both = ["--style", f"{style}@0.08s", "--style", f"{photo}@0.64s", "--steady", "0"]
    render(options(source, tmp_path / "both.mkv", *both))
    for name, path in (("first", style), ("second", photo)):
        only = ["--style", str(path), "--steady", "0"]
        render(options(source, tmp_path / f"{name}.mkv", *only))
    changing, first, second = (
        np.stack(decoded(tmp_path / f"{name}.mkv")).astype(int)
        for name in ("both", "first", "second")
    )
    assert np.abs(changing[:3] - first[:3]).max() <= 1
    assert np.abs(changing[10:] - second[10:]).max() <= 1
    assert np.abs(changing[6] - first[6]).mean() > 2
    assert np.abs(changing[6] - second[6]).mean() > 2


def test_keyframes_survive_a_stop(
    make_clip: MakeClip, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidnst.film.plan.frames_ahead", lambda size_hw: 10)
    source = make_clip("take.mp4", frames=100, rate="25")
    curve = ["--style", str(style), "--strength", "0@0s,1@4s"]
    once = options(source, tmp_path / "once.mkv", *curve)
    assert stopped_and_resumed(options(source, tmp_path / "a.mkv", *curve), once, after=60) == 48
    assert_same_film(tmp_path / "a.mkv", tmp_path / "once.mkv")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--strength", "0@2s,1@1s"], "must come after"),
        (["--strength", "lots"], "must be a number"),
        (["--style", "STYLE@4s"], "each style its time"),
    ],
)
def test_wrong_times_are_told_before_rendering(
    more: list[str],
    message: str,
    make_clip: MakeClip,
    style: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = make_clip("a.mp4", frames=3)
    more = [text.replace("STYLE", str(style)) for text in more]
    assert main([str(source), "--style", str(style), *more]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in source.parent.iterdir()] == ["a.mp4"]
