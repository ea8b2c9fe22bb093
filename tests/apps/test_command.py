"""The command as a person or a script meets it."""

import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.clips import TONE, MakeClip
from helpers.media_facts import facts
from helpers.places import ROOT
from vidnst import __version__
from vidnst.apps.cli.main import main


def test_the_main_job_writes_beside_the_input(
    make_clip: MakeClip, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip("holiday.mp4", inputs=TONE)
    assert main([str(source), "--style", str(style)]) == 0
    output = source.with_name("holiday_wave.mp4")
    assert facts(output).frame_count == 12
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{output}: 12 frames, 96x64, ")
    assert " fps" in shown.out
    assert main([str(source), "--style", str(style)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main([str(source), "--style", str(style), "--overwrite", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_tells_scripts_what_was_made(
    make_clip: MakeClip, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip("a.mp4")
    assert main([str(source), "--style", str(style), "--json"]) == 0
    shown = capsys.readouterr()
    figures = json.loads(shown.out)
    assert figures["frames"] == 12
    assert figures["size_hw"] == [64, 96]
    assert figures["frames_per_second"] > 0
    assert shown.err == ""


def test_info_tells_what_is_inside(make_clip: MakeClip, capsys: pytest.CaptureFixture[str]) -> None:
    source = make_clip("a.mp4", inputs=TONE)
    assert main(["info", str(source), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["size_hw"], told["frame_count"], told["audio"]) == ([64, 96], 12, ["aac"])
    assert main(["info", str(source)]) == 0
    assert re.search(r"size +96x64", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["info", "--help"],
        ["train", "--help"],
        ["train-encoder", "--help"],
        ["explore", "--help"],
        ["evaluate", "--help"],
        ["shots", "--help"],
        ["keyframes", "--help"],
        ["webcam", "--help"],
        ["--version"],
    ],
)
def test_help_needs_nothing_heavy(arguments: list[str]) -> None:
    heavy = "{'torch', 'cv2', 'av', 'numpy', 'tqdm'}"
    code = (
        "import sys\nfrom vidnst.apps.cli.main import main\n"
        f"try: main({arguments!r})\n"
        f"finally: sys.exit(3 if {heavy} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "vidnst" in done.stdout
    if arguments == ["--version"]:
        assert __version__ in done.stdout


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"]
)
def test_interrupting_leaves_no_half_video(
    sent: signal.Signals, code: int, make_clip: MakeClip, style: Path
) -> None:
    source = make_clip("long.mp4", size="320x240", frames=2000, rate="25", inputs=TONE)
    command = [sys.executable, str(ROOT / "cli.py"), str(source), "--style", str(style)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(path.suffix == ".vidnst" for path in source.parent.iterdir()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(sent)
    sent_at = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - sent_at < 10
    assert process.returncode == code
    assert "Traceback" not in err
    assert [path.name for path in source.parent.iterdir()] == ["long.mp4"]


_AS_OPENVINO_DOES = """
import os, sys, time
from vidnst.apps.cli import main as command

def run(arguments):
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(5)
    except BaseException as error:
        raise ImportError("initialization failed") from error

command.render.run = run
sys.exit(command.main(["clip.mp4"]))
"""


@pytest.mark.parametrize(
    ("sent", "code", "told"),
    [(signal.SIGINT, 130, "vidnst: interrupted\n"), (signal.SIGTERM, 143, "")],
)
def test_an_interrupt_that_a_library_takes_for_an_error_is_one(
    sent: signal.Signals, code: int, told: str
) -> None:
    command = [sys.executable, "-c", _AS_OPENVINO_DOES, str(int(sent))]
    ended = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (code, told)


def test_the_docs_name_every_flag_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from make_options import PAGE, parsers

    known = {
        name: {flag for action in parser._actions for flag in action.option_strings}
        for name, parser in parsers().items()
    }
    everyone = {flag for flags in known.values() for flag in flags if flag.startswith("--")}
    guides = {*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"} - {PAGE}
    told = {flag for page in guides for flag in _flags_in(page)}
    assert told <= everyone
    assert everyone & known["vidnst"] - told <= {"--help", "--help-all"}
    assert _flags_in(PAGE) == everyone - {"--help"}


def _flags_in(page: Path) -> set[str]:
    return set(re.findall(r"`(?:-\w, )?(--[a-z-]+)", page.read_text("utf-8")))


def test_the_page_of_options_is_what_the_parsers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from make_options import PAGE, options_page

    told = PAGE.read_text("utf-8")
    assert told == options_page(), "python docs/make_options.py brings the page up to date"


def test_figures_in_the_docs_are_the_measured_ones() -> None:
    spec = importlib.util.spec_from_file_location("readme", ROOT / "benchmarks" / "readme.py")
    assert spec is not None
    assert spec.loader is not None
    readme = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(readme)
    for figures in readme.PARTS.values():
        assert figures() in readme.PAGE.read_text("utf-8")


def test_the_debug_variable_shows_the_traceback(
    style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidnst.errors import MediaError

    monkeypatch.setenv("VIDNST_DEBUG", "1")
    with pytest.raises(MediaError):
        main(["nowhere.mp4", "--style", str(style)])
