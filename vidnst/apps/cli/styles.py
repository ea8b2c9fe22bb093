"""vidnst styles: the built-in styles, as a list or on a sheet."""

from pathlib import Path

from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.tell import tell
from vidnst.errors import UsageError
from vidnst.options.built_in import BUILT_IN, built_in_style

_TILE_HW = (240, 320)
_LABEL_PX = 22


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    parser = Parser(
        prog="vidnst styles",
        description="List the built-in styles, whose names --style takes in place of a picture.",
        allow_abbrev=False,
    )
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="write a picture of all instead")
    parser.add_argument("--overwrite", action="store_true", help="replace a sheet that exists")
    args = parser.parse_args(arguments)
    if args.sheet is None:
        for name, word in BUILT_IN.items():
            tell(f"{name:10} {word}")
        return 0
    _write_sheet(args.sheet, overwrite=args.overwrite)
    tell(args.sheet)
    return 0


def _write_sheet(sheet: Path, *, overwrite: bool) -> None:
    """All styles with their names, as a PNG. Raises UsageError and OutputError."""
    from vidnst.film.delivery.contact_sheet import grid
    from vidnst.film.delivery.labels import labeled
    from vidnst.media.pictures import fitted, read_picture, write_picture
    from vidnst.media.result import PendingResult, check_target

    if sheet.suffix.lower() != ".png":
        raise UsageError(f"--sheet {sheet}: the sheet is a .png")
    pictures = {name: built_in_style(name) for name in BUILT_IN}
    check_target(sheet, tuple(pictures.values()), overwrite=overwrite)
    tiles = [
        labeled(fitted(read_picture(path), _TILE_HW), name, _LABEL_PX)
        for name, path in pictures.items()
    ]
    with PendingResult(sheet) as result:
        write_picture(result.path, grid(tiles))
        result.keep()
