"""A render that was stopped goes on, and ends as if it never had been."""

import json
import multiprocessing
import os
import random
import sys
import time
from dataclasses import replace
from fractions import Fraction
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

import vidnst.film.plan as rendering_film
from helpers.clips import MakeClip, three_shots
from helpers.media_facts import facts
from helpers.renders import (
    FEW_STEPS,
    Stopped,
    assert_same_film,
    stop_after,
    stopped_and_resumed,
)
from vidnst.apps.cli.main import main
from vidnst.errors import OutputError
from vidnst.film.plan import longest_segment
from vidnst.film.render import Progress, render
from vidnst.film.segments.folder import job_folder
from vidnst.film.segments.job import Job
from vidnst.film.segments.segment import Plan, Record, Segment, frames_from
from vidnst.frames.frame import Frame, Picture
from vidnst.media.source import Reading, open_source
from vidnst.options.optimizing import NeighborOptions
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.stylizers import Fast, Gatys, Neighbor, StylizerOptions

# Processes that have imported already what takes long, but are no one's but the test's. Optimizers
# import torch._dynamo where they are first made.
_CHILDREN = multiprocessing.get_context("forkserver")
_CHILDREN.set_forkserver_preload(["vidnst.film.render", "torch._dynamo"])


def rendering(
    options: RenderOptions, told: Path, *, longest: int | None = None, **variables: str
) -> BaseProcess:
    """A process that renders, and writes into a file how many frames are done.

    longest: of its segments, in frames; variables: of its environment.
    """
    process = _CHILDREN.Process(target=_render, args=(options, told, longest, variables))
    process.start()
    return process


def _render(
    options: RenderOptions, told: Path, longest: int | None, variables: dict[str, str]
) -> None:
    os.environ |= variables
    if longest is not None:
        pytest.MonkeyPatch().setattr(rendering_film, "longest_segment", lambda *_: longest)
    done = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def tell(progress: Progress) -> None:
        os.pwrite(done, b"%08d" % progress.frames_done, 0)

    render(options, on_progress=tell)


