"""The regions of a frame, and how each is painted."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from vidnst.errors import UsageError
from vidnst.options.built_in import style_path

REST = "rest"
"""Name of the region of all pixels that no other region covers."""
UNTOUCHED = "none"
"""In place of a style: the region is not painted."""
ONLY = "mask"
"""Name of the region where there is only one."""
_NAME = re.compile(r"[\w-]+")


class RegionStyle(NamedTuple):
    """A style picture, and a mask that is white where the style is taken from; None takes all."""

    picture: Path
    mask: Path | None


@dataclass(frozen=True)
class Region:
    """A region and its style. mask: None for the rest region. style: None leaves the source.

    style_mask: white where the style is taken from its picture; None takes all of it.
    """

    name: str
    mask: Path | None
    style: Path | None
    style_mask: Path | None = None

    @property
    def painted_in(self) -> RegionStyle | None:
        return None if self.style is None else RegionStyle(self.style, self.style_mask)


@dataclass(frozen=True)
class RegionOptions:
    """The regions of a render; empty where the whole frame is painted in one style.

    Where masks overlap, the region listed first wins. softness: width of the edges, in percent of
    the frame's height. track: propagate masks that are drawn on a few frames through the shots.
    write_masks: a folder for the tracked masks.
    """

    regions: tuple[Region, ...] = ()
    softness: float = 0.5
    track: bool = False
    write_masks: Path | None = None

    def __post_init__(self) -> None:
        names = [region.name for region in self.regions]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"`regions` {name} is given twice: give each region its own name")
        for region in self.regions:
            if (region.name == REST) != (region.mask is None):
                raise UsageError(f"`regions` {REST} is what no other holds, and takes no mask")
        if self.regions and all(region.style is None for region in self.regions):
            raise UsageError("`regions`: no region is painted; give one of them a style")
        if self.regions and all(region.mask is None for region in self.regions):
            raise UsageError("`regions` rest alone is the whole frame: give `style` instead")
        if not 0 <= self.softness <= 50:
            raise UsageError(f"`softness` is {self.softness:g}, but must lie in 0..50 (percent)")
        if self.track and not self.regions:
            raise UsageError("`track` is for `mask` and `regions`")
        if self.write_masks is not None and not self.track:
            raise UsageError("`write_masks` is for `track`")

    @property
    def styles(self) -> tuple[RegionStyle, ...]:
        """The distinct styles, in the order of the weight maps."""
        return tuple(dict.fromkeys(r.painted_in for r in self.regions if r.painted_in is not None))

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that the regions are read from."""
        named = [path for r in self.regions for path in (r.mask, r.style, r.style_mask)]
        return tuple(path for path in named if path is not None)


def parse_region(text: str) -> Region:
    """A region as the user writes it: 'NAME:MASK=STYLE', or 'rest=STYLE'; STYLE may be 'none'.

    Raises UsageError for anything else, and MediaError as style_path does.
    """
    place, equals, style = text.rpartition("=")
    name, colon, mask = place.partition(":")
    if not (equals and style and _NAME.fullmatch(name) and bool(colon) == bool(mask)):
        raise UsageError(f"`regions` is {text!r}, but must be NAME:MASK=STYLE or {REST}=STYLE")
    if name != REST and not mask:
        raise UsageError(f"`regions` {name} has no mask: write {name}:MASK={style}")
    picture = None if style == UNTOUCHED else style_path(style)
    return Region(name, Path(mask) if mask else None, picture)
