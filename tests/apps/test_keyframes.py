"""Which frames are worth painting: coverage, names, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest

from helpers.pictures import brushwork, gradient_picture
from vidnst.apps.cli.main import main
from vidnst.apps.keyframes import SHEET, write_keyframes
from vidnst.errors import MediaError, OutputError
from vidnst.frames.frame import Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.excerpt import Excerpt
from vidnst.media.pictures import read_picture, write_picture
from vidnst.motion.coverage import choose_frames
from vidnst.options.painted import keyframe_seconds


def panorama() -> list[Picture]:
    """A camera that goes along a wall of blotches, by an eighth of its view from frame to frame."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (12, 60, 3)).astype(np.uint8)
    wall = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    return [wall[:, left : left + 160].copy() for left in range(0, 180, 20)]


def chosen(frames: list[Picture], most: int) -> list[int]:
    return sorted(each.index for each in choose_frames(frames, most=most))


def test_a_still_camera_needs_one_frame_and_two_shots_need_two() -> None:
    shot, other = panorama()[0], brushwork(96, 160)
    assert chosen([shot] * 5, 4) == [0]
    assert len(chosen([shot] * 3 + [other] * 3, 4)) == 2


def test_chosen_frames_show_what_the_others_do_not() -> None:
    frames = panorama()
    assert len(chosen(frames, 3)) == 3
    assert min(np.diff(chosen(frames, 3))) >= 2
    assert len(choose_frames(frames)) <= len(frames)


def test_what_is_covered_is_told_and_grows() -> None:
    found = choose_frames(panorama(), wanted=0.9)
    shares = [each.covered for each in found]
    assert shares == sorted(shares)
    assert shares[-1] >= 0.9 > shares[-2]


@pytest.fixture
def two_shots(tmp_path: Path) -> Path:
    """Numbered pictures of two shots, eight and seven frames long."""
    folder = tmp_path / "frames"
    folder.mkdir()
    pictures = [gradient_picture(96, 160)] * 8 + [brushwork(96, 160)] * 7
    for number, picture in enumerate(pictures):
        write_picture(folder / f"{number:06}.png", picture)
    return folder / "%06d.png"


def test_each_shot_gets_its_frame_named_by_its_time(two_shots: Path, tmp_path: Path) -> None:
    found = write_keyframes(two_shots, tmp_path / "paint")
    assert [each.shot for each in found] == [1, 2]
    frames = {float(f.pts * f.time_base): f.picture for f in decode(probe(two_shots))}
    for each in found:
        assert keyframe_seconds(each.path) == pytest.approx(each.seconds, abs=5e-4)
        assert np.array_equal(read_picture(each.path), frames[each.seconds])
    assert read_picture(tmp_path / "paint" / SHEET).shape[1] > 320


def test_times_count_from_the_clips_beginning_in_an_excerpt_too(
    two_shots: Path, tmp_path: Path
) -> None:
    times = [float(f.pts * f.time_base) for f in decode(probe(two_shots))]
    (found,) = write_keyframes(two_shots, tmp_path / "paint", excerpt=Excerpt(times[10], None))
    assert found.seconds in times[10:]
    with pytest.raises(MediaError, match="no frame"):
        write_keyframes(two_shots, tmp_path / "none", excerpt=Excerpt(1000.0, None))


def test_paintings_are_never_written_over_unasked(two_shots: Path, tmp_path: Path) -> None:
    out = tmp_path / "paint"
    first = write_keyframes(two_shots, out)[0].path
    first.write_bytes(b"painted")
    with pytest.raises(OutputError, match="may be painted"):
        write_keyframes(two_shots, out)
    assert first.read_bytes() == b"painted"
    write_keyframes(two_shots, out, overwrite=True)
    assert first.read_bytes() != b"painted"


def test_a_file_in_place_of_the_folder_is_named(two_shots: Path, tmp_path: Path) -> None:
    out = tmp_path / "paint"
    out.write_bytes(b"mine")
    with pytest.raises(OutputError, match="it is no folder"):
        write_keyframes(two_shots, out)
    assert out.read_bytes() == b"mine"


def test_a_keyframes_name_keeps_its_time() -> None:
    assert keyframe_seconds(Path("a/shot001_00002.400s.png")) == 2.4
    assert keyframe_seconds(Path("a/shot012_03600.000s.PNG")) == 3600
    assert keyframe_seconds(Path("a/sheet.png")) is None


def test_the_command_tells_what_it_found(
    two_shots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keyframes", str(two_shots), "--out", str(tmp_path / "a"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["shot"] for each in told] == [1, 2]
    assert all(Path(each["file"]).is_file() for each in told)
    assert main(["keyframes", str(two_shots), "--out", str(tmp_path / "b"), "--count", "1"]) == 0
    assert "shot001_" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--count", "0"], "--count"), (["--covered", "2"], "--covered"),
     (["--start", "5", "--end", "2"], "--start")],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_written(
    two_shots: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    out = tmp_path / "paint"
    assert main(["keyframes", str(two_shots), "--out", str(out), *arguments]) == 2
    assert named in capsys.readouterr().err
    assert not out.exists()
