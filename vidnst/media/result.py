"""The output path of a result: checked before work starts, replaced only by a finished one."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from vidnst.errors import OutputError
from vidnst.media.names import is_pattern, numbered, sequence_numbers
from vidnst.media.places import PENDING_PREFIX, cannot_write
from vidnst.media.whole import write_through


def folder_of(target: Path) -> Path:
    """The folder that a result is put in; for numbered pictures, the parent of their folder."""
    return target.parent.parent if is_pattern(target) else target.parent


def check_target(target: Path, sources: tuple[Path, ...], *, overwrite: bool) -> None:
    """Make sure that a result may go to target, before any work is done for it.

    Raises OutputError where its folder is missing or not writable, where target exists (unless
    overwrite), where it would replace one of the sources, or where the file system does not allow
    its name. sources: files, of numbered pictures each one.
    """
    place = folder_of(target)
    if not place.is_dir():
        raise OutputError(f"the folder {place} does not exist")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {place} is not writable")
    _require_short_name(target)
    there = [numbered(target, n) for n in sequence_numbers(target)] or [target]
    if own := _same_file(there, sources):
        raise OutputError(f"{own} is the source itself: name another output (`output`)")
    in_the_way = target.is_dir()
    if is_pattern(target):
        folder = target.parent
        in_the_way = os.path.lexists(folder) and not folder.is_dir()
    if in_the_way:
        raise OutputError(f"{target} is in the way: it is no file of this kind")
    # lexists, as a broken link exists, too.
    taken = sequence_numbers(target) if is_pattern(target) else os.path.lexists(target)
    if taken and not overwrite:
        raise OutputError(
            f"{target} exists already: add `overwrite=True` to replace it, or name another "
            "(`output`)"
        )


def _require_short_name(target: Path) -> None:
    """Raises OutputError where the file system does not allow the name."""
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            (numbered(target, 0) if is_pattern(target) else target).lstat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{target} cannot be written: {reason}; name another (`output`)"
        ) from error


def _same_file(targets: Iterable[Path], sources: Iterable[Path]) -> Path | None:
    """The first of the targets that is one of the sources."""
    read = set()
    for source in sources:
        with suppress(OSError, ValueError):
            status = source.stat()
            read.add((status.st_dev, status.st_ino))
    for target in targets:
        with suppress(OSError):
            status = target.stat()
            if (status.st_dev, status.st_ino) in read:
                return target
    return None


def put_in_place(path: Path, target: Path) -> None:
    """Move a finished result to its target, replacing what is there. Raises OutputError.

    For numbered pictures, both are patterns; pictures at target that are not replaced are deleted.
    Where target's folder does not exist yet, the folder of path is renamed to it.
    """
    try:
        if not is_pattern(target):
            write_through(path)
            path.replace(target)
            write_through(target.parent)
            return
        if not target.parent.exists():
            path.parent.rename(target.parent)
            write_through(folder_of(target))
            return
        new = set(sequence_numbers(path))
        for number in new:
            numbered(path, number).replace(numbered(target, number))
        for number in set(sequence_numbers(target)) - new:
            numbered(target, number).unlink()
        write_through(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from error


class PendingResult:
    """A hidden folder beside the target, to work in; a context manager that always removes it.

    `path` is where to write the result; `keep` moves it to the target. Within one file
    system this is a single rename, so a partial result never appears under the target's name.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._place = folder_of(target)

    def __enter__(self) -> "PendingResult":
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=PENDING_PREFIX, dir=self._place))
        except OSError as error:
            raise cannot_write(self.target, error) from error
        self.path = self.folder / self.target.name
        return self

    def keep(self) -> None:
        """Move the result to the target, replacing what is there."""
        put_in_place(self.path, self.target)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
