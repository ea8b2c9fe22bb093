"""The command-line arguments of regions and their styles."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.options.regions import ONLY, Region, RegionOptions, parse_region


def add_region_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of masks and regions."""
    group = parser.add_argument_group(
        "where it is painted: masks are pictures, films or masks/%%06d.png, of any size"
    )
    group.add_argument("--mask", type=Path, metavar="MASK", help="paint only where this is white")
    group.add_argument(
        "--region", action="append", metavar="NAME:MASK=STYLE",
        help="in place of --style, given again for each region: paint it like STYLE, or leave "
        "it with `none`; those named first stand in front; rest=STYLE is all that no other holds",
    )  # fmt: skip
    group.add_argument(
        "--mask-softness", type=float, default=RegionOptions.softness, metavar="PERCENT",
        help="width of the regions' edges in percent of the frame's height, 0..50 "
        "(default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--track", action="store_true",
        help="carry masks drawn on a shot's first frame through it; masks/%%06d.png are those of "
        "the frames they are numbered by, from 0",
    )  # fmt: skip
    group.add_argument(
        "--write-masks", type=Path, metavar="FOLDER", help="with --track: write what was tracked"
    )
    group.add_argument(
        "--style-mask", action="append", metavar="[NAME=]MASK",
        help="neighbor and gatys: take the style only from where this picture is white, for the "
        "region NAME",
    )  # fmt: skip


def regions_of(args: argparse.Namespace) -> RegionOptions:
    """The regions that parsed arguments stand for. Raises UsageError."""
    regions = [parse_region(text) for text in args.region or ()]
    if args.mask is not None:
        if regions:
            raise UsageError("--mask is for --style; --region names its own masks")
        style = args.style[0].path if args.style else args.network
        regions = [Region(ONLY, args.mask, style)]
    return RegionOptions(
        tuple(_with_style_masks(regions, args.style_mask or ())),
        softness=args.mask_softness,
        track=args.track,
        write_masks=args.write_masks,
    )


def _with_style_masks(regions: list[Region], texts: Sequence[str]) -> list[Region]:
    for text in texts:
        name, equals, mask = text.rpartition("=")
        own = name if equals else ONLY
        names = [region.name for region in regions]
        if own not in names:
            raise UsageError(f"--style-mask {text}: there is no region {own} (NAME=MASK names one)")
        index = names.index(own)
        regions[index] = replace(regions[index], style_mask=Path(mask))
    return regions
