"""The stylizers, each with what it can be told. A render's options hold one of them."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from vidnst.errors import UsageError
from vidnst.options.compute import NetworkRange
from vidnst.options.learning import TeachOptions, TuneOptions
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.painted import PaintedFrame, PaintedOptions
from vidnst.options.steady import SteadyOptions

ChangePath = Callable[[Path], Path]


@dataclass(frozen=True)
class StylizerOptions:
    """What all of them tell of themselves; a stylizer's own options are a subclass.

    name: what users call it. optimizes: it optimizes each frame, with torch, and keeps a film
    steady itself. takes_styles: it paints like pictures. has_own_style: between the source and a
    style it can paint the scene in the scene's own style. learns_from_clip: it learns from frames
    of the film before the first is painted. usual_steady: how much it is held where nobody says.
    """

    name: ClassVar[str] = ""
    optimizes: ClassVar[bool] = False
    takes_styles: ClassVar[bool] = True
    has_own_style: ClassVar[bool] = False
    usual_steady: ClassVar[float] = SteadyOptions.steady
    learns_from_clip: ClassVar[bool] = False

    @classmethod
    def option_groups(cls) -> set[str]:
        """The names of its fields."""
        return {each.name for each in fields(cls)}

    @property
    def takes_fine_style(self) -> bool:
        """Whether a picture of its own may give the finest texture."""
        return True

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """What it reads besides styles: each file, and what for."""
        return ()

    def with_paths(self, change: ChangePath) -> "StylizerOptions":
        """The same with a change made to every path."""
        return self

    def longest_segment(self, usual: int) -> int | None:
        """So many frames of a shot are painted in one piece, at most; None paints it whole."""
        return usual

    def of_still(self) -> "StylizerOptions":
        """What paints a still picture, where that is another."""
        return self


@dataclass(frozen=True)
class Fast(StylizerOptions):
    """The network that ships, or one in its place.

    weights: by vidnst train, train-style or tune.
    """

    name = "fast"
    has_own_style = True

    weights: Path | None = None

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        return () if self.weights is None else (("weights", self.weights),)

    def with_paths(self, change: ChangePath) -> "Fast":
        return replace(self, weights=self.weights and change(self.weights))


@dataclass(frozen=True)
class Foreign(StylizerOptions):
    """Somebody else's network, which has one style of its own.

    network: .onnx or .pth. value_range: of what an ONNX network takes and gives.
    """

    name = "network"
    takes_styles = False

    network: Path
    value_range: NetworkRange = "auto"

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        return (("network", self.network),)

    def with_paths(self, change: ChangePath) -> "Foreign":
        return replace(self, network=change(self.network))


@dataclass(frozen=True)
class Painted(StylizerOptions):
    """A network that learns from frames of the film that were painted.

    learned: what it learned already, as PaintedStylizer.save wrote it.
    """

    name = "painted"
    takes_styles = False
    usual_steady = 0.25
    """What is carried along the motion is steady, and would only lose by more."""
    learns_from_clip = True

    frames: tuple[PaintedFrame, ...]
    teaching: PaintedOptions = PaintedOptions()
    learned: Path | None = None

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        if self.learned is not None:
            return (("learned from painted frames", self.learned),)
        return tuple(("painted frame", frame.path) for frame in self.frames)

    def with_paths(self, change: ChangePath) -> "Painted":
        frames = tuple(replace(frame, path=change(frame.path)) for frame in self.frames)
        return replace(self, frames=frames, learned=self.learned and change(self.learned))

    def of_still(self) -> StylizerOptions:
        """Raises UsageError."""
        raise UsageError("`painted` is for films: a still picture is painted already")


@dataclass(frozen=True)
class _Seeing(StylizerOptions):
    """Those that see through the encoder of gatys.features."""

    gatys: GatysOptions = GatysOptions()

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        features = self.gatys.features_file
        return () if features is None else (("features", features),)

    def with_paths(self, change: ChangePath) -> Any:
        features = self.gatys.features_file
        if features is None:
            return self
        return replace(self, gatys=replace(self.gatys, features=str(change(features))))


@dataclass(frozen=True)
class Tuned(_Seeing):
    """A network that learns to paint this film first; weights: what it starts from."""

    name = "tuned"
    learns_from_clip = True

    weights: Path | None = None
    teaching: TeachOptions = TeachOptions()
    tuning: TuneOptions = TuneOptions()
    neighbor: NeighborOptions = NeighborOptions()

    @property
    def is_taught(self) -> bool:
        """Whether the network learns from what neighbor paints."""
        return self.teaching.teach == "neighbor"

    @classmethod
    def option_groups(cls) -> set[str]:
        """The names of its fields."""
        return {each.name for each in fields(cls)}

    @property
    def takes_fine_style(self) -> bool:
        return not self.is_taught

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        weights = () if self.weights is None else (("weights", self.weights),)
        return (*weights, *super().files)

    def with_paths(self, change: ChangePath) -> "Tuned":
        moved: Tuned = super().with_paths(change)
        return replace(moved, weights=self.weights and change(self.weights))

    def of_still(self) -> StylizerOptions:
        """What a network would learn of one picture is the painting of that picture."""
        if not self.is_taught or self.weights is not None:
            return self
        return Neighbor(self.gatys, self.neighbor)


@dataclass(frozen=True)
class _Optimized(_Seeing):
    """Those that optimize each frame."""

    optimizes = True

    def longest_segment(self, usual: int) -> int | None:
        return None if self.gatys.passes > 1 else _OPTIMIZED_FRAMES


_OPTIMIZED_FRAMES = 12
"""They take minutes each."""


@dataclass(frozen=True)
class Neighbor(_Optimized):
    """Each place becomes what is nearest to it in the style."""

    name = "neighbor"

    neighbor: NeighborOptions = NeighborOptions()

    @classmethod
    def option_groups(cls) -> set[str]:
        """The names of its fields."""
        return {each.name for each in fields(cls)}

    @property
    def takes_fine_style(self) -> bool:
        return False


@dataclass(frozen=True)
class Gatys(_Optimized):
    """Each frame is optimized until its statistics are the style's."""

    name = "gatys"


STYLIZERS: dict[str, type[StylizerOptions]] = {
    each.name: each for each in (Fast, Tuned, Neighbor, Gatys)
}
"""By their names."""


def stylizer_options(name: str) -> StylizerOptions:
    """A stylizer with its defaults. Raises UsageError where none has this name."""
    if name not in STYLIZERS:
        raise UsageError(f"no stylizer is named {name!r}; there are {', '.join(STYLIZERS)}")
    return STYLIZERS[name]()
