"""Segments painted by many workers make the film that one process makes."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from helpers.clips import MakeClip, clips_in, three_shots
from helpers.renders import FEW_STEPS, assert_same_film
from vidnst.apps.cli.main import main
from vidnst.film.prepared import NOTHING
from vidnst.film.render import Progress, render
from vidnst.film.workers.cluster import ClusterWorker
from vidnst.film.workers.worker import Order
from vidnst.media.digest import content_digest
from vidnst.options.learning import TeachOptions
from vidnst.options.optimizing import NeighborOptions
from vidnst.options.render import RenderOptions
from vidnst.options.stylizers import Gatys, StylizerOptions, Tuned
from vidnst.options.workers import CrewOptions


def running(named: str) -> list[psutil.Process]:
    """All processes of this machine that live and have a name in their command line."""
    found = psutil.process_iter(["cmdline"])  # None for one that has ended, but not been waited for
    return [process for process in found if named in " ".join(process.info["cmdline"] or [])]


def children(named: str) -> list[psutil.Process]:
    own = {process.pid for process in psutil.Process().children(recursive=True)}
    return [process for process in running(named) if process.pid in own]


def kill_one_when_painting(named: str) -> "object":
    """A listener that kills a worker once the first frames are done."""
    killed: list[int] = []

    def listen(progress: Progress) -> None:
        if progress.frames_done and not killed:
            process = children(named)[0]
            killed.append(process.pid)
            process.kill()

    listen.killed = killed  # type: ignore[attr-defined]
    return listen


@pytest.fixture(scope="module")
def whole(style: Path, tmp_path_factory: pytest.TempPathFactory) -> RenderOptions:
    """A film of three shots, rendered by one process."""
    folder = tmp_path_factory.mktemp("whole")
    options = RenderOptions(three_shots(clips_in(folder)), style, folder / "whole.mp4")
    render(options)
    return options


@pytest.mark.slow
def test_processes_make_the_same_film_and_one_may_die(whole: RenderOptions, tmp_path: Path) -> None:
    listen = kill_one_when_painting("spawn_main")
    options = RenderOptions(
        whole.source, whole.style, tmp_path / "spread.mp4", crew=CrewOptions(workers=2)
    )
    assert render(options, on_progress=listen).frames == 300  # type: ignore[arg-type]
    assert listen.killed  # type: ignore[attr-defined]
    assert_same_film(tmp_path / "spread.mp4", whole.output)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    "stylizer",
    [
        Tuned(
            FEW_STEPS,
            teaching=TeachOptions(lessons=1, lesson_steps=3),
            neighbor=NeighborOptions(neighbor_steps=1),
        ),
        Gatys(FEW_STEPS),
    ],
    ids=lambda stylizer: stylizer.name,
)
def test_processes_paint_with_every_stylizer(
    stylizer: StylizerOptions, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = three_shots(make_clip, frames=90)
    for name, crew in (("one", CrewOptions()), ("two", CrewOptions(workers=2))):
        render(RenderOptions(source, style, tmp_path / f"{name}.mkv", stylizer=stylizer, crew=crew))
    assert_same_film(tmp_path / "one.mkv", tmp_path / "two.mkv")


def test_numbered_pictures_come_from_processes_too(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = three_shots(make_clip, frames=30)
    for name, crew in (("one", CrewOptions()), ("two", CrewOptions(workers=2))):
        render(RenderOptions(source, style, tmp_path / name / "%04d.png", crew=crew))
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 30
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A Ray cluster of this test's own with room for two workers; its address."""
    if find_spec("ray") is None:
        pytest.skip("ray is not installed")
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {"RAY_DISABLE_IMPORT_WARNING": "1"}
    subprocess.run(
        [*ray, "start", "--head", "--port", port, "--num-cpus", "2", "--include-dashboard",
         "false", "--object-store-memory", "200000000"],
        check=True, env=environment, **quiet,  # type: ignore[call-overload]
    )  # fmt: skip
    yield f"127.0.0.1:{port}"
    subprocess.run([*ray, "stop", "--force"], check=False, **quiet)  # type: ignore[call-overload]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_makes_the_same_film_and_one_worker_may_die(
    cluster: str, whole: RenderOptions, tmp_path: Path
) -> None:
    killed: list[int] = []

    def listen(progress: Progress) -> None:
        if progress.frames_done and not killed:
            worker = running("ray::ClusterWorker")[0]
            killed.append(worker.pid)
            worker.kill()

    crew = CrewOptions(cluster=cluster, workers=2)
    options = RenderOptions(whole.source, whole.style, tmp_path / "ray.mp4", crew=crew)
    assert render(options, on_progress=listen).frames == 300
    assert killed
    assert_same_film(tmp_path / "ray.mp4", whole.output)  # type: ignore[arg-type]


@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_not_there_is_told(
    style: Path, make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip("a.mp4", frames=3)
    code = main([str(clip), "--style", str(style), "--cluster", "127.0.0.1:1"])
    err = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert "there is no Ray cluster" in err[-1]
    assert sorted(path.name for path in clip.parent.iterdir()) == ["a.mp4"]


def test_a_worker_takes_what_its_node_does_not_see(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    clip = make_clip("a.mp4", frames=3)
    content = clip.read_bytes()
    options = RenderOptions(clip, style, tmp_path / "out.mp4")
    digests = {clip: content_digest(clip), style: content_digest(style)}
    clip.unlink()
    worker = ClusterWorker(Order(options, NOTHING), digests, threads=1)
    assert worker.missing() == [clip]
    worker.receive(clip, content)
    assert worker.missing() == []
