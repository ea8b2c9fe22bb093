"""All options of a render, with defaults and ranges."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from vidnst.errors import UsageError
from vidnst.options.compute import ComputeOptions
from vidnst.options.learning import TeachOptions, TuneOptions
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.output import DeliveryOptions, EncodeOptions
from vidnst.options.painted import PaintedOptions
from vidnst.options.regions import RegionOptions
from vidnst.options.schedule import TimeOptions
from vidnst.options.steady import FlowOptions, SteadyOptions
from vidnst.options.styles import Mixing, StyleOptions, WeightedStyle
from vidnst.options.stylizers import Fast, StylizerOptions
from vidnst.options.workers import CrewOptions

_MOST_HELD = 24


OptionGroup = (
    ComputeOptions
    | SteadyOptions
    | FlowOptions
    | TuneOptions
    | TeachOptions
    | NeighborOptions
    | GatysOptions
    | PaintedOptions
    | DeliveryOptions
    | CrewOptions
)
"""Dataclasses whose every field is an option of the command line."""


@dataclass(frozen=True)
class RenderOptions:
    """One render: source, painting, and output.

    style: a picture or a folder of pictures. The default output is named after it, also where
    mixing adds other styles; where the stylizer has a style of its own, that is its only use.
    strict: refuse a damaged film, instead of painting what can be read of it. resume: continue an
    unfinished render with the same options. on: paint every on-th frame, and show it until the
    next painted one.
    """

    source: Path
    style: Path
    output: Path | None = None
    stylizer: StylizerOptions = Fast()
    size: str | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None
    strict: bool = False
    audio: bool = True
    overwrite: bool = False
    resume: bool = True
    on: int = 1
    mixing: Mixing = Mixing()
    painting: StyleOptions = StyleOptions()
    steadying: SteadyOptions = SteadyOptions()
    flow: FlowOptions = FlowOptions()
    compute: ComputeOptions = ComputeOptions()
    plot: Path | None = None
    save_steps: int | None = None
    encoding: EncodeOptions = EncodeOptions()
    regions: RegionOptions = RegionOptions()
    crew: CrewOptions = CrewOptions()
    timing: TimeOptions = TimeOptions()
    delivery: DeliveryOptions = DeliveryOptions()

    def __post_init__(self) -> None:
        start, end = self.start_seconds, self.end_seconds
        if start is not None and start < 0:
            raise UsageError(f"`start_seconds` is {start:g} s, but must not be negative")
        if end is not None and end <= (start or 0):
            raise UsageError(
                f"`end_seconds` is {end:g} s, but must lie after `start_seconds` ({start or 0:g} s)"
            )
        if self.mixing.fine is not None and not self.stylizer.takes_fine_style:
            raise UsageError("`fine` is for `stylizer=fast`, gatys, and tuned with `teach=losses`")
        if not self.stylizer.takes_styles and self.mixing != Mixing():
            raise UsageError(f"`{self.stylizer.name}` has a style of its own: leave `fine` out")
        if not self.stylizer.takes_styles and self.painting.color == "match":
            raise UsageError(
                f"`color=match` changes a style picture, which `{self.stylizer.name}` has none of: "
                "take `color=luminance`"
            )
        if not sum(style.weight for style in self.styles):
            raise UsageError("`style`: all weights are 0, so that nothing is left to paint like")
        if self.stylizer.optimizes and self.compute.backend not in ("auto", "torch"):
            raise UsageError(
                f"`backend` is for `stylizer=fast` and tuned; {self.stylizer.name} needs torch"
            )
        if self.flow.flow_dir is not None and self.steadying.flow != SteadyOptions.flow:
            raise UsageError(
                "`flow` finds the motion that `flow_dir` brings: leave one of them out"
            )
        if len(self.regions.styles) > 1 and not self.stylizer.blends_styles:
            raise UsageError(
                f"`{self.stylizer.name}` paints in one style: give `mask`, not `regions`"
            )
        if any(r.style_mask for r in self.regions.regions) and not self.stylizer.optimizes:
            raise UsageError("`style_mask` is for `stylizer=neighbor` and gatys")
        if len(self.timing.style_seconds) > 1:
            for named, given in (
                (f"`{self.stylizer.name}`", not self.stylizer.blends_styles),
                ("`regions` and `mask`", bool(self.regions.regions)),
            ):
                if given:
                    raise UsageError(f"styles with times do not go with {named}")
        if not 1 <= self.on <= _MOST_HELD:
            raise UsageError(f"`on` is {self.on}, but must lie in 1..{_MOST_HELD}")
        if self.save_steps is not None and self.save_steps < 1:
            raise UsageError(f"`save_steps` is {self.save_steps}, but must be 1 or more")

    @property
    def has_own_style(self) -> bool:
        """Whether strength blends by way of the scene painted in the scene's own style."""
        return self.stylizer.has_own_style and self.timing.strength is not None

    @property
    def styles(self) -> tuple[WeightedStyle, ...]:
        """All styles that are mixed, with their weights; the first is `style`."""
        return (WeightedStyle(self.style, self.mixing.weight), *self.mixing.others)

    @property
    def style_paths(self) -> tuple[Path, ...]:
        """The files and folders that styles are read from."""
        fine = () if self.mixing.fine is None else (self.mixing.fine,)
        return (*(style.path for style in self.styles), *fine)

    def with_paths(self, change: Callable[[Path], Path]) -> "RenderOptions":
        """A copy with `change` applied to every path."""
        paths = {f.name: v for f in fields(self) if isinstance(v := getattr(self, f.name), Path)}
        changes: dict[str, Any] = {name: change(path) for name, path in paths.items()}
        mixing = replace(
            self.mixing,
            others=tuple(replace(style, path=change(style.path)) for style in self.mixing.others),
            fine=self.mixing.fine and change(self.mixing.fine),
        )
        named = ("mask", "style", "style_mask")
        regions = []
        for region in self.regions.regions:
            given = {name: path for name in named if (path := getattr(region, name)) is not None}
            moved: dict[str, Any] = {name: change(path) for name, path in given.items()}
            regions.append(replace(region, **moved))
        changed = replace(self.regions, regions=tuple(regions))
        flow = FlowOptions(self.flow.flow_dir and change(self.flow.flow_dir))
        stylizer = self.stylizer.with_paths(change)
        return replace(
            self, stylizer=stylizer, mixing=mixing, regions=changed, flow=flow, **changes
        )
