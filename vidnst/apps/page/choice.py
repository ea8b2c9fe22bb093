"""The choices on the page, and the command-line arguments for them."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidnst.apps.cli.arguments import render_options
from vidnst.apps.page.uploads import Source
from vidnst.apps.page.words import in_page_words
from vidnst.options.render import RenderOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import Color, StyleOptions
from vidnst.options.stylizers import STYLIZERS, Fast


@dataclass(frozen=True)
class Choice:
    """A film, a style and the settings of the render.

    The preview, the render, the command to copy and the gallery all use it. others: more styles,
    each with its weight relative to the first, whose weight is 1. mask: the region to paint; track:
    the mask is tracked through the shot by optical flow.
    """

    film: Source
    style: Source
    others: tuple[tuple[Source, float], ...] = ()
    mask: Source | None = None
    track: bool = False
    stylizer: str = Fast.name
    strength: float = StyleOptions.strength
    brush_size: float | None = StyleOptions.brush_size
    color: Color = StyleOptions.color
    steady: float = SteadyOptions.steady
    size: str | None = RenderOptions.size

    @property
    def sources(self) -> tuple[Source, ...]:
        """All files that are read."""
        mask = () if self.mask is None else (self.mask,)
        return (self.film, self.style, *(style for style, _ in self.others), *mask)

    @property
    def result_name(self) -> str:
        return f"{Path(self.film.name).stem}_{Path(self.style.name).stem}.mp4"

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
        styles = [name(self.style)]
        if self.others:
            each = ((self.style, 1.0), *self.others)
            styles = [f"{name(style)}:{weight:g}" for style, weight in each]
        arguments = [name(self.film)]
        for style in styles:
            arguments += ["--style", style]
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
        if not STYLIZERS[self.stylizer].optimizes and self.steady != SteadyOptions.steady:
            flags += ["--steady", f"{self.steady:g}"]
        if self.size is not None:
            flags += ["--size", self.size]
        return flags
