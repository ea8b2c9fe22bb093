"""What decides how a render comes out: two with the same manifest give the same film."""

import platform
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from vidnst import __version__
from vidnst.backends.engine import chosen_backend, chosen_device
from vidnst.media.clip import is_sequence, sequence_numbers
from vidnst.media.pictures import style_files
from vidnst.regions.options import RegionOptions
from vidnst.rendering.film import Film
from vidnst.weights import SHA256

_BLOCK = 1 << 20
_MOST_BLOCKS = 256
"""Of larger files so many, spread evenly, are read: all of an hour's film would take long."""
_NOT_DECIDING = (
    "source",
    "style",
    "mixing",
    "network",
    "weights",
    "output",
    "overwrite",
    "resume",
    "strict",
    "delivery",
    "regions",
    "region_weights",
)


def manifest_of(film: Film) -> dict[str, Any]:
    """The manifest of a film's render, as plain values. Raises what the device's choice raises."""
    options = film.options
    settings = {k: v for k, v in asdict(options).items() if k not in _NOT_DECIDING}
    settings["compute"] = {
        "device": chosen_device(options.compute.device),
        "backend": chosen_backend(options.compute) if options.stylizer != "gatys" else "torch",
    }
    fine = options.mixing.fine
    features = Path(options.gatys.features)
    return {
        "source": options.source.name,
        "source content": content_digest(film.clip.path),
        "style": options.style.name,
        "style content": [[style.weight, content_digest(style.path)] for style in options.styles],
        "fine style content": fine and content_digest(fine),
        "weights": content_digest(options.weights) if options.weights else SHA256,
        "features": content_digest(features) if features.is_file() else None,
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
            "machine": platform.machine(),
        },
    }


def _regions(regions: RegionOptions) -> dict[str, Any]:
    files = {str(path): content_digest(path) for path in regions.files}
    told = [
        [region.name, *(files.get(str(p)) for p in (region.mask, region.style, region.style_mask))]
        for region in regions.regions
    ]
    return {"masks": told, "softness": regions.softness, "track": regions.track}


def content_digest(path: Path) -> str:
    """A sha256 over a file, all of numbered pictures, or all pictures in a folder.

    Of large files it is over parts, and the size.

    Empty where a file cannot be read: who needs it will tell.
    """
    digest = sha256()
    files = [path]
    if is_sequence(path):
        files = [path.parent / (path.name % number) for number in sequence_numbers(path)]
    elif path.is_dir():
        files = list(style_files(path))
    blocks = max(1, _MOST_BLOCKS // max(1, len(files)))
    try:
        for file in files:
            size = file.stat().st_size
            digest.update(f"{'' if file == path else file.name} {size} ".encode())
            with file.open("rb") as opened:
                for place in np.linspace(0, max(0, size - _BLOCK), min(blocks, -(-size // _BLOCK))):
                    opened.seek(int(place))
                    digest.update(opened.read(_BLOCK))
    except OSError:
        return ""
    return digest.hexdigest()
