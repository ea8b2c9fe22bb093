"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield where to write what is to become a file: hidden, beside it, with the same ending.

    At the end it takes the file's place, all at once; after an error it is removed, and what stood
    there stays. durable: it is then on the disk also after a power cut. Raises OSError.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        if durable:
            write_through(part)
        part.replace(path)
        if durable:
            write_through(path.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def write_through(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on the disk and outlives a power cut."""
    flags = os.O_RDONLY
    if os.name == "nt":
        if path.is_dir():
            return  # Windows does so by itself.
        flags = os.O_RDWR
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
