"""What the user can choose, with defaults and ranges, in one place."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from vidnst.errors import UsageError
from vidnst.options.fields import option, require_in_range
from vidnst.options.mixing import Mixing, WeightedStyle
from vidnst.options.regions import RegionOptions
from vidnst.options.schedule import Curve, Easing
from vidnst.options.stylizers import (
    GatysOptions,
    NeighborOptions,
    StyleOptions,
    TeachOptions,
    TuneOptions,
)


@dataclass(frozen=True)
class EncodeOptions:
    """How the result is encoded; None takes the container's default.

    Codecs differ in what they take: media/codecs.py checks it.
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    pix_fmt: str | None = None


Stylizer = Literal["fast", "tuned", "neighbor", "gatys"]
OPTIMIZING: tuple[Stylizer, ...] = ("neighbor", "gatys")
"""They optimize every frame, with torch, and keep a film steady themselves."""
Device = Literal["auto", "cpu", "cuda", "mps"]
NetworkRange = Literal["auto", "0..1", "0..255", "-1..1"]
Backend = Literal["auto", "torch", "openvino", "onnxruntime"]


@dataclass(frozen=True)
class ComputeOptions:
    """Where and by what is computed. Each field is an option of the command line."""

    device: Device = option(
        "auto", "where is computed; auto takes a GPU where there is one", choices=get_args(Device)
    )
    backend: Backend = option(
        "auto",
        "what runs the network; auto takes the fastest that is installed",
        choices=get_args(Backend),
    )

    def __post_init__(self) -> None:
        require_in_range(self)


FlowMethod = Literal["dis", "raft"]


@dataclass(frozen=True)
class SteadyOptions:
    """How films by `fast` and `tuned` are kept steady. Each field is an option.

    steady: how much is held of the frame before; 0 leaves each frame as it was painted.
    """

    steady: float = option(0.75, "how much flicker is taken away, 0..1", low=0, high=1)
    lookahead: int = option(
        0, "frames to look ahead, 0 or 1: steadier, and a little slower", low=0, high=1
    )
    flow: FlowMethod = option(
        "dis",
        "what finds motion: dis, or raft with torchvision's weights",
        choices=get_args(FlowMethod),
    )

    def __post_init__(self) -> None:
        require_in_range(self)


_MOST_HELD = 24


@dataclass(frozen=True)
class CrewOptions:
    """Who paints a film's segments. Each field is an option of the command line.

    workers: None is one process that paints as the frames come, or with a cluster all it has room
    for. cluster: None, `auto` or a Ray cluster's address.
    """

    workers: int | None = option(
        None, "paint segments in so many processes at once", low=1, high=1024
    )
    cluster: str | None = option(
        None, "paint on a Ray cluster: its address, or auto for the one here, started where needed"
    )
    cpus_per_worker: int = option(1, "cores of the cluster for each worker", low=1, high=1024)
    gpus_per_worker: float = option(0.0, "GPUs, or a share of one, for each", low=0, high=16)

    def __post_init__(self) -> None:
        require_in_range(self)


StartNumber = int | Literal["timecode"]
CompareAs = Literal["side", "split"]


@dataclass(frozen=True)
class DeliveryOptions:
    """What is handed over besides the film, and how pictures are numbered. Each field is an option.

    start_number: None goes on with the source's own numbers.
    """

    start_number: StartNumber | None = option(
        None,
        "of numbered pictures: the first one's number, or `timecode`: the source's, in frames",
    )
    compare: Path | None = option(None, "write also a film of the source beside the result")
    compare_as: CompareAs = option(
        "side",
        "side: one beside the other; split: half of each",
        choices=get_args(CompareAs),
    )
    contact_sheet: Path | None = option(
        None, "write also a PNG with pictures of the result, of each shot one"
    )

    def __post_init__(self) -> None:
        require_in_range(self)
        number = self.start_number
        if isinstance(number, int) and not 0 <= number < 10**9:
            raise UsageError(f"--start-number is {number}, but must lie in 0..999999999")
        if self.contact_sheet is not None and self.contact_sheet.suffix.lower() != ".png":
            raise UsageError(f"--contact-sheet {self.contact_sheet}: the contact sheet is a .png")


@dataclass(frozen=True)
class TimeOptions:
    """What changes while a film goes on, by times of the result.

    strength: over time, in place of StyleOptions.strength. style_seconds: when each of the styles
    is alone; in between, one turns into the next.
    """

    strength: Curve | None = None
    style_seconds: tuple[float, ...] = ()
    easing: Easing = "linear"

    @property
    def changes(self) -> bool:
        """Whether anything does."""
        return self.strength is not None or len(self.style_seconds) > 1


OptionGroup = (
    ComputeOptions
    | SteadyOptions
    | TuneOptions
    | TeachOptions
    | NeighborOptions
    | GatysOptions
    | DeliveryOptions
    | CrewOptions
)
"""Whose every field is an option of the command line."""


