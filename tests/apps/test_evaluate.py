"""The evaluator against figures computed by hand, and its command."""

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.clips import MakeClip
from helpers.known_motion import SIZE_HW, known_film
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.apps.evaluate import Comparison, drop, evaluate, ghost
from vidnst.errors import MediaError
from vidnst.frames.frame import Picture
from vidnst.media.pictures import write_picture
from vidnst.motion.flow import optical_flow


class KnownFilm:
    """A film on disk with its exact flow in MPI-Sintel's layout, and something painted of it."""

    def __init__(self, folder: Path) -> None:
        # Backward in time, so that flows lead from each frame to the next.
        self.frames = list(known_film(5))[::-1]
        rng = np.random.default_rng(11)
        self.painted = [
            rng.integers(0, 256, (*SIZE_HW, 3), np.uint8).astype(np.uint8) for _ in self.frames
        ]
        self.source = self._written(folder / "source", [f.picture for f in self.frames])
        self.result = self._written(folder / "result", self.painted)
        self.flow = folder / "training" / "flow" / "film"
        occlusions = folder / "training" / "occlusions" / "film"
        for place in (self.flow, occlusions):
            place.mkdir(parents=True)
        for number, frame in enumerate(self.frames[:-1], 1):
            assert frame.flow_cur_to_prev is not None
            assert frame.visible is not None
            cv2.writeOpticalFlow(str(self.flow / f"frame_{number:04d}.flo"), frame.flow_cur_to_prev)
            hidden = ((1 - frame.visible) * 255).astype(np.uint8)
            cv2.imwrite(str(occlusions / f"frame_{number:04d}.png"), hidden)

    @staticmethod
    def _written(folder: Path, pictures: list[Picture]) -> Path:
        folder.mkdir()
        for number, picture in enumerate(pictures, 1):
            write_picture(folder / f"{number:04d}.png", picture)
        return folder / "%04d.png"

    def errors_by_hand(self) -> tuple[list[float], list[float]]:
        """Of each pair, pixel by pixel: normalized by what is visible, and by the whole frame."""
        masked, whole = [], []
        for frame, before, now in zip(self.frames, self.painted, self.painted[1:], strict=False):
            assert frame.flow_cur_to_prev is not None
            assert frame.visible is not None
            total, count = 0.0, 0
            for y, x in zip(*np.nonzero(frame.visible), strict=True):
                dx, dy = frame.flow_cur_to_prev[y, x].astype(int)
                apart = before[y, x] / 255.0 - now[y + dy, x + dx] / 255.0
                total += float((apart**2).sum()) / 3
                count += 1
            masked.append(total / count)
            whole.append(total / frame.visible.size)
        return masked, whole


@pytest.fixture
def film(tmp_path: Path) -> KnownFilm:
    return KnownFilm(tmp_path)


def compared(film: KnownFilm) -> Comparison:
    return evaluate(film.source, [film.result], flow=optical_flow, known_flow=film.flow)


def test_known_flow_gives_the_figures_computed_by_hand(film: KnownFilm) -> None:
    comparison = compared(film)
    assert comparison.flow == "known"
    assert comparison.frame_count == 5
    (result,) = comparison.results
    masked, whole = film.errors_by_hand()
    np.testing.assert_allclose(result.pairs[1].masked, masked, rtol=0, atol=1e-6)
    np.testing.assert_allclose(result.pairs[1].whole, whole, rtol=0, atol=1e-6)
    assert result.warping_error() == pytest.approx(np.mean(masked), abs=1e-6)
    assert result.whole_error() == pytest.approx(np.mean(whole), abs=1e-6)
    visible = [f.visible.mean() for f in film.frames[:-1] if f.visible is not None]
    np.testing.assert_allclose(result.pairs[1].coverage, visible, rtol=0, atol=1e-6)
    means = [p.mean((0, 1)) for p in (film.painted[0], film.painted[-1])]
    of_source = [f.picture.mean((0, 1)) for f in (film.frames[0], film.frames[-1])]
    drift = np.abs((means[1] - means[0]) - (of_source[1] - of_source[0])).mean()
    assert result.drift == pytest.approx(drift, abs=1e-6)
    assert result.ghost is None


def test_ghosts_are_told_from_what_is_new() -> None:
    rng = np.random.default_rng(0)
    before, new = rng.uniform(40, 215, (2, 64, 96, 3))
    mixed = (0.7 * new + 0.3 * before).astype(np.uint8)
    assert ghost(before.astype(np.uint8), mixed) == pytest.approx(0.3, abs=0.03)
    assert ghost(before.astype(np.uint8), new.astype(np.uint8)) < 0.03
    flat = np.full((64, 96, 3), 7, np.uint8)
    assert ghost(flat, mixed) == 0


def test_a_drop_needs_both_errors() -> None:
    assert drop(1.0, 4.0) == 0.75
    assert drop(None, 4.0) is None
    assert drop(1.0, None) is None
    assert drop(1.0, 0.0) is None


def test_known_flow_that_does_not_fit_is_refused(film: KnownFilm, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no flow files"):
        evaluate(film.source, [film.result], flow=optical_flow, known_flow=tmp_path)
    first = film.flow / "frame_0001.flo"
    cv2.writeOpticalFlow(str(first), np.zeros((8, 8, 2), np.float32))
    with pytest.raises(MediaError, match="8x8"):
        compared(film)
    first.write_bytes(b"no flow")
    with pytest.raises(MediaError, match="no flow file"):
        compared(film)


def test_the_command_prints_a_table_json_csv_and_a_plot(
    make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip("source.mp4", frames=14)
    other = make_clip("other.mkv", "-vf", "negate", frames=14)
    noisy = make_clip("noisy.mkv", "-vf", "noise=alls=40:allf=t", frames=14)
    plot = tmp_path / "plot.png"
    arguments = ["evaluate", str(source), str(other), "--baseline", str(noisy)]
    arguments += ["--style", str(ROOT / "samples" / "wave.jpg"), "--plot", str(plot)]
    assert main(arguments) == 0
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table[:4]] == [
        "clip", "source.mp4", "noisy.mkv", "other.mkv"
    ]  # fmt: skip
    assert cv2.imread(str(plot)) is not None
    assert main(arguments) == 1
    assert "exists" in capsys.readouterr().err

    assert main([*arguments, "--overwrite", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 14
    of_source, of_noisy, of_other = told["clips"]
    assert of_source["content"] == pytest.approx(0, abs=1e-5)
    assert of_noisy["e_warp"] > of_other["e_warp"]
    assert of_other["drop"] == pytest.approx(1 - of_other["e_warp"] / of_noisy["e_warp"])
    assert of_noisy["maze"] == 1
    assert of_other["maze"] is not None
    assert len(of_other["pairs"]["1"]["e_warp"]) == 13
    assert len(of_other["pairs"]["10"]["e_warp"]) == 4

    assert main([*arguments, "--overwrite", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert float(rows[2]["e_warp"]) == pytest.approx(of_other["e_warp"])


def test_clips_of_other_lengths_are_refused(
    make_clip: MakeClip, capsys: pytest.CaptureFixture[str]
) -> None:
    long, short = make_clip("long.mp4", frames=8), make_clip("short.mp4", frames=5)
    assert main(["evaluate", str(long), str(short)]) == 1
    assert "short.mp4 has 5 frames" in capsys.readouterr().err
