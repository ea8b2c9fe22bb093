"""Flow out of files, in place of what is found in the pictures: vidnst INPUT --flow-dir FOLDER."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.known_motion import SIZE_HW, KnownFrame, known_film, texture, warping_error
from helpers.pictures import brushwork
from vidnst.apps.cli.main import main
from vidnst.errors import MediaError, UsageError
from vidnst.film.manifest import manifest_of
from vidnst.film.paint import film_painter
from vidnst.film.plan import plan_film
from vidnst.film.prepare import prepare
from vidnst.film.profile import Profile
from vidnst.film.read import read_film
from vidnst.film.segments.segment import Segment
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_picture, write_picture
from vidnst.motion.files import FlowFolder, read_flow
from vidnst.motion.flow import Flow, View
from vidnst.motion.hold import Linker
from vidnst.motion.known import KnownFlow
from vidnst.motion.visibility import visible
from vidnst.options.optimizing import GatysOptions
from vidnst.options.render import RenderOptions
from vidnst.options.steady import FlowOptions, SteadyOptions
from vidnst.options.stylizers import Fast, Gatys, StylizerOptions

COUNT = 5
FIRST = 3
"""The number of the first picture."""


class FilmWithFlow:
    """Numbered pictures, and the exact flow between them, both ways."""

    def __init__(self, folder: Path) -> None:
        self.frames = list(known_film(COUNT))
        self.source, self.flow = folder / "source" / "%04d.png", folder / "flow"
        self.source.parent.mkdir()
        self.flow.mkdir()
        self.style = folder / "style.png"
        write_picture(self.style, brushwork())
        for number, frame in enumerate(self.frames, FIRST):
            write_picture(self.source.with_name(f"{number:04d}.png"), frame.picture)
            if frame.flow_cur_to_prev is not None:
                cv2.writeOpticalFlow(str(self.back(number)), frame.flow_cur_to_prev)
                np.save(self.forth(number - 1), opposite(frame.flow_cur_to_prev))

    def back(self, number: int) -> Path:
        return self.flow / f"backward_{number}_{number - 1}.flo"

    def forth(self, number: int) -> Path:
        return self.flow / f"forward_{number:05d}_{number + 1:05d}.npy"

    def painted(self, result: Path, *options: str, flow: bool = True) -> list[Picture]:
        """The frames as they come out."""
        known = ["--flow-dir", str(self.flow)] if flow else []
        pattern = result / "%04d.png"
        command = [str(self.source), "--style", str(self.style), "-o", str(pattern)]
        assert main([*command, *known, "--quiet", *options]) == 0
        return [read_picture(path) for path in sorted(result.iterdir())]

    def refused(self, capsys: pytest.CaptureFixture[str], result: Path, *options: str) -> str:
        """What is told in one line where the request cannot be met."""
        command = [str(self.source), "--style", str(self.style), "-o", str(result / "%04d.png")]
        assert main([*command, "--flow-dir", str(self.flow), "--quiet", *options]) == 2
        told = capsys.readouterr().err.strip()
        assert "\n" not in told
        assert not result.exists() or not [*result.iterdir()]
        return told


def opposite(flow: Flow) -> Flow:
    """The opposite of whole displacements; what nothing comes from moves as its neighbors do."""
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width]
    found = np.full_like(flow, -flow[-1, -1])
    at_y = (y + flow[..., 1].astype(int)).clip(0, height - 1)
    at_x = (x + flow[..., 0].astype(int)).clip(0, width - 1)
    found[at_y, at_x] = -flow
    moving = (flow != flow[-1, -1]).any(-1)  # The square hides the background.
    found[at_y[moving], at_x[moving]] = -flow[moving]
    return found


@pytest.fixture
def film(tmp_path: Path) -> FilmWithFlow:
    return FilmWithFlow(tmp_path)


def test_with_exact_flow_a_film_is_as_steady_as_with_what_is_found(
    film: FilmWithFlow, tmp_path: Path
) -> None:
    found = film.painted(tmp_path / "found", flow=False)
    known = film.painted(tmp_path / "known")
    assert not np.array_equal(found[2], known[2])
    assert warping_error(film.frames, known) <= warping_error(film.frames, found)


def test_an_excerpt_another_size_and_workers_take_the_flow_of_their_frames(
    film: FilmWithFlow, tmp_path: Path
) -> None:
    excerpt = ["--start", "0.08", "--size", "64x48"]
    alone = film.painted(tmp_path / "alone", *excerpt)
    assert len(alone) == COUNT - 2
    for number in (FIRST + 1, FIRST + 2):
        film.back(number).unlink()  # Before the excerpt's first frame.
    again = film.painted(tmp_path / "again", *excerpt, "--workers", "2")
    for one, other in zip(alone, again, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("stylizer", ["neighbor", "gatys"])
def test_stylizers_that_optimize_follow_the_flow(
    film: FilmWithFlow, tmp_path: Path, stylizer: str
) -> None:
    few = ["--stylizer", stylizer, "--frame-steps", "2", "--passes", "2"]
    few += ["--steps", "2"] if stylizer == "gatys" else ["--neighbor-steps", "1"]
    found = film.painted(tmp_path / "found", *few, flow=False)
    known = film.painted(tmp_path / "known", *few)
    assert not np.array_equal(known[2], found[2])


@pytest.mark.parametrize("stylizer", [Fast(), Gatys(GatysOptions(steps=(2,), frame_steps=2))])
def test_who_goes_on_from_a_state_knows_which_frames_it_is_of(
    film: FilmWithFlow, tmp_path: Path, stylizer: StylizerOptions
) -> None:
    options = RenderOptions(film.source, film.style, stylizer=stylizer, flow=FlowOptions(film.flow))
    planned = plan_film(options)
    prepared = prepare(planned, tmp_path)
    first, second = (
        film_painter(planned, Profile(), prepared, folder=tmp_path, at_once=1) for _ in range(2)
    )
    frames = list(read_film(planned, Segment(), prepared))
    painted = list(islice(first.paint(iter(frames)), 3))
    state = {name: value.copy() for name, value in first.state().items()}
    after = list(second.paint(iter(frames[3:]), state))
    whole = film_painter(planned, Profile(), prepared, folder=tmp_path, at_once=1)
    for one, other in zip(whole.paint(iter(frames)), [*painted, *after], strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)


def test_a_plan_does_not_change(film: FilmWithFlow) -> None:
    planned = plan_film(RenderOptions(film.source, film.style))
    with pytest.raises(FrozenInstanceError):
        planned.size_hw = (1, 1)  # type: ignore[misc]


def test_held_frames_take_what_lies_between(film: FilmWithFlow, tmp_path: Path) -> None:
    assert len(film.painted(tmp_path / "known", "--on", "2")) == COUNT


def test_a_changed_file_lets_a_job_start_anew(film: FilmWithFlow) -> None:
    options = RenderOptions(film.source, film.style, flow=FlowOptions(film.flow))
    before = manifest_of(plan_film(options))["inputs"]
    np.save(film.forth(FIRST), np.zeros((*SIZE_HW, 2), np.float32))
    assert manifest_of(plan_film(options))["inputs"] != before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda film: film.back(FIRST + 2).unlink(), "backward_5_4.flo"),
        (lambda film: film.forth(FIRST).unlink(), "forward_3_4.flo"),
        (
            lambda film: np.save(film.forth(FIRST), np.zeros((8, 9, 2), np.float32)),
            "of 9x8, but the film's frames are of 128x96",
        ),
        (
            lambda film: np.save(film.forth(FIRST), np.full((*SIZE_HW, 2), np.nan, np.float32)),
            "NaN",
        ),
        (lambda film: film.back(FIRST + 1).write_bytes(b"PIEH"), "no flow file"),
        (lambda film: film.back(FIRST + 1).rename(film.flow / "backward_3_4.flo"), "one before"),
        (lambda film: [path.unlink() for path in film.flow.iterdir()], "holds no flow"),
    ],
)
def test_what_is_missing_or_damaged_is_told_before_anything_is_painted(
    film: FilmWithFlow,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[FilmWithFlow], object],
    told: str,
) -> None:
    change(film)
    assert told in film.refused(capsys, tmp_path / "result")


def test_it_is_for_films_and_stands_alone(
    film: FilmWithFlow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "flow" in film.refused(capsys, tmp_path / "result", "--flow", "raft")
    still = film.source.with_name("0003.png")
    command = [str(still), "--style", str(film.style), "-o", str(tmp_path / "out.png")]
    assert main([*command, "--flow-dir", str(film.flow)]) == 2
    assert "still picture" in capsys.readouterr().err
    with pytest.raises(UsageError, match="no folder"):
        FlowFolder(tmp_path / "nowhere")


def test_flow_of_the_other_direction_is_noticed(
    film: FilmWithFlow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(film.source), "--style", str(film.style), "--flow-dir", str(film.flow)]
    assert main([*command, "-o", str(tmp_path / "right" / "%04d.png")]) == 0
    assert "turned around" not in capsys.readouterr().err
    for number in range(FIRST + 1, FIRST + COUNT):
        cv2.writeOpticalFlow(str(film.back(number)), -read_flow(film.back(number)))
    assert main([*command, "-o", str(tmp_path / "wrong" / "%04d.png")]) == 0
    assert "with x and y turned around" in capsys.readouterr().err


def test_one_folder_is_for_one_film(
    film: FilmWithFlow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["batch", str(film.source), str(film.source.with_name("%03d.png")), "--style"]
    command += [str(film.style), "--out", str(tmp_path / "out"), "--flow-dir", str(film.flow)]
    write_picture(film.source.with_name("001.png"), film.frames[0].picture)
    assert main(command) == 2
    assert "one film's motion" in capsys.readouterr().err


def test_evaluating_reads_the_same_folder(film: FilmWithFlow) -> None:
    flow, seen = KnownFlow(film.flow, SIZE_HW).pair(1)
    np.testing.assert_array_equal(flow, np.load(film.forth(FIRST + 1)))
    assert seen.any()


def view(frames: list[KnownFrame], number: int) -> View:
    return View(frames[number - FIRST].picture, number)


def test_flow_over_several_frames_is_put_together(film: FilmWithFlow) -> None:
    folder = FlowFolder(film.flow)
    back = folder.between(view(film.frames, FIRST + 3), view(film.frames, FIRST))
    np.testing.assert_array_equal(back[70, 20], [9, -3])  # Three steps of the background.
    half = (SIZE_HW[0] // 2, SIZE_HW[1] // 2)
    here, there = (View(texture(*half, 1), number) for number in (FIRST + 1, FIRST))
    np.testing.assert_allclose(folder.between(here, there)[40, 10], [1.5, -0.5])
    with pytest.raises(MediaError, match="forward_9_10"):
        folder.between(View(film.frames[0].picture, 9), View(film.frames[0].picture, 10))


def test_what_is_not_known_is_not_trusted(film: FilmWithFlow) -> None:
    flow = read_flow(film.back(FIRST + 1))
    flow[:, :40] = 1.7e9
    cv2.writeOpticalFlow(str(film.back(FIRST + 1)), flow)
    folder = FlowFolder(film.flow)
    before, here = view(film.frames, FIRST), view(film.frames, FIRST + 1)
    back, forth = folder.between(here, before), folder.between(before, here)
    seen = visible(back, forth)
    assert not seen[:, :40].any()
    assert seen[60:80, 60:].mean() > 0.8
    links = Linker(SteadyOptions(), size_hw=SIZE_HW, flow=folder).links(before, here)
    assert np.isfinite(links.back.places).all()
    assert not links.back.trusted[:, :40].any()
