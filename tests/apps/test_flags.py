"""Whoever calls from Python reads the names of fields, whoever types a command those of flags."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.places import ROOT
from vidnst import Foreign, RenderOptions, StyleOptions, TuneOptions, UsageError
from vidnst.apps.cli.flags import _FLAGS, with_flags
from vidnst.apps.cli.main import main
from vidnst.apps.cli.webcam import webcam_options
from vidnst.apps.page.words import in_page_words
from vidnst.media.pictures import write_picture
from vidnst.options.output import EncodeOptions
from vidnst.options.webcam import OutputOptions

_COMMANDS_IN_FULL = {"apps/page/choice.py", "apps/page/rendering.py"}
"""They make commands: the one that the page shows, and that of the evaluator."""
_FLAG = re.compile(r"(?<![\w-])--[a-z]")
_NAMED = re.compile(r"`(\w+)[`=]")
_NOT_NAMES_BUT_VALUES = {"timecode"}


def texts_of(path: Path, *, docstrings: bool) -> Iterator[str]:
    """All texts in a file of code, with {} for what is filled in."""
    tree = ast.parse(path.read_text("utf-8"))
    parts = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    told = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if node in parts or (node in told and not docstrings):
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def files_below_the_command_line() -> Iterator[Path]:
    for path in (ROOT / "vidnst").rglob("*.py"):
        name = path.relative_to(ROOT / "vidnst").as_posix()
        if not name.startswith("apps/cli/") and name not in _COMMANDS_IN_FULL:
            yield path


def test_no_text_below_the_command_line_names_a_flag() -> None:
    named = [
        f"{path}: {text}"
        for path in files_below_the_command_line()
        for text in texts_of(path, docstrings=True)
        if _FLAG.search(text)
    ]
    assert named == []


def test_whatever_stands_in_backquotes_below_the_command_line_is_an_option() -> None:
    named = {
        name: str(path)
        for path in files_below_the_command_line()
        for text in texts_of(path, docstrings=False)
        for name in _NAMED.findall(text)
        if name not in _NOT_NAMES_BUT_VALUES
    }
    assert len(named) > 30
    assert {name: path for name, path in named.items() if name not in _FLAGS} == {}


def test_a_parser_knows_each_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from make_options import parsers

    known = {flag for parser in parsers().values() for flag in parser._option_string_actions}
    known |= {flag.replace("--no-", "--") for flag in known}
    assert {*_FLAGS.values()} - known == {"INPUT"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`tune_steps` is 0", "--tune-steps is 0"),
        ("`end_seconds` after `start_seconds`", "--end after --start"),
        ("`stylizer=tuned` needs `size=640x360`", "--stylizer tuned needs --size 640x360"),
        ("`resume=False`, `overwrite=True` or `output`", "--no-resume, --overwrite or -o"),
        ("`preset` of `codec=prores`", "--encoder-preset of --codec prores"),
        (
            "`unheard` and `unheard=1` stay, and a ` alone",
            "`unheard` and `unheard=1` stay, and a ` alone",
        ),
    ],
)
def test_a_field_between_backquotes_becomes_its_flag(text: str, told: str) -> None:
    assert with_flags(text) == told


def test_the_page_names_its_own_controls() -> None:
    assert in_page_words("give a smaller `size`") == "give a smaller Size"
    assert in_page_words("`size=640x360` would fit") == "Size 640x360 would fit"
    assert in_page_words("(`strict` refuses such files)") == "(--strict refuses such files)"


def test_an_error_in_python_names_the_field() -> None:
    with pytest.raises(UsageError, match=r"^`tune_steps` is 0, but must lie in 1\.\.100000$"):
        TuneOptions(tune_steps=0)
    with pytest.raises(UsageError, match=r"^`brush_size` is 99, "):
        StyleOptions(brush_size=99)
    job = RenderOptions(Path("a.mp4"), Path("b.jpg"))
    with pytest.raises(
        UsageError, match=r"^`end_seconds` is 1 s, .* after `start_seconds` \(2 s\)"
    ):
        replace(job, start_seconds=2, end_seconds=1)
    with pytest.raises(UsageError, match=r"`network` has none of: take `color=luminance`$"):
        replace(job, stylizer=Foreign(Path("n.pth")), painting=StyleOptions(color="match"))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    write_picture(path, np.full((32, 32, 3), 128, np.uint8))
    return path


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--stylizer", "tuned", "--tune-steps", "0", "--teach", "losses"],
         "--tune-steps is 0, but must lie in 1..100000"),
        (["--brush-size", "99"],
         "--brush-size is 99, but must lie in 0.5..25 (percent of height)"),
        (["--start", "2", "--end", "1"], "--end is 1 s, but must lie after --start (2 s)"),
        (["--strength", "2"], "--strength is 2, but must lie in 0..1"),
        (["--mask-softness", "60"], "--mask-softness is 60, but must lie in 0..50 (percent)"),
        (["--size", "8"], "--size 8x8: each side must lie in 16..8192"),
        (["--start-number", "x"], "--start-number is 'x', but must be a number or timecode"),
        (["-o", "photo.png"], "photo.png is the source itself: name another output (-o)"),
    ],
)  # fmt: skip
def test_the_same_error_of_a_command_names_the_flag(
    typed: list[str],
    told: str,
    picture: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(picture.parent)
    assert main([picture.name, "--style", "wave", *typed]) != 0
    assert capsys.readouterr().err == f"vidnst: {told}\n"


def test_a_batch_names_the_flag(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = picture.parent / "out"
    assert main(["batch", str(picture), "--style", "wave", "--start", "1", "--out", str(out)]) == 1
    told = "--start and --end have no meaning for a still picture"
    assert told in capsys.readouterr().out
    assert told in (out / "batch.json").read_text("utf-8")


def test_an_encoders_preset_is_told_apart_from_a_render_s() -> None:
    from vidnst.media.codecs import settings_of

    with pytest.raises(UsageError) as raised:
        settings_of("h264", EncodeOptions(preset="x"), "yuv420p")
    assert str(raised.value).startswith("`preset` ")
    assert with_flags(str(raised.value)).startswith("--encoder-preset ")


def test_a_switch_of_options_is_a_flag_that_turns_it() -> None:
    assert webcam_options(["--style", "wave"]).outputs == OutputOptions()
    given = ["--no-window", "--virtual-camera", "--http", "0", "--record", "a.mp4"]
    assert webcam_options(["--style", "wave", *given]).outputs == OutputOptions(
        window=False, http=0, virtual_camera=True, record=Path("a.mp4")
    )
