"""What decides how a render comes out: two with the same manifest give the same film."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from vidnst import __version__
from vidnst.film.inputs import inputs_of
from vidnst.film.plan import Film
from vidnst.film.processor import processor_kind
from vidnst.nets.device import chosen_device
from vidnst.nets.engines.choose import chosen_backend
from vidnst.nets.weights import SHA256
from vidnst.options.regions import RegionOptions

_NOT_DECIDING = (
    "source",
    "style",
    "mixing",
    "stylizer",
    "output",
    "audio",
    "size",
    "encoding",
    "plot",
    "save_steps",
    "crew",
    "overwrite",
    "resume",
    "strict",
    "delivery",
    "regions",
    "flow",
)


def manifest_of(film: Film) -> dict[str, Any]:
    """The manifest of a film's render, as plain values. Raises what the device's choice raises."""
    options = film.options
    settings = {k: v for k, v in asdict(options).items() if k not in _NOT_DECIDING}
    settings["compute"] = {
        "device": chosen_device(options.compute.device),
        "backend": chosen_backend(options.compute) if not options.stylizer.optimizes else "torch",
    }
    # Files are compared by their digests, whatever their paths.
    nameless = asdict(options.stylizer.with_paths(lambda path: Path()))
    settings["stylizer"] = {"name": options.stylizer.name, **nameless}
    return {
        "source": options.source.name,
        "style": options.style.name,
        "inputs": [[each.role, each.digest] for each in inputs_of(options)],
        "style weights": [style.weight for style in options.styles],
        "shipped weights": SHA256,
        "settings": settings,
        "regions": _regions(options.regions),
        "size": list(film.size_hw),
        "encoding": asdict(film.encoding),
        "first number": film.first_number,
        "frames": film.clip.frame_count,
        "software": {
            "vidnst": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "av": av.__version__,
        },
        "processor": processor_kind(settings["compute"]["device"]),
    }


def _regions(regions: RegionOptions) -> dict[str, Any]:
    given = [
        [region.name, *(p is not None for p in (region.mask, region.style, region.style_mask))]
        for region in regions.regions
    ]
    return {"given": given, "softness": regions.softness, "track": regions.track}
