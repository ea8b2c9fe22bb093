"""The house: imports lead down its floors, no files import each other, and none grows too large."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

from helpers.places import ROOT

PACKAGE = ROOT / "vidnst"
FLOORS = (
    {"errors"},
    {"options"},
    {"frames"},
    {"media"},
    {"motion"},
    {"nets"},
    {"stylizers"},
    {"film", "live"},
    {"apps"},
)
"""From the ground up; what stands on one floor does not import each other."""
MOST_LINES = 300
PAINTS = "vidnst.stylizers.painting"
FINISHING = {"vidnst.frames.color": {"colored", "with_chroma_of"}}
"""What a picture goes through when it is painted, and where that is defined."""
NO_STYLIZERS = ("painter", "rendering", "worker", "mirror")
"""What else paints: whole films, segments, and pictures that PAINTS has painted."""
MOST_AT_THE_ROOT = 12


def floor_of(module: str) -> int:
    """Which floor a module such as vidnst.nets.network stands on."""
    part = module.split(".")[1]
    return next(number for number, rooms in enumerate(FLOORS) if part in rooms)


def module_of(path: Path) -> str:
    """The name a file is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, modules: set[str]) -> Iterator[str]:
    """Those of our modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{name.name}" for name in node.names]
            yield from {name if name in modules else node.module for name in names} & modules
        elif isinstance(node, ast.Import):
            yield from {name.name for name in node.names} & modules


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    """Of each module those that it imports; without vidnst itself, the face of the whole."""
    files = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    del files["vidnst"], files["vidnst.__main__"]
    return {name: set(imports_of(path, {*files})) for name, path in files.items()}


def test_imports_lead_down_the_floors(arrows: dict[str, set[str]]) -> None:
    wrong = [
        f"{here} imports {there}"
        for here, all_there in arrows.items()
        for there in all_there
        if here.split(".")[1] != there.split(".")[1] and floor_of(here) <= floor_of(there)
    ]
    assert wrong == []


def test_no_files_import_each_other(arrows: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_few_things_stand_at_the_root() -> None:
    entries = [
        path.name
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").exists())
    ]
    assert len(entries) <= MOST_AT_THE_ROOT
    assert {*entries} >= {f"{name}.py" if name == "errors" else name for name in chain(*FLOORS)}


def test_no_file_is_too_long() -> None:
    lines = {str(p): len(p.read_text("utf-8").splitlines()) for p in PACKAGE.rglob("*.py")}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_pictures_are_painted_in_one_place() -> None:
    """Whoever paints by himself forgets colors, or the source where that is to stay."""
    others = {module_of(p): ast.parse(p.read_text("utf-8")) for p in PACKAGE.rglob("*.py")}
    del others[PAINTS]
    assert [
        f"{name} imports {one.name}"
        for name, tree in others.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
        if one.name in FINISHING.get(node.module or "", ())
    ] == []
    assert [
        f"{name}: {ast.unparse(node.func)}"
        for name, tree in others.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("paint", "repaint")
        and not ast.unparse(node.func.value).endswith((*NO_STYLIZERS, "super()"))
    ] == []


def test_the_map_shows_every_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from make_map import with_map

    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert with_map(text) == text, "python docs/make_map.py brings the map up to date"
