"""Learn, before a live session, from paintings of what its camera sees."""

from collections.abc import Callable, Sequence
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture
from vidnst.media.pictures import fitted, read_picture, write_whole_picture
from vidnst.media.places import cannot_write
from vidnst.motion.carry import Known
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.step import Step
from vidnst.options.painted import PaintedOptions
from vidnst.options.scenes import PaintedScene, new_scene
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.painted import PaintedStylizer
from vidnst.stylizers.paintings import is_painted, read_over, require_shape

_SCALES = (1.0, 0.5)
"""Learned at, as shares of the size: to keep the rate, frames are often painted smaller."""


def read_scenes(scenes: Sequence[PaintedScene]) -> list[Known]:
    """The scenes and their paintings, at the scenes' sizes; those that nobody painted are left out.

    Raises MediaError where one cannot be read, UsageError for a painting of another aspect ratio
    than its scene, and where nothing is painted.
    """
    known = []
    for each in scenes:
        scene = read_picture(each.scene)
        require_shape(each.painting, (scene.shape[0], scene.shape[1]), of=f"{each.scene}")
        painting = read_over(each.painting, scene)
        if is_painted(painting, scene):
            known.append(Known(scene, painting))
    if not known:
        raise UsageError(
            f"{scenes[0].painting} does not differ from {scenes[0].scene}: paint over it"
            if len(scenes) == 1
            else "none of the painted frames differs from what the camera saw: paint over them"
        )
    return known


def learned_from(
    known: Sequence[Known],
    teaching: PaintedOptions,
    *,
    size_hw: tuple[int, int],
    on_step: Callable[[Step], None] = lambda step: None,
) -> BakedNetwork:
    """The network that paints frames of size_hw like these paintings, cached or new.

    known: of any size; they are cropped as the camera's frames are. on_step: callback for each step
    of learning, none where the network is cached.
    """
    painter = PaintedStylizer(
        (), StyleOptions(), teaching, size_hw=size_hw, scales=_SCALES, on_step=on_step
    )
    painter.learn([[Known(fitted(k.scene, size_hw), fitted(k.painting, size_hw)) for k in known]])
    return painter.shots[0].network


def require_keyframe_folder(folder: Path) -> None:
    """Raises UsageError where keep_scene could not make or use the folder."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UsageError(f"`keyframes` {folder} is no folder")


def keep_scene(folder: Path, picture: Picture) -> Path:
    """Keep a picture of the camera's in a folder; returns the copy to paint over.

    Raises OutputError.
    """
    kept = new_scene(folder)
    try:
        kept.scene.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(kept.scene, error) from error
    for path in (kept.scene, kept.painting):
        write_whole_picture(path, picture)
    return kept.painting
