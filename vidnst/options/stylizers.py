"""The stylizers and the options of each; a render's options hold one of them."""

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
    """What all stylizers declare; each has a subclass with its own options.

    name: shown to users. optimizes: it optimizes each frame, with torch, and does its own
    temporal smoothing. blends_styles: it can paint a frame in several styles, each in its region or
    by the time. has_own_style: it can paint the scene in the scene's own style, a step between the
    source and a style. learns_from_clip: it trains on frames of the film before painting.
    usual_steady: the default of SteadyOptions.steady.
    """

    name: ClassVar[str] = ""
    optimizes: ClassVar[bool] = False
    blends_styles: ClassVar[bool] = True
    has_own_style: ClassVar[bool] = False
    usual_steady: ClassVar[float] = SteadyOptions.steady
    learns_from_clip: ClassVar[bool] = False

    @classmethod
    def option_groups(cls) -> set[str]:
        """The names of its fields."""
        return {each.name for each in fields(cls)}

    @property
    def takes_styles(self) -> bool:
        """Whether it takes style pictures."""
        return True

    @property
    def takes_fine_style(self) -> bool:
        """Whether a separate style picture may give the finest texture (Mixing.fine)."""
        return True

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """The files it reads besides styles, each as (purpose, path)."""
        return ()

    def with_paths(self, change: ChangePath) -> "StylizerOptions":
        """A copy with `change` applied to every path."""
        return self

    def longest_segment(self, usual: int) -> int | None:
        """The most frames in a segment of a shot; None does not split shots."""
        return usual

    def of_still(self) -> "StylizerOptions":
        """The stylizer for still pictures: this one, or a substitute."""
        return self


@dataclass(frozen=True)
class Fast(StylizerOptions):
    """The feed-forward network, with the weights that ship or others.

    weights: a file written by vidnst train, train-style or tune; None takes those that ship.
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
    """A third-party network that was trained for one style.

    network: .onnx or .pth. value_range: of an ONNX network's input and output.
    """

    name = "network"
    blends_styles = False

    network: Path
    value_range: NetworkRange = "auto"

    @property
    def takes_styles(self) -> bool:
        return False

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        return (("network", self.network),)

    def with_paths(self, change: ChangePath) -> "Foreign":
        return replace(self, network=change(self.network))


@dataclass(frozen=True)
class Painted(StylizerOptions):
    """A network that is trained on painted frames of the film.

    With teaching.unpainted="style", shots without a painted frame get the style of the render.
    learned: its state after training, in a file written by PaintedStylizer.save.
    """

    name = "painted"
    blends_styles = False
    usual_steady = 0.25
    """Paintings are already warped along the optical flow; more smoothing only costs detail."""
    learns_from_clip = True

    frames: tuple[PaintedFrame, ...]
    teaching: PaintedOptions = PaintedOptions()
    learned: Path | None = None

    @property
    def takes_styles(self) -> bool:
        return self.teaching.unpainted == "style"

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
    """Stylizers that use the perceptual encoder of gatys.features."""

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
    """A network that is first fine-tuned to the film; weights: what training starts from."""

    name = "tuned"
    learns_from_clip = True

    weights: Path | None = None
    teaching: TeachOptions = TeachOptions()
    tuning: TuneOptions = TuneOptions()
    neighbor: NeighborOptions = NeighborOptions()

    @property
    def is_taught(self) -> bool:
        """Whether the network is trained on frames that neighbor painted."""
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
        """Neighbor, where the network would only be trained on its painting of this picture."""
        if not self.is_taught or self.weights is not None:
            return self
        return Neighbor(self.gatys, self.neighbor)


@dataclass(frozen=True)
class _Optimized(_Seeing):
    """Stylizers that optimize each frame."""

    optimizes = True

    def longest_segment(self, usual: int) -> int | None:
        return None if self.gatys.passes > 1 else _OPTIMIZED_FRAMES


_OPTIMIZED_FRAMES = 12
"""Frames in a segment, at most: each takes minutes."""


@dataclass(frozen=True)
class Neighbor(_Optimized):
    """Replaces each place by its nearest neighbor in the style's features."""

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
"""Name -> class."""


def stylizer_options(name: str) -> StylizerOptions:
    """A stylizer with its defaults. Raises UsageError where none has this name."""
    if name not in STYLIZERS:
        raise UsageError(f"no stylizer is named {name!r}; there are {', '.join(STYLIZERS)}")
    return STYLIZERS[name]()
