"""The styles that ship: found wherever styles are named, listed, and painted by our code."""

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import vidnst
from helpers.clips import MakeClip
from helpers.places import ROOT
from vidnst.apps.cli.arguments import render_options
from vidnst.apps.cli.batch import _batch, batch_parser
from vidnst.apps.cli.main import main
from vidnst.apps.cli.webcam import webcam_options
from vidnst.apps.page.choice import Choice
from vidnst.apps.page.options import PageLimits
from vidnst.apps.page.session import Sessions
from vidnst.errors import MediaError
from vidnst.film.delivery.contact_sheet import grid
from vidnst.media.pictures import read_picture
from vidnst.options.built_in import BUILT_IN, built_in_style
from vidnst.options.render import RenderOptions
from vidnst.options.text import read_toml

INK, GLASS = built_in_style("ink"), built_in_style("glass")
PAINTED = [name for name in BUILT_IN if name not in ("wave", "mosaic")]


class Seen(Exception):
    """Raised in place of the work that a command would begin."""


def handed_on(monkeypatch: pytest.MonkeyPatch, work: str, arguments: list[str]) -> Any:
    """What a command hands to its work, by that one's dotted name."""
    told: list[Any] = []

    def spy(*args: Any, **named: Any) -> None:
        told.extend([args, named])
        raise Seen

    monkeypatch.setattr(work, spy)
    with pytest.raises(Seen):
        main(arguments)
    return told


def of_render(*arguments: str) -> RenderOptions:
    return render_options(["clip.mp4", *arguments])


LISTS = {
    "toml": """
style = "ink"
[[clip]]
source = "a.mp4"
[[clip]]
source = "b.mp4"
style = ["ink", "glass"]
""",
    "csv": "source,style\na.mp4,ink\nb.mp4,glass\n",
}


