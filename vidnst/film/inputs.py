"""All that a render reads: one list for overwrite checks, manifests, workers and project files."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from vidnst.errors import MediaError
from vidnst.media.names import is_sequence, numbered, sequence_numbers
from vidnst.media.pictures import style_files
from vidnst.options.render import RenderOptions

_BLOCK = 1 << 20
_MOST_BLOCKS = 256
"""Of larger films so many, spread evenly, are read: all of an hour's would take long."""


@dataclass(frozen=True)
class Input:
    """A file, a folder of pictures or numbered pictures, and what for."""

    path: Path
    role: str

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files, one by one. Raises MediaError for a folder without pictures."""
        if is_sequence(self.path):
            return tuple(numbered(self.path, n) for n in sequence_numbers(self.path))
        if self.path.is_dir():
            return style_files(self.path)
        return (self.path,)

    @property
    def digest(self) -> str:
        """What content_digest says; empty for a folder without pictures, too."""
        try:
            return content_digest(self.path)
        except MediaError:
            return ""


def inputs_of(options: RenderOptions) -> tuple[Input, ...]:
    """Everything that these options name and that is read."""
    return tuple(_inputs(options))


def _inputs(options: RenderOptions) -> Iterator[Input]:
    yield Input(options.source, "source")
    if options.network is None:
        yield from (Input(style.path, "style") for style in options.styles)
    if options.mixing.fine is not None:
        yield Input(options.mixing.fine, "fine style")
    for role, path in (("network", options.network), ("weights", options.weights)):
        if path is not None:
            yield Input(path, role)
    features = options.gatys.features_file
    if features is not None:
        yield Input(features, "features")
    if options.region_weights is not None:
        yield Input(options.region_weights, "region weights")
    for region in options.regions.regions:
        for role, path in (
            ("mask", region.mask),
            ("region style", region.style),
            ("style mask", region.style_mask),
        ):
            if path is not None:
                yield Input(path, role)


def files_read(options: RenderOptions) -> tuple[Path, ...]:
    """The files that are read, which no result may replace. Raises as Input.files does."""
    return tuple(file for each in inputs_of(options) for file in each.files)


def styles_read(options: RenderOptions) -> tuple[Path, ...]:
    """The pictures that are painted like. Raises as Input.files does."""
    return tuple(f for each in inputs_of(options) if "style" in each.role for f in each.files)


def content_digest(path: Path) -> str:
    """A sha256 over a file, all of numbered pictures, or all pictures in a folder.

    Of large files it is over parts, and the size.

    Empty where a file cannot be read: who needs it will tell. Raises MediaError for a folder
    without pictures.
    """
    digest = sha256()
    files = Input(path, "").files
    blocks = max(1, _MOST_BLOCKS // max(1, len(files)))
    try:
        for file in files:
            size = file.stat().st_size
            digest.update(b"" if file == path else os.fsencode(file.name))
            digest.update(f" {size} ".encode())
            with file.open("rb") as opened:
                for place in np.linspace(0, max(0, size - _BLOCK), min(blocks, -(-size // _BLOCK))):
                    opened.seek(int(place))
                    digest.update(opened.read(_BLOCK))
    except OSError:
        return ""
    return digest.hexdigest()
