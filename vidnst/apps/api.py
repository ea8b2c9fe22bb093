"""The Python API: paint a film with one call, or pictures one by one.

import vidnst
vidnst.stylize_video("input.mp4", "wave.jpg", strength=0.8)
painted = vidnst.Stylizer("wave.jpg").paint(picture)
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vidnst.errors import UsageError
from vidnst.film.render import Progress, Report, render
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_style
from vidnst.options.built_in import style_path
from vidnst.options.compute import ComputeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import Color, StyleOptions
from vidnst.options.stylizers import StylizerOptions, stylizer_options
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.painting import paint


def stylize_video(
    source: str | Path,
    style: str | Path,
    output: str | Path | None = None,
    *,
    stylizer: str | StylizerOptions = RenderOptions.stylizer,
    strength: float = StyleOptions.strength,
    brush_size: float | None = StyleOptions.brush_size,
    steady: float = SteadyOptions.steady,
    size: str | None = RenderOptions.size,
    start_seconds: float | None = RenderOptions.start_seconds,
    end_seconds: float | None = RenderOptions.end_seconds,
    audio: bool = RenderOptions.audio,
    overwrite: bool = RenderOptions.overwrite,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Report:
    """Paint a film, numbered pictures or a still picture, as the command line does.

    style: a picture, a folder of some, or a built-in style's name. stylizer: its name, or one with
    options of its own (vidnst.options.stylizers). output: None is SOURCE_STYLE
    beside the source. size: 'WIDTHxHEIGHT' or 'HEIGHT'. on_progress is called after each frame. All
    other settings of the command line are RenderOptions, which vidnst.film.render.render takes.

    Raises UsageError, MediaError, OutputError and WeightsError, all of them VidnstError.
    """
    return render(
        RenderOptions(
            source=Path(source),
            style=style_path(style),
            output=None if output is None else Path(output),
            stylizer=stylizer_options(stylizer) if isinstance(stylizer, str) else stylizer,
            painting=StyleOptions(strength=strength, brush_size=brush_size),
            steadying=SteadyOptions(steady=steady),
            size=size,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
            audio=audio,
            overwrite=overwrite,
        ),
        on_progress=on_progress,
    )


class Stylizer:
    """Paints independent pictures in one style, with the network that ships."""

    def __init__(
        self,
        style: str | Path | Picture,
        *,
        strength: float = StyleOptions.strength,
        brush_size: float | None = StyleOptions.brush_size,
        color: Color = StyleOptions.color,
        compute: ComputeOptions = ComputeOptions(),
    ) -> None:
        """style: a file, a built-in style's name, or RGB uint8 (H, W, 3).

        Raises UsageError and MediaError.
        """
        self._style = style if isinstance(style, np.ndarray) else read_style(style_path(style))
        self._options = StyleOptions(strength=strength, brush_size=brush_size, color=color)
        self._compute = compute
        self._stylizer: FastStylizer | None = None

    def paint(self, picture: Picture, *, new_scene: bool = True) -> Picture:
        """Paint RGB uint8 (H, W, 3), of any size; returns the same.

        new_scene: False keeps the color statistics of the previous picture, for the next frame of
        the same shot, of the same size. Raises UsageError for anything but such a picture.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise UsageError(
                f"a picture is RGB uint8 (H, W, 3), but this is {picture.dtype} {picture.shape}"
            )
        size_hw = (picture.shape[0], picture.shape[1])
        if self._stylizer is None or self._stylizer.size_hw != size_hw:
            self._stylizer = FastStylizer(
                self._style, self._options, self._compute, size_hw=size_hw, at_once=1
            )
            new_scene = True
        if new_scene:
            self._stylizer.begin_shot([picture])
        return paint(self._stylizer, picture).shown()
