"""Digests of the content of files and folders."""

import os
from hashlib import sha256
from pathlib import Path

import numpy as np

from vidnst.media.names import flow_files, is_sequence, numbered, sequence_numbers
from vidnst.media.pictures import style_files

_BLOCK = 1 << 20
_MOST_BLOCKS = 256
"""Of larger films, this many blocks, spread evenly, are hashed; all would take too long."""


def files_at(path: Path) -> tuple[Path, ...]:
    """The files that a path stands for: a file, a folder's flow or pictures, or numbered pictures.

    Raises MediaError for a folder with neither flow nor pictures.
    """
    if is_sequence(path):
        return tuple(numbered(path, n) for n in sequence_numbers(path))
    if path.is_dir():
        return tuple(file for file, *_ in flow_files(path)) or style_files(path)
    return (path,)


def content_digest(path: Path) -> str:
    """The SHA-256 of a file, of numbered pictures, or of a folder's flow or pictures, as hex.

    Of large files, it covers the size and evenly spread blocks. Empty where a file cannot be read,
    which its reader reports. Raises MediaError as files_at does.
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