@pytest.mark.slow
@pytest.mark.parametrize(
    "stylizer",
    [Fast(), Neighbor(FEW_STEPS, NeighborOptions(neighbor_steps=2)), Gatys(FEW_STEPS)],
    ids=lambda stylizer: stylizer.name,
)
def test_a_render_killed_ten_times_ends_as_if_it_never_was(
    stylizer: StylizerOptions,
    make_clip: MakeClip,
    style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Short segments, two of each shot, so that a short film has many.
    frames, longest = (30, 6) if stylizer.optimizes else (120, 24)
    monkeypatch.setattr(rendering_film, "longest_segment", lambda *_: longest)
    source = three_shots(make_clip, frames=frames)
    options = RenderOptions(source, style, tmp_path / "killed.mp4", stylizer=stylizer)
    whole = tmp_path / "whole.mp4"
    started = time.monotonic()
    render(replace(options, output=whole))
    took = time.monotonic() - started
    told = tmp_path / "told"
    chance = random.Random(stylizer.name)
    kills = kept = 0
    while kills < 10:
        told.write_bytes(b"")
        process = rendering(options, told, longest=longest)
        while not told.read_bytes() and process.is_alive():
            time.sleep(0.01)
        process.join(chance.uniform(0, took / 3))
        if process.is_alive():
            process.kill()
            process.join()
            kills += 1
            if options.output.exists():  # type: ignore[union-attr]
                options.output.unlink()  # type: ignore[union-attr]
                kept = 0
                continue  # It was whole: what follows renders anew.
            done = int(told.read_bytes())
            with_records = job_folder(options.output).glob("segment_*.json")  # type: ignore[arg-type]
            now = sum(len(json.loads(path.read_text())["pts"]) for path in with_records)
            assert now >= kept
            assert done - now <= longest + 1
            kept = now
        else:
            assert process.exitcode == 0
            assert_same_film(options.output, whole)  # type: ignore[arg-type]
            options.output.unlink()  # type: ignore[union-attr]
            kept = 0
    report = render(options)
    assert report.frames == frames
    assert report.resumed_frames == kept
    assert_same_film(report.output, whole)
    assert facts(report.output).packets == facts(whole).packets
    assert sorted(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("stylizer", "size_hw", "longest"),
    [(Fast(), (48, 64), 256), (Fast(), (1080, 1920), 48), (Neighbor(), (48, 64), 12)],
)
def test_a_stop_costs_at_most_one_segment_of_so_many_frames(
    stylizer: StylizerOptions, size_hw: tuple[int, int], longest: int
) -> None:
    options = RenderOptions(Path("a.mp4"), Path("b.png"), stylizer=stylizer)
    assert longest_segment(options, size_hw) == longest


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("out.mov", {"encoding": EncodeOptions(codec="prores")}),
        ("out.webm", {}),
        ("out.gif", {}),
        ("out.mkv", {"steadying": SteadyOptions(lookahead=1)}),
        ("out.mp4", {"on": 3}),
        ("out.mp4", {"start_seconds": 0.5, "encoding": EncodeOptions(codec="h265")}),
    ],
)
def test_every_way_of_writing_resumes(
    name: str, extra: dict[str, object], make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = three_shots(make_clip, frames=90)
    options = RenderOptions(source, style, tmp_path / name, **extra)  # type: ignore[arg-type]
    other = RenderOptions(source, style, tmp_path / f"whole_{name}", **extra)  # type: ignore[arg-type]
    resumed = stopped_and_resumed(options, other, after=50)
    assert resumed == (47 if "start_seconds" in extra else 30)
    assert_same_film(tmp_path / name, tmp_path / f"whole_{name}")


def test_a_long_shot_goes_on_in_its_middle(
    make_clip: MakeClip, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidnst.film.plan.frames_ahead", lambda size_hw: 10)
    source = make_clip("take.mp4", frames=150, rate="25")
    options = RenderOptions(source, style, tmp_path / "out.mp4")
    whole = RenderOptions(source, style, tmp_path / "whole.mp4")
    assert stopped_and_resumed(options, whole, after=100) == 96
    assert_same_film(tmp_path / "out.mp4", tmp_path / "whole.mp4")


def test_numbered_pictures_resume(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    source = three_shots(make_clip, frames=90)
    options = RenderOptions(source, style, tmp_path / "a" / "%04d.png")
    whole = RenderOptions(source, style, tmp_path / "b" / "%04d.png")
    assert stopped_and_resumed(options, whole, after=50) == 30
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [f"{number:04d}.png" for number in range(1, 91)]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_other_settings_start_anew_and_say_which(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = three_shots(make_clip, frames=90)
    output = tmp_path / "out.mp4"
    with pytest.raises(Stopped):
        render(RenderOptions(source, style, output), on_progress=stop_after(50))  # type: ignore[arg-type]
    notes: list[str] = []
    steady = SteadyOptions(steady=0.5)
    report = render(
        RenderOptions(source, style, output, steadying=steady),
        on_progress=lambda progress: notes.extend(progress.notes),
    )
    assert report.resumed_frames == 0
    assert "settings.steadying.steady" in notes[0]
    assert "anew" in notes[0]


def test_no_resume_starts_anew(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    options = RenderOptions(three_shots(make_clip, frames=90), style, tmp_path / "out.mp4")
    with pytest.raises(Stopped):
        render(options, on_progress=stop_after(50))  # type: ignore[arg-type]
    assert main([str(options.source), "--style", str(style), "-o", str(options.output),
                 "--no-resume", "--quiet"]) == 0  # fmt: skip
    assert facts(tmp_path / "out.mp4").frame_count == 90


def test_two_renders_of_one_result_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with Job(target, {}), pytest.raises(OutputError, match="another vidnst"), Job(target, {}):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_half_counts_for_nothing(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    record = Record(Segment(), (0, 1), (1, 1), (0, 1), Segment(1, 2))
    with Job(target, {}) as job:
        path = job.segment_path(0, ".nut")
        path.write_bytes(b"whole")
        job.finish(record, {"last": np.zeros(3)}, [path])
        (job.folder / "segment_000001.json").write_text('{"segment": {"number"')
    with Job(target, {}) as job:
        assert job.records == {0: record}
        assert job.next_segment == Segment(1, 2)
        job.records.clear()


def film(pictures: list[Picture]) -> list[Frame]:
    return [
        Frame(picture, pts=3 * index, duration=3, time_base=Fraction(1, 75), opens_shot=index == 0)
        for index, picture in enumerate(pictures)
    ]


def test_a_plan_is_the_same_wherever_it_begins() -> None:
    pictures = [np.full((4, 4, 3), index, np.uint8) for index in range(50)]

    def planned(start: Segment) -> list[Segment]:
        plan = Plan(start, longest=20)
        frames = list(plan.follow(iter(film(pictures)[start.first_frame :])))
        begun = [plan.beginning(start.first_frame + index) for index in range(len(frames))]
        return [segment for segment in begun if segment is not None]

    whole = planned(Segment())
    assert [segment.first_frame for segment in whole] == [0, 20, 40]
    assert planned(whole[1]) == whole[1:]


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "ffv1"])
def test_a_film_is_entered_where_a_segment_begins(codec: str, make_clip: MakeClip) -> None:
    source = open_source(make_clip("a.mkv", "-c:v", codec, "-g", "25", frames=120, rate="25"))
    plan = Plan(Segment(), longest=50)
    frames = list(plan.follow(frames_from(source, Segment(), Reading())))
    segments = [s for index in range(120) if (s := plan.beginning(index)) is not None]
    again = list(frames_from(source, segments[-1], Reading()))
    assert [frame.pts for frame in again] == [frame.pts for frame in frames[100:]]
    assert all(
        np.array_equal(a.picture, b.picture) for a, b in zip(again, frames[100:], strict=True)
    )
    assert [frame.opens_shot for frame in again] == [frame.opens_shot for frame in frames[100:]]


def test_a_film_may_be_named_as_anything(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    source = make_clip("a.mp4", frames=3)
    assert render(RenderOptions(source, style, tmp_path / "film.mp4")).frames == 3


_OUTLIVING = """#!{python}
import os, subprocess, sys, time
if "-i" not in sys.argv:  # Asked for its version.
    sys.exit()
target = next(word for word in sys.argv if word.endswith("killed.mp4"))
with open(target.removeprefix("file:"), "wb") as opened:
    open({started!r}, "w").close()
    while not os.path.exists({released!r}):
        time.sleep(0.01)
    opened.write(b"late")
os.rename({released!r}, {ended!r})
"""


def test_what_a_killed_render_left_running_does_not_touch_the_result(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = three_shots(make_clip, frames=30)
    options = RenderOptions(source, style, tmp_path / "killed.mp4")
    signs = {name: str(tmp_path / name) for name in ("started", "released", "ended")}
    program = tmp_path / "ffmpeg"
    program.write_text(_OUTLIVING.format(python=sys.executable, **signs))
    program.chmod(0o755)
    child = rendering(options, tmp_path / "told", IMAGEIO_FFMPEG_EXE=str(program))
    _wait_for(Path(signs["started"]))
    child.kill()
    child.join()
    assert render(options).resumed_frames == 30
    whole = (tmp_path / "killed.mp4").read_bytes()
    Path(signs["released"]).touch()
    _wait_for(Path(signs["ended"]))
    assert (tmp_path / "killed.mp4").read_bytes() == whole


def _wait_for(path: Path) -> None:
    limit = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.mark.parametrize("there", [False, True])
def test_pictures_that_were_on_the_way_to_their_place_are_painted_again(
    there: bool, make_clip: MakeClip, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = three_shots(make_clip, frames=30)
    target = tmp_path / "a" / "%04d.png"
    if there:
        target.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("vidnst.film.segments.job.put_in_place", _half_put_in_place)
        with pytest.raises(Stopped):
            render(RenderOptions(source, style, target))
    render(RenderOptions(source, style, target, overwrite=True))
    assert len(list(target.parent.iterdir())) == 30
    render(RenderOptions(source, style, tmp_path / "b" / "%04d.png"))
    for path in target.parent.iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def _half_put_in_place(path: Path, target: Path) -> None:
    """As a kill in the middle leaves it."""
    target.parent.mkdir(exist_ok=True)
    for number in range(1, 12):
        (path.parent / (path.name % number)).rename(target.parent / (target.name % number))
    raise Stopped
