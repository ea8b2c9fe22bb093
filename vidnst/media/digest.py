"""What a file's or a folder's content comes down to."""

import os
from hashlib import sha256
from pathlib import Path

import numpy as np

from vidnst.media.names import flow_files, is_sequence, numbered, sequence_numbers
from vidnst.media.pictures import style_files

_BLOCK = 1 << 20
_MOST_BLOCKS = 256
"""Of larger films so many, spread evenly, are read: all of an hour's would take long."""


def files_at(path: Path) -> tuple[Path, ...]:
    """A file, the flow or the pictures of a folder, or numbered pictures, one by one.

    Raises MediaError for a folder with neither.
    """
    if is_sequence(path):
        return tuple(numbered(path, n) for n in sequence_numbers(path))
    if path.is_dir():
        return tuple(file for file, *_ in flow_files(path)) or style_files(path)
    return (path,)


def content_digest(path: Path) -> str:
    """A sha256 over a file, all of numbered pictures, or all pictures in a folder.

    Of large files it is over parts, and the size.

    Empty where a file cannot be read: who needs it will tell. Raises MediaError for a folder
    without pictures.
    """
    digest = sha256()
    files = files_at(path)
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
