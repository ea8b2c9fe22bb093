"""What is chosen on the page, said as the command line says it."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from vidnst.commands.arguments import render_options
from vidnst.options import RenderOptions, SteadyOptions, StyleOptions, Stylizer
from vidnst.page.uploads import Source


@dataclass(frozen=True)
class Choice:
    """A film, a style and how the one is painted like the other.

    What else there will be to choose, colors or a mask, is a field here and a flag in `flags`: the
    preview, the render, the command to copy and the gallery take it from there.
    """

    film: Source
    style: Source
    stylizer: Stylizer = RenderOptions.stylizer
    strength: float = StyleOptions.strength
    brush_size: float | None = StyleOptions.brush_size
    steady: float = SteadyOptions.steady
    size: str | None = RenderOptions.size

    @property
    def flags(self) -> list[str]:
        """What differs from the defaults, as arguments."""
        flags = []
        if self.stylizer != RenderOptions.stylizer:
            flags += ["--stylizer", self.stylizer]
        if self.strength != StyleOptions.strength:
            flags += ["--strength", f"{self.strength:g}"]
        if self.brush_size is not None:
            flags += ["--brush-size", f"{self.brush_size:g}"]
        if self.stylizer != "gatys" and self.steady != SteadyOptions.steady:
            flags += ["--steady", f"{self.steady:g}"]
        if self.size is not None:
            flags += ["--size", self.size]
        return flags

    @property
    def result_name(self) -> str:
        return f"{Path(self.film.name).stem}_{Path(self.style.name).stem}.mp4"

    def arguments(self, output: Path) -> list[str]:
        """Of the command line, for the files as they lie here."""
        paths = [str(self.film.path), "--style", str(self.style.path), "-o", str(output)]
        return [*paths, *self.flags]

    def options(self, output: Path) -> RenderOptions:
        """The same as options. Raises UsageError."""
        return render_options(self.arguments(output))

    @property
    def command(self) -> str:
        """For a user to copy, with the files named as the user knows them."""
        told = [self.film.told, "--style", self.style.told, "-o", self.result_name, *self.flags]
        return shlex.join(["vidnst", *told])

    @property
    def summary(self) -> str:
        """The settings in a line."""
        pairs = " ".join(self.flags).replace("--", "· ").removeprefix("· ")
        return pairs.replace("-", " ") or "default settings"