def in_a_shot_list(*, ending: str) -> list[Path]:
    Path("lists").mkdir()
    Path(f"lists/shots.{ending}").write_text(LISTS[ending])
    args = batch_parser().parse_args([f"lists/shots.{ending}", "--out", "done"])
    return [each.style for each in _batch(args)]


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        (lambda: [of_render("--style", "ink").style], [INK]),
        (lambda: [s.path for s in of_render("--style", "ink:0.7", "--style", "glass:2").styles],
         [INK, GLASS]),
        (lambda: [s.path for s in of_render("--style", "ink@0s", "--style", "glass@2s").styles],
         [INK, GLASS]),
        (lambda: [of_render("--style", "a.jpg", "--fine-style", "ink").mixing.fine], [INK]),
        (lambda: [r.style for r in of_render(
            "--region", "sky:m.png=ink", "--region", "rest=glass").regions.regions], [INK, GLASS]),
        (lambda: [r.style for r in of_render(
            "--style", "ink", "--mask", "m.png").regions.regions], [INK]),
        (lambda: webcam_options(["--style", "ink", "glass"]).styles, (INK, GLASS)),
        (lambda: in_a_shot_list(ending="toml"), [INK, INK, GLASS]),
        (lambda: in_a_shot_list(ending="csv"), [INK, GLASS]),
    ],
)  # fmt: skip
def test_a_style_that_ships_is_found_by_its_name(
    found: Callable[[], Any], meant: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert found() == meant


def test_weights_and_times_of_named_styles_are_theirs() -> None:
    assert [s.weight for s in of_render("--style", "ink:0.7", "--style", "glass").styles] == [
        0.7,
        1,
    ]
    timed = of_render("--style", "ink@0s", "--style", "glass@2s")
    assert timed.timing.style_seconds == (0, 2)


def test_the_commands_beside_the_main_one_find_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    args, _ = handed_on(
        monkeypatch, "vidnst.apps.tune.tune_clip", ["tune", "a.mp4", "--style", "ink"]
    )
    assert args[0].style == INK
    explored = ["explore", "a.png", "--style", "ink", "--vary", "strength=0,1"]
    args, _ = handed_on(monkeypatch, "vidnst.apps.explore.explore", explored)
    assert [cell.options.style for cell in args[0]] == [INK, INK]
    measured = ["evaluate", "a.mp4", "b.mp4", "--style", "ink"]
    _, named = handed_on(monkeypatch, "vidnst.apps.evaluate.evaluate", measured)
    assert named["style"] == INK
    args, _ = handed_on(
        monkeypatch, "vidnst.apps.export.export", ["export", "a.onnx", "--style", "ink"]
    )
    assert args[0] == INK


def test_the_python_interface_finds_it_too(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert np.array_equal(vidnst.Stylizer("ink")._style, read_picture(INK))
    with pytest.raises(MediaError, match="did you mean ink"):
        vidnst.Stylizer("inkk")
    monkeypatch.setattr("vidnst.apps.api.render", lambda options, **_: options)
    assert vidnst.stylize_video(photo, "ink").style == INK  # type: ignore[attr-defined]


def test_results_are_named_by_the_style_s_name(
    photo: Path, make_clip: MakeClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([str(photo), "--style", "ink", "--strength", "0", "--quiet"]) == 0
    assert (tmp_path / "photo_ink.png").exists()
    clip = make_clip("a.mp4", size="64x48", frames=2)
    told = [str(clip), "--style", "ink", "--style", "glass", "--strength", "0", "--quiet"]
    assert main(["batch", *told, "--out", "done"]) == 0
    assert sorted(p.name for p in Path("done").glob("*.mp4")) == ["a_glass.mp4", "a_ink.mp4"]


def test_a_project_names_a_style_as_it_was_given(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [photo.name, "--style", "ink", "--strength", "0", "--quiet"]
    assert main([*arguments, "--dump-project"]) == 0
    project = capsys.readouterr().out
    assert 'style = "ink"' in project
    (tmp_path / "films").mkdir()
    photo.rename(tmp_path / "films" / photo.name)
    (tmp_path / "films" / "project.toml").write_text(project)
    assert main(["render", "films/project.toml"]) == 0
    assert (tmp_path / "films" / "photo_ink.png").exists()


def test_what_is_there_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ink").write_bytes(INK.read_bytes())
    (tmp_path / "glass").mkdir()
    assert of_render("--style", "ink").style == Path("ink")
    assert of_render("--style", "ink:0.5").style == Path("ink")
    assert of_render("--style", "glass@0s").style == Path("glass")
    assert of_render("--style", "oil").style == built_in_style("oil")
    assert in_a_shot_list(ending="csv") == [INK, GLASS]  # Its paths count from its own folder.
    (tmp_path / "lists" / "ink").touch()
    args = batch_parser().parse_args(["lists/shots.csv", "--out", "done"])
    assert [each.style for each in _batch(args)] == [Path("lists/ink"), GLASS]


@pytest.mark.parametrize("named", ["{}", "{}:0.5", "{}@0s"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("inkk", "(did you mean ink? vidnst styles lists them)"),
        ("Woodcut", "(did you mean woodcut or linocut? vidnst styles lists them)"),
        ("stained-glass", "(did you mean glass? vidnst styles lists them)"),
        ("nothing-of-ours", "(vidnst styles lists them)"),
    ],
)
def test_a_name_that_is_neither_gets_one_line(
    name: str, named: str, told: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo), "--style", named.format(name)]) == 1
    assert capsys.readouterr().err == (
        f"vidnst: {name}: no such file, and no built-in style {told}\n"
    )
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.mp4", "--region", "sky:m.png=inkk"],
        ["a.mp4", "--style", "ink", "--fine-style", "inkk"],
        ["batch", "a.mp4", "--style", "inkk", "--out", "done"],
        ["tune", "a.mp4", "--style", "inkk"],
        ["explore", "a.png", "--style", "inkk", "--vary", "strength=0,1"],
        ["evaluate", "a.mp4", "b.mp4", "--style", "inkk"],
        ["export", "a.onnx", "--style", "inkk"],
        ["webcam", "--style", "ink", "inkk"],
    ],
)
def test_it_does_so_wherever_styles_are_named(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        "vidnst: inkk: no such file, and no built-in style "
        "(did you mean ink? vidnst styles lists them)\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["ink.jpg", f".{os.sep}ink", os.path.join("styles", "ink")])
def test_a_path_that_is_missing_is_no_name(
    path: str, photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(photo.parent)
    assert main([str(photo), "--style", path]) == 1
    assert capsys.readouterr().err == f"vidnst: {Path(path)}: no such file\n"


def test_the_list_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["styles"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(BUILT_IN)
    assert all(len(line.split()) > 2 for line in lines)


def test_the_sheet_shows_each_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labels: list[str] = []
    labeled = importlib.import_module("vidnst.film.delivery.labels").labeled

    def noted(picture: Any, text: str, height_px: int) -> Any:
        labels.append(text)
        return labeled(picture, text, height_px)

    monkeypatch.setattr("vidnst.film.delivery.labels.labeled", noted)
    sheet = tmp_path / "styles.png"
    assert main(["styles", "--sheet", str(sheet)]) == 0
    assert labels == list(BUILT_IN)
    assert capsys.readouterr().out == f"{sheet}\n"
    empty = grid([np.zeros((240, 320, 3), np.uint8)] * len(BUILT_IN))
    shown = read_picture(sheet)
    assert shown.shape == empty.shape
    assert shown[100:140, 100:200].std() > 10
    before = sheet.read_bytes()
    assert main(["styles", "--sheet", str(sheet)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["styles", "--sheet", str(sheet), "--overwrite"]) == 0
    assert sheet.read_bytes() == before
    assert main(["styles", "--sheet", str(tmp_path / "styles.jpg")]) == 2
    assert "the sheet is a .png" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["styles.png"]


def test_the_page_offers_them_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Sessions(tmp_path, PageLimits()).open(None)
    assert [(s.name, s.path) for s in session.styles] == [
        (name, built_in_style(name)) for name in BUILT_IN
    ]
    ink = next(style for style in session.styles if style.name == "ink")
    choice = Choice(session.films[0], ink, others=((session.styles[0], 0.5),))
    assert "--style ink:1 --style wave:0.5 -o clip_ink.mp4" in choice.command
    assert choice.options(tmp_path / "out.mp4").style == INK
    (tmp_path / "ink").touch()
    shown = next(s for s in Sessions(tmp_path, PageLimits()).open(None).styles if s.path == INK)
    assert shown.told == str(INK)


@pytest.mark.parametrize("name", PAINTED)
def test_each_is_a_picture_of_its_size(name: str) -> None:
    path = built_in_style(name)
    assert 60_000 <= path.stat().st_size <= 150_000
    with Image.open(path) as picture:
        assert (picture.format, max(picture.size)) == ("JPEG", 768)
    pixels = read_picture(path).astype(np.float32)
    # Marks all over: no part of 64 pixels is empty.
    height, width = (side // 64 for side in pixels.shape[:2])
    parts = pixels[: height * 64, : width * 64].mean(2).reshape(height, 64, width, 64)
    assert parts.std(axis=(1, 3)).min() > 1.5


def test_they_are_in_the_wheel() -> None:
    settings = read_toml(ROOT / "pyproject.toml")
    taken = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in BUILT_IN:
        path = built_in_style(name).relative_to(ROOT)
        within = [place for place in taken if path.is_relative_to(place)]
        assert len(within) == 1
        assert taken[within[0]] == f"vidnst/{within[0]}"


def test_the_script_paints_what_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "samples"))
    script = importlib.import_module("make_styles")
    data = np.frombuffer(script.encoded(script.PAINTERS["bauhaus"]()), np.uint8)
    painted = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert painted is not None
    shipped = read_picture(built_in_style("bauhaus"))
    apart = np.abs(painted[:, :, ::-1].astype(int) - shipped.astype(int)).mean()
    assert apart < 3, "libraries may differ a little; two pictures are some 60 apart"


def test_the_script_paints_all_that_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "samples"))
    assert sorted(importlib.import_module("make_styles").PAINTERS) == sorted(PAINTED)
