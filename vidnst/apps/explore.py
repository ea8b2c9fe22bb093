"""Many settings on one picture, side by side: a labeled contact sheet and a table."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vidnst.errors import MediaError, OutputError, UsageError
from vidnst.film.inputs import files_read
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.pictures import read_picture, write_picture
from vidnst.media.result import check_target
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.step import Step
from vidnst.options.render import RenderOptions
from vidnst.options.stylizers import Gatys
from vidnst.stylizers.painting import paint_still
from vidnst.stylizers.registry import make_stylizer
from vidnst.stylizers.styles import style_of
from vidnst.stylizers.stylizer import Stylizer

_LABEL_LINE_PX = 16


@dataclass(frozen=True)
class Cell:
    """One combination of settings to try, the options it makes, and the command for it."""

    settings: dict[str, str]
    options: RenderOptions
    command: str


@dataclass(frozen=True)
class PaintedCell:
    """A cell, its painted picture, the losses at its last step and the time.

    The losses of gatys are unweighted, since their weights may be varied.
    """

    cell: Cell
    picture: Picture
    losses: dict[str, float]
    seconds: float


def explore(
    cells: Sequence[Cell],
    *,
    sheet: Path,
    columns: int,
    side: int,
    overwrite: bool = False,
    on_cell: Callable[[PaintedCell], None] = lambda painted: None,
) -> list[PaintedCell]:
    """Paint the cells' picture, `side` pixels on its longer side, with the settings of each.

    Writes the contact sheet, filled column by column, with the picture and the style below; and the
    table beside it, of the same name with .csv.

    Raises UsageError, MediaError, OutputError and WeightsError, all before the first is painted.
    """
    keep_freed_memory()
    if sheet.suffix.lower() != ".png":
        raise UsageError(f"{sheet}: the contact sheet is a .png")
    options = cells[0].options
    table = sheet.with_suffix(".csv")
    for target in (sheet, table):
        check_target(target, files_read(options), overwrite=overwrite)
    picture = read_picture(options.source)
    style = style_of(options)
    scale = side / max(picture.shape[:2])
    height, width = (round(length * scale) for length in picture.shape[:2])
    if min(height, width) < 16:
        raise MediaError(f"{width}x{height} pixels are too few to paint on: give a larger `side`")
    picture = resize(picture, (height, width))

    steps: list[Step] = []

    def stylizer_of(cell: Cell) -> Stylizer:
        return make_stylizer(cell.options, (height, width), steps.append)

    for cell in cells:  # Raises errors before the first cell is painted.
        stylizer_of(cell)
    painted: list[PaintedCell] = []
    for cell in cells:
        stylizer = stylizer_of(cell)
        started = time.perf_counter()
        result = paint_still(stylizer, picture)
        seconds = time.perf_counter() - started
        losses = _unweighted(steps[-1].losses, cell) if steps else {}
        steps.clear()
        painted.append(PaintedCell(cell, result, losses, seconds))
        on_cell(painted[-1])
    write_picture(sheet, contact_sheet(painted, columns, [picture, *style.pictures]))
    _write_table(table, painted)
    return painted


def _unweighted(losses: Mapping[str, float], cell: Cell) -> dict[str, float]:
    if not isinstance(cell.options.stylizer, Gatys):
        return dict(losses)
    gatys = cell.options.stylizer.gatys
    weights = {
        "content": gatys.content_weight,
        "style": gatys.style_weight,
        "variation": gatys.variation_weight,
    }
    return {name: losses[name] / weight for name, weight in weights.items() if weight}


def contact_sheet(
    painted: Sequence[PaintedCell], columns: int, references: Sequence[Picture]
) -> Picture:
    """The pictures in as many columns, each below its settings; the references as a last row."""
    height, width = painted[0].picture.shape[:2]
    labels = [[f"{k}={v}" for k, v in p.cell.settings.items()] for p in painted]
    tiles = [
        _labeled(p.picture, [*label, f"{p.seconds:.1f} s"])
        for p, label in zip(painted, labels, strict=True)
    ]
    # The first setting varies slowest in the list; on the sheet, it varies across columns.
    rows = len(tiles) // columns
    grid = [[tiles[c * rows + r] for c in range(columns)] for r in range(rows)]
    blank = np.full_like(tiles[0], 255)
    below = []
    for reference in references:
        scale = min(height / reference.shape[0], width / reference.shape[1])
        small = resize(
            reference, (round(reference.shape[0] * scale), round(reference.shape[1] * scale))
        )
        tile = blank.copy()
        tile[tile.shape[0] - height :][: small.shape[0], : small.shape[1]] = small
        below.append(tile)
    below = below[: max(columns, 1)]
    grid.append([*below, *[blank] * (columns - len(below))])
    return np.vstack([np.hstack(row) for row in grid])


def _labeled(picture: Picture, lines: Sequence[str]) -> Picture:
    strip = np.full((_LABEL_LINE_PX * len(lines) + 4, picture.shape[1], 3), 255, np.uint8)
    for number, line in enumerate(lines, 1):
        size = min(0.42, 0.42 * picture.shape[1] / (7.5 * len(line)))
        cv2.putText(
            strip, line, (3, number * _LABEL_LINE_PX - 3), cv2.FONT_HERSHEY_SIMPLEX, size,
            (0, 0, 0), 1, cv2.LINE_AA,
        )  # fmt: skip
    return np.vstack([strip, picture])


def _write_table(path: Path, painted: Sequence[PaintedCell]) -> None:
    names = list(dict.fromkeys(name for p in painted for name in p.losses))
    try:
        with path.open("w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow([*painted[0].cell.settings, *names, "seconds", "command"])
            for p in painted:
                losses = [f"{p.losses[name]:.6g}" if name in p.losses else "" for name in names]
                rows.writerow(
                    [*p.cell.settings.values(), *losses, f"{p.seconds:.2f}", p.cell.command]
                )
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
