"""Which files a worker reads, by name: where they lie may differ from machine to machine."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidnst.options import RenderOptions

_FIELDS = ("source", "style", "weights", "network", "region_weights")
_OF_REGIONS = ("style", "style_mask")
"""Their masks have become region_weights."""


def files_read(options: RenderOptions) -> dict[str, Path]:
    """The files a worker reads."""
    files = {name: getattr(options, name) for name in _FIELDS}
    for region in options.regions.regions:
        files |= {f"{name} of {region.name}": getattr(region, name) for name in _OF_REGIONS}
    return {name: path for name, path in files.items() if path is not None}


def with_files(options: RenderOptions, paths: Mapping[str, Path]) -> RenderOptions:
    """The options with other paths for files that files_read names."""
    regions = []
    for region in options.regions.regions:
        names = {name: f"{name} of {region.name}" for name in _OF_REGIONS}
        changes: dict[str, Any] = {n: paths[full] for n, full in names.items() if full in paths}
        regions.append(replace(region, **changes))
    fields: dict[str, Any] = {name: path for name, path in paths.items() if name in _FIELDS}
    return replace(options, regions=replace(options.regions, regions=tuple(regions)), **fields)
