"""Writes plots, atomically."""

from pathlib import Path
from typing import TYPE_CHECKING

from vidnst.errors import OutputError
from vidnst.media.whole import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_plot(figure: "Figure", path: Path) -> None:
    """Write a PNG. Raises OutputError where that fails."""
    try:
        with whole_file(path) as part:
            figure.savefig(part, format="png", dpi=120)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
