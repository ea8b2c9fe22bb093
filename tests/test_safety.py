"""Nothing is removed or run that is not vidnst's, and what is named is not replaced unasked."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.clips import MakeClip, three_shots
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.errors import OutputError
from vidnst.film.inputs import inputs_of
from vidnst.film.manifest import manifest_of
from vidnst.film.plan import plan_film
from vidnst.film.segments.folder import job_folder
from vidnst.film.segments.job import Job
from vidnst.film.workers.isolation import python_command, spawn_context
from vidnst.film.workers.temporary import own_folder
from vidnst.options.optimizing import GatysOptions
from vidnst.options.render import RenderOptions
from vidnst.options.stylizers import Foreign, Gatys
from vidnst.options.workers import CrewOptions


def precious(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "keep.txt").write_text("mine")
    return folder


@pytest.mark.parametrize("kind", ["link", "folder", "foreign manifest", "link inside", "file"])
def test_what_lies_where_the_job_goes_is_not_touched(
    kind: str, make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, target = make_clip("a.mp4", frames=3), tmp_path / "out.mp4"
    folder, mine = job_folder(target), precious(tmp_path / "mine")
    if kind == "link":
        folder.symlink_to(mine)
    elif kind == "file":
        folder.write_text("mine")
    else:
        precious(folder)
    if kind == "foreign manifest":
        (folder / "manifest.json").write_text('{"name": "another program\'s"}')
    if kind == "link inside":
        (folder / "keep.txt").unlink()
        (folder / "lock").symlink_to(mine / "keep.txt")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    arguments = [str(clip), "--style", str(style), "-o", str(target), "--strength", "0"]
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "move it away" in line
    assert main(["jobs", str(tmp_path), "--clean"]) == 0
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
    assert (mine / "keep.txt").read_text() == "mine"


def test_a_file_put_into_a_job_outlives_it(tmp_path: Path) -> None:
    with Job(tmp_path / "out.mp4", {}) as job:
        (job.folder / "keep.txt").write_text("mine")
    assert [path.name for path in job.folder.iterdir()] == ["keep.txt"]


def test_a_link_that_leads_nowhere_is_not_replaced_unasked(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, target = make_clip("a.mp4", frames=3), tmp_path / "out.mp4"
    target.symlink_to(tmp_path / "nowhere.mp4")
    assert main([str(clip), "--style", str(style), "-o", str(target)]) == 1
    (tmp_path / "frames").symlink_to(tmp_path / "nowhere")
    numbered = str(tmp_path / "frames" / "%04d.png")
    assert main([str(clip), "--style", str(style), "-o", numbered]) == 1
    assert target.is_symlink()
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_numbered_pictures_do_not_replace_themselves(
    make_clip: MakeClip, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make_clip("in/%04d.png", frames=2)
    arguments = [str(first), "--style", str(style), "-o", str(first), "--overwrite"]
    assert main(arguments) == 1
    assert "is the source itself" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["random.py", "tempfile.py", "json.py"])
def test_other_pythons_run_nothing_of_the_working_directory(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("raise SystemExit('taken from the working directory')")
    done = subprocess.run(
        python_command("vidnst", "--version"), cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    spawned = (
        f"import sys; sys.path[:1] = [{str(ROOT)!r}]\n"
        "from vidnst.film.workers.isolation import spawn_context\n"
        "if __name__ == '__main__':\n"
        "    process = spawn_context().Process(target=print, args=('spawned',))\n"
        "    process.start(); process.join(); sys.exit(process.exitcode)\n"
    )
    script = tmp_path / "inner" / "main.py"
    script.parent.mkdir()
    script.write_text(spawned)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert spawn_context().get_start_method() == "spawn"


def test_the_manifest_knows_all_that_is_read_and_nothing_that_is_not_painted(
    make_clip: MakeClip, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, features = tmp_path / "n.onnx", tmp_path / "f.safetensors"
    options = RenderOptions(three_shots(make_clip, frames=6), style, tmp_path / "out.mp4")

    def told(options: RenderOptions) -> str:
        return json.dumps(manifest_of(plan_film(options)), default=str)

    by_features = Gatys(GatysOptions(features=str(features)))
    before = told(options)
    assert told(replace(options, audio=False)) == before
    assert told(replace(options, crew=CrewOptions(workers=3))) == before
    for changed, path in (
        (replace(options, stylizer=Foreign(network)), network),
        (replace(options, stylizer=by_features), features),
    ):
        path.write_bytes(b"one")
        first = told(changed)
        path.write_bytes(b"two")
        assert told(changed) != first
        assert path in [each.path for each in inputs_of(changed)]
    moved = replace(options, stylizer=by_features).with_paths(lambda path: Path("/there"))
    assert moved.stylizer.files == (("features", Path("/there")),)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert told(options) != before


def test_folders_of_killed_processes_are_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = tmp_path / "vidnst-worker-dead"
    dead.mkdir()
    (dead / "lock").touch()
    mine = precious(tmp_path / "vidnst-worker-mine")
    with own_folder("vidnst-worker-") as folder, own_folder("vidnst-worker-"):
        assert folder.exists()
        assert not dead.exists()
    assert list(tmp_path.iterdir()) == [mine]


def test_an_old_or_odd_manifest_crashes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = job_folder(tmp_path / "out.mp4")
    folder.mkdir()
    odd = {"software": {"vidnst": "0"}, "source": "\x1b[31m../a.mp4", "style": 3, "frames": "x"}
    (folder / "manifest.json").write_text(json.dumps(odd))
    assert main(["jobs", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "out.mp4" in told
    with Job(tmp_path / "out.mp4", {}) as job:
        assert job.restarted
    folder.mkdir()
    (folder / "manifest.json").write_text("[" * 100_000)
    assert main(["jobs", str(tmp_path)]) == 0
    with pytest.raises(OutputError, match="not vidnst's"), Job(tmp_path / "out.mp4", {}):
        pass
    assert os.listdir(folder) == ["manifest.json"]


def test_the_page_runs_and_reads_nothing_of_the_working_directory(tmp_path: Path) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    for name in ("streamlit.py", "random.py"):
        (tmp_path / name).write_text("raise SystemExit('taken from the working directory')")
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text("[server]\nbaseUrlPath = 'elsewhere'\n")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "page", "--port", "0"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        line = server.stdout.readline()
        server.terminate()
    assert line.startswith(b"http://127.0.0.1:")
