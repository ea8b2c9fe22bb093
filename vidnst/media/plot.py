"""A plot's file, written whole or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING

from vidnst.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_plot(figure: "Figure", path: Path) -> None:
    """Write a PNG. Raises OutputError where that fails."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        figure.savefig(partial, format="png", dpi=120)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
