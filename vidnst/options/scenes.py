"""Paintings of what a fixed camera sees: each with the camera's picture it was painted over."""

from dataclasses import dataclass
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.options.painted import paintings_in

SCENES = "scenes"
"""The folder, inside one of paintings, with the camera's pictures as they were."""


@dataclass(frozen=True)
class PaintedScene:
    """A camera's picture, and its painting."""

    scene: Path
    painting: Path


def painted_scenes(text: str) -> tuple[PaintedScene, ...]:
    """Parse an argument of the command line: a FOLDER of paintings, or SCENE=PAINTING.

    In a folder, the scene of each painting has the same name in its subfolder SCENES. Raises
    UsageError for a folder without paintings, or with one that has no scene.
    """
    folder = Path(text)
    if not folder.exists() and "=" in text:
        return (_pair(text),)
    if not folder.is_dir():
        raise UsageError(
            f"{text} is no folder of painted frames; one alone is given with what the camera saw, "
            "as scene.png=painted.png"
        )
    paintings = paintings_in(folder)
    if not paintings:
        raise UsageError(f"{folder} holds no painted frames: `keyframes={folder}` keeps some there")
    scenes = {path.stem: path for path in sorted((folder / SCENES).glob("*.png"))}
    for path in paintings:
        if path.stem not in scenes:
            raise UsageError(
                f"{path} has no picture of the camera's in {folder / SCENES}: keep the names that "
                "the webcam gave, or give both, as scene.png=painted.png"
            )
    return tuple(PaintedScene(scenes[path.stem], path) for path in paintings)


def new_scene(folder: Path) -> PaintedScene:
    """The next unused paths in a folder, for a picture of the camera's and a copy to paint over."""
    number = 1
    while True:
        name = f"frame{number:03}.png"
        found = PaintedScene(folder / SCENES / name, folder / name)
        if not found.scene.exists() and not found.painting.exists():
            return found
        number += 1


def _pair(text: str) -> PaintedScene:
    """Where names hold equals signs, the scene ends at the first one that makes it a file."""
    parts = text.split("=")
    for count in range(1, len(parts)):
        scene = Path("=".join(parts[:count]))
        if scene.is_file():
            return PaintedScene(scene, Path("=".join(parts[count:])))
    return PaintedScene(Path(parts[0]), Path("=".join(parts[1:])))