@dataclass(frozen=True)
class RenderOptions:
    """One render: what is read, how it is painted, where it goes.

    style: a picture or a folder of some; it names the result, also where mixing adds others.
    network: somebody else's, which paints in place of ours; style then only names the result.
    strict: refuse a film that is damaged, instead of painting what can be read of it. resume: go on
    where an unfinished render of the same stopped. on: every so many-th frame is
    painted, and shown until the next. region_weights: what the regions' masks became, where that is
    made already (film/regions/store.py).
    """

    source: Path
    style: Path
    output: Path | None = None
    stylizer: Stylizer = "fast"
    size: str | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None
    strict: bool = False
    audio: bool = True
    overwrite: bool = False
    resume: bool = True
    on: int = 1
    weights: Path | None = None
    network: Path | None = None
    network_range: NetworkRange = "auto"
    mixing: Mixing = Mixing()
    painting: StyleOptions = StyleOptions()
    steadying: SteadyOptions = SteadyOptions()
    tuning: TuneOptions = TuneOptions()
    teaching: TeachOptions = TeachOptions()
    neighbor: NeighborOptions = NeighborOptions()
    gatys: GatysOptions = GatysOptions()
    compute: ComputeOptions = ComputeOptions()
    plot: Path | None = None
    save_steps: int | None = None
    encoding: EncodeOptions = EncodeOptions()
    regions: RegionOptions = RegionOptions()
    region_weights: Path | None = None
    crew: CrewOptions = CrewOptions()
    timing: TimeOptions = TimeOptions()
    delivery: DeliveryOptions = DeliveryOptions()

    def __post_init__(self) -> None:
        start, end = self.start_seconds, self.end_seconds
        if start is not None and start < 0:
            raise UsageError(f"--start is {start:g} s, but must not be negative")
        if end is not None and end <= (start or 0):
            raise UsageError(f"--end is {end:g} s, but must lie after --start ({start or 0:g} s)")
        if self.stylizer in OPTIMIZING and self.weights is not None:
            raise UsageError(f"--weights is for --stylizer fast; {self.stylizer} takes --features")
        if self.mixing.fine is not None and (self.stylizer == "neighbor" or self.is_taught):
            raise UsageError(
                "--fine-style is for --stylizer fast, gatys, and tuned with --teach losses"
            )
        if self.network is not None and (self.stylizer != "fast" or self.weights is not None):
            raise UsageError("--network stands for itself: leave --stylizer and --weights out")
        if self.network is not None and self.mixing != Mixing():
            raise UsageError("--network has a style of its own: leave --fine-style out")
        if self.network is not None and self.painting.color == "match":
            raise UsageError(
                "--color match changes a style picture, which --network has none of: "
                "take --color luminance"
            )
        if not sum(style.weight for style in self.styles):
            raise UsageError("--style: all weights are 0, so that nothing is left to paint like")
        if self.stylizer in OPTIMIZING and self.compute.backend not in ("auto", "torch"):
            raise UsageError(
                f"--backend is for --stylizer fast and tuned; {self.stylizer} needs torch"
            )
        if len(self.regions.styles) > 1 and self.network is not None:
            raise UsageError("--network paints in one style: give --mask, not --region")
        if any(r.style_mask for r in self.regions.regions) and (self.stylizer not in OPTIMIZING):
            raise UsageError("--style-mask is for --stylizer neighbor and gatys")
        if len(self.timing.style_seconds) > 1:
            for flag, given in (
                ("--network", self.network is not None),
                ("--region and --mask", bool(self.regions.regions)),
            ):
                if given:
                    raise UsageError(f"styles with times do not go with {flag}")
        if not 1 <= self.on <= _MOST_HELD:
            raise UsageError(f"--on is {self.on}, but must lie in 1..{_MOST_HELD}")
        if self.save_steps is not None and self.save_steps < 1:
            raise UsageError(f"--save-steps is {self.save_steps}, but must be 1 or more")

    @property
    def is_taught(self) -> bool:
        """Whether a network learns from what neighbor paints."""
        return self.stylizer == "tuned" and self.teaching.teach == "neighbor"

    @property
    def has_own_style(self) -> bool:
        """Whether the scene's own style is painted on the way from the source to a style."""
        ours = self.stylizer == "fast" and self.network is None
        return ours and self.timing.strength is not None

    @property
    def styles(self) -> tuple[WeightedStyle, ...]:
        """All that are mixed, with their weights; the first is `style`."""
        return (WeightedStyle(self.style, self.mixing.weight), *self.mixing.others)

    @property
    def style_paths(self) -> tuple[Path, ...]:
        """The files and folders that styles are read from."""
        fine = () if self.mixing.fine is None else (self.mixing.fine,)
        return (*(style.path for style in self.styles), *fine)

    def with_paths(self, change: Callable[[Path], Path]) -> "RenderOptions":
        """The same with a change made to every path."""
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
            there = {name: path for name in named if (path := getattr(region, name)) is not None}
            moved: dict[str, Any] = {name: change(path) for name, path in there.items()}
            regions.append(replace(region, **moved))
        changed = replace(self.regions, regions=tuple(regions))
        if (features := self.gatys.features_file) is not None:
            changes["gatys"] = replace(self.gatys, features=str(change(features)))
        return replace(self, mixing=mixing, regions=changed, **changes)


def parse_size(text: str, size_hw: tuple[int, int]) -> tuple[int, int]:
    """A size as the user writes it, '640x360' or '360' (the height), for a source of size_hw.

    With the height alone the width follows the source's shape, rounded to an even number.
    Raises UsageError for anything else.
    """
    parts = text.lower().split("x")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > 2:
        raise UsageError(
            f"--size is {text!r}, but must be WIDTHxHEIGHT or HEIGHT, such as 640x360 or 360"
        )
    if len(parts) == 2:
        width, height = int(parts[0]), int(parts[1])
    else:
        height = int(parts[0])
        width = max(2, 2 * round(Fraction(size_hw[1] * height, 2 * size_hw[0])))
    if not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise UsageError(f"--size {width}x{height}: each side must lie in 16..8192")
    return height, width


def parse_start_number(text: str) -> StartNumber:
    """A number, or 'timecode'. Raises UsageError for anything else."""
    if text == "timecode":
        return "timecode"
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"--start-number is {text!r}, but must be a number or timecode")
    return int(text)
