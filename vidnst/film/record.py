"""The record of an optimization: a plot of its losses, and intermediate pictures."""

from dataclasses import replace
from pathlib import Path

from vidnst.errors import OutputError
from vidnst.media.pictures import write_picture
from vidnst.media.plot import write_plot
from vidnst.nets.step import Step


class StepRecord:
    """Collects the optimization steps of one picture.

    plot: where finish() writes the loss curves, a PNG. save_steps: how many steps lie
    between the pictures that are written into a folder beside the result.
    """

    def __init__(self, result: Path, *, plot: Path | None, save_steps: int | None) -> None:
        self._plot = plot
        self._every = save_steps
        self._folder = result.with_name(f"{result.stem}_steps")
        self._steps: list[Step] = []

    @property
    def targets(self) -> list[Path]:
        """The files that will be written, as far as they are known."""
        pictures = [self._folder / "%06d.png"] if self._every else []
        return [*pictures, *([self._plot] if self._plot else [])]

    def add(self, step: Step) -> None:
        """Record a step. Raises OutputError where a picture cannot be written."""
        if self._plot:
            self._steps.append(replace(step, picture=None))
        if self._every and (step.step % self._every == 0 or step.step == step.step_count):
            try:
                self._folder.mkdir(exist_ok=True)
            except OSError as error:
                raise OutputError(f"cannot write {self._folder}: {error.strerror}") from error
            if step.picture is not None:
                write_picture(self._folder / f"{step.step:06d}.png", step.picture())

    def finish(self) -> None:
        """Write the plot. Raises OutputError where that fails."""
        if not self._plot or not self._steps:
            return
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.add_subplot()
        steps = [step.step for step in self._steps]
        axes.plot(steps, [step.total for step in self._steps], "k", label="sum")
        for name in self._steps[-1].losses:
            values = [step.losses[name] for step in self._steps]
            if any(values):
                axes.plot(steps, values, label=name)
        before = None
        for step in self._steps:
            if step.size_hw is not None and step.size_hw != before:
                before = (height, width) = step.size_hw
                axes.axvline(step.step, color="0.8", zorder=0)
                axes.annotate(
                    f" {width}x{height}", (step.step, 0.98), xycoords=("data", "axes fraction"),
                    va="top", color="0.4",
                )  # fmt: skip
        axes.set(xlabel="step", ylabel="loss, weighted", yscale="log")
        axes.grid(alpha=0.3)
        axes.legend()
        write_plot(figure, self._plot)
