"""The stylizer that the command line asks for, with its options."""

import argparse
from dataclasses import replace
from typing import Any

from vidnst.apps.cli.fields import given_options
from vidnst.apps.cli.flags import flag_of
from vidnst.errors import UsageError
from vidnst.options.learning import TeachOptions, TuneOptions
from vidnst.options.optimizing import BOTH_OPTIMIZE, GatysOptions, NeighborOptions
from vidnst.options.painted import PaintedOptions
from vidnst.options.stylizers import (
    STYLIZERS,
    Fast,
    Foreign,
    Gatys,
    Neighbor,
    Painted,
    StylizerOptions,
    Tuned,
)

_BOTH_SEE = ("features", "seed")
"""The fields of GatysOptions that tuned also uses, to paint its training frames."""
_RECORDED = ("plot", "save_steps")


def stylizer_of(args: argparse.Namespace) -> StylizerOptions:
    """What parsed arguments ask for. Raises UsageError for options of another stylizer."""
    kind = STYLIZERS[args.stylizer]
    teaching, tuning, neighbor, gatys = (
        given_options(args, options)
        for options in (TeachOptions, TuneOptions, NeighborOptions, GatysOptions)
    )
    taught = kind is Tuned and teaching.get("teach", TeachOptions.teach) == "neighbor"
    recorded = [name for name in _RECORDED if getattr(args, name) is not None]
    seeing = [name for name in gatys if name in _BOTH_SEE]
    shared = [name for name in gatys if name in BOTH_OPTIMIZE and name not in seeing]
    alone = [name for name in gatys if name not in BOTH_OPTIMIZE]
    for fits, names, stylizers in (
        (kind is Tuned, [*teaching], "tuned"),
        (kind is Tuned and not taught, [*tuning], "tuned with --teach losses"),
        (kind is Neighbor or taught, [*neighbor], "neighbor and tuned"),
        (kind.optimizes or taught, seeing, "neighbor, gatys and tuned"),
        (kind.optimizes, [*shared, *recorded], "neighbor and gatys"),
        (kind is Gatys, alone, "gatys"),
    ):
        if names and not fits:
            raise UsageError(f"{flag_of(names[0])} is for --stylizer {stylizers}")
    if args.weights is not None and kind.optimizes:
        raise UsageError(f"--weights is for --stylizer fast; {kind.name} takes --features")
    if args.network is not None:
        if kind is not Fast or args.weights is not None:
            raise UsageError("--network stands for itself: leave --stylizer and --weights out")
        return Foreign(args.network, args.network_range)
    painted = given_options(args, PaintedOptions)
    if args.painted is not None:
        if kind is not Fast or args.weights is not None:
            raise UsageError("--painted stands for itself: leave --stylizer and --weights out")
        frames = (
            replace(frame, round=number)
            for number, given in enumerate(args.painted)
            for frame in given
        )
        return Painted(tuple(frames), PaintedOptions(**painted))
    if painted:
        raise UsageError(f"{flag_of(next(iter(painted)))} is for --painted")
    groups: dict[str, Any] = {
        "weights": args.weights,
        "teaching": TeachOptions(**teaching),
        "tuning": TuneOptions(**tuning),
        "neighbor": NeighborOptions(**neighbor),
        "gatys": GatysOptions(**gatys),
    }
    return kind(**{name: group for name, group in groups.items() if name in kind.option_groups()})
