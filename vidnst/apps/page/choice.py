"""The choices on the page, and the command-line arguments for them."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidnst.apps.cli.arguments import render_options
from vidnst.apps.page.uploads import Source
from vidnst.apps.page.words import in_page_words
from vidnst.options.painted import PaintedOptions
from vidnst.options.render import RenderOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import Color, StyleOptions
from vidnst.options.stylizers import STYLIZERS, Fast, Painted


@dataclass(frozen=True)
class Choice:
    """A film, a style and the settings of the render.

    The preview, the render, the command to copy and the gallery all use it. others: more styles,
    each with its weight relative to the first, whose weight is 1. painted: in place of styles,
    painted frames, each with its time in seconds. mask: the region to paint; track: the mask is
    tracked through the shot by optical flow. excerpt: the part to paint, in seconds.
    """

    film: Source
    style: Source | None = None
    others: tuple[tuple[Source, float], ...] = ()
    mask: Source | None = None
    track: bool = False
    stylizer: str = Fast.name
    strength: float = StyleOptions.strength
    brush_size: float | None = StyleOptions.brush_size
    color: Color = StyleOptions.color
    steady: float = SteadyOptions.steady
    size: str | None = RenderOptions.size
    painted: tuple[tuple[float, Source], ...] = ()
    painted_steps: int = PaintedOptions.painted_steps
    excerpt: tuple[float, float] | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        """All files that are read."""
        others = (*(style for style, _ in self.others), *(each for _, each in self.painted))
        return (self.film, *filter(None, (self.style, self.mask)), *others)

    @property
    def look(self) -> str:
        """What the result is named after."""
        return "painted" if self.style is None else self.style.name

    @property
    def result_name(self) -> str:
        return f"{Path(self.film.name).stem}_{Path(self.look).stem}.mp4"

    def arguments(self, output: Path) -> list[str]:
        """The command-line arguments, with the paths of the files on this machine."""
        return self._arguments(lambda source: str(source.path), str(output))

    def options(self, output: Path) -> RenderOptions:
        """The arguments as options. Raises UsageError."""
        return render_options(self.arguments(output))

    @property
    def command(self) -> str:
        """For a user to copy, with the files named as the user knows them."""
        return shlex.join(
            ["vidnst", *self._arguments(lambda source: source.told, self.result_name)]
        )

    @property
    def summary(self) -> str:
        """The settings in a line."""
        parts = [f"with {style.name} ({weight:g})" for style, weight in self.others]
        if self.mask is not None:
            parts.append("mask")
        flags = " ".join(self._flags).replace("--", "· ").removeprefix("· ")
        return " · ".join([*parts, *filter(None, [flags.replace("-", " ")])]) or "default settings"

    def told(self, message: str) -> str:
        """A message of the library, with the page's names of options, and files without folders."""
        message = in_page_words(message)
        for source in self.sources:
            message = message.replace(str(source.path), source.name)
        return message

    def _arguments(self, name: Callable[[Source], str], output: str) -> list[str]:
        arguments = [name(self.film)]
        if self.style is not None and not self.others:
            arguments += ["--style", name(self.style)]
        elif self.style is not None:
            for style, weight in ((self.style, 1.0), *self.others):
                arguments += ["--style", f"{name(style)}:{weight:g}"]
        for seconds, painting in self.painted:
            arguments += ["--painted", f"{round(seconds, 3):g}={name(painting)}"]
        if self.mask is not None:
            arguments += ["--mask", name(self.mask)]
        return [*arguments, "-o", output, *self._flags]

    @property
    def _flags(self) -> list[str]:
        """The settings that differ from the defaults."""
        flags = []
        if self.mask is not None and self.track:
            flags.append("--track")
        if self.stylizer != Fast.name:
            flags += ["--stylizer", self.stylizer]
        if self.strength != StyleOptions.strength:
            flags += ["--strength", f"{self.strength:g}"]
        if self.brush_size is not None:
            flags += ["--brush-size", f"{self.brush_size:g}"]
        if self.color != StyleOptions.color:
            flags += ["--color", self.color]
        stylizer = STYLIZERS[self.stylizer] if self.style is not None else Painted
        if not stylizer.optimizes and self.steady != stylizer.usual_steady:
            flags += ["--steady", f"{self.steady:g}"]
        if self.style is None and self.painted_steps != PaintedOptions.painted_steps:
            flags += ["--painted-steps", str(self.painted_steps)]
        if self.size is not None:
            flags += ["--size", self.size]
        if self.excerpt is not None:
            flags += ["--start", f"{self.excerpt[0]:g}", "--end", f"{self.excerpt[1]:g}"]
        return flags
