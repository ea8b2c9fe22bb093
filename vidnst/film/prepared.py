"""Results of a film's preparation, for every process that paints it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vidnst.options.stylizers import StylizerOptions


@dataclass(frozen=True)
class Prepared:
    """Files in the job's folder, which are sent to workers on other machines.

    region_weights: the weights of each style at each pixel of each frame (regions/store.py).
    stylizer: replaces a stylizer that learns from the film; its networks are trained already.
    first_number: of the first frame, where flow comes from files. notes: warnings for the user.
    """

    region_weights: Path | None = None
    stylizer: StylizerOptions | None = None
    first_number: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """The role and path of each file."""
        regions = self.region_weights
        learned = () if self.stylizer is None else self.stylizer.files
        return (*(() if regions is None else (("region weights", regions),)), *learned)

    def with_paths(self, change: Callable[[Path], Path]) -> "Prepared":
        """The same with a change made to every path."""
        return replace(
            self,
            region_weights=self.region_weights and change(self.region_weights),
            stylizer=self.stylizer and self.stylizer.with_paths(change),
        )


NOTHING = Prepared()
