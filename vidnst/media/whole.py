"""Files that are written atomically."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a temporary path for the file's content: hidden, beside it, with the same ending.

    On exit, it replaces the file atomically; after an error, it is removed, and the file is left as
    it was. durable: flush to disk, so that it survives a power cut. Raises OSError.
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
    """Flush a file, or a folder's entries, to disk (fsync), so that it survives a power cut."""
    flags = os.O_RDONLY
    if os.name == "nt":
        if path.is_dir():
            return  # Windows does this by itself.
        flags = os.O_RDWR
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
