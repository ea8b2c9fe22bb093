"""Plots, written whole or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING

from vidnst.media.plot import write_plot

if TYPE_CHECKING:
    from vidnst.apps.evaluate import Comparison


def plot_errors(comparison: "Comparison", path: Path) -> None:
    """The warping error over time, one line for each clip. Raises OutputError."""
    from matplotlib.figure import Figure

    intervals = [i for i, pairs in comparison.source.pairs.items() if pairs.frames]
    figure = Figure(figsize=(10, 1 + 3.2 * max(1, len(intervals))), layout="constrained")
    for place, interval in enumerate(intervals, 1):
        axes = figure.add_subplot(len(intervals), 1, place)
        for clip in comparison.results:
            pairs = clip.pairs[interval]
            seconds = [comparison.seconds[frame] for frame in pairs.frames]
            axes.plot(seconds, [1000 * error for error in pairs.masked], label=clip.path.name)
        floor = comparison.source.pairs[interval]
        seconds = [comparison.seconds[frame] for frame in floor.frames]
        axes.plot(seconds, [1000 * e for e in floor.masked], "k:", label="source (floor)")
        apart = "next to each other" if interval == 1 else f"{interval} apart"
        axes.set(xlabel="seconds", ylabel="warping error x 1000", title=f"frames {apart}")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    write_plot(figure, path)
