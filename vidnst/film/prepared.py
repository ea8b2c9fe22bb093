"""What was made before a film's first frame is painted, for all who paint it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vidnst.options.stylizers import StylizerOptions


@dataclass(frozen=True)
class Prepared:
    """Files in the job's folder, which workers on other machines are sent.

    region_weights: how much of each style is painted where, of each frame (regions/store.py).
    stylizer: what paints with the networks that learned from the film, in place of what learns.
    first_number: of its first frame, where flow comes from files. notes: what the user should know.
    """

    region_weights: Path | None = None
    stylizer: StylizerOptions | None = None
    first_number: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Each file, and what for."""
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
