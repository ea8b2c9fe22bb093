"""Where a result goes: checked before work starts, and put there only when whole."""

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
    """The folder a result is put in; of numbered pictures, that which holds theirs."""
    return target.parent.parent if is_pattern(target) else target.parent


def check_target(target: Path, sources: tuple[Path, ...], *, overwrite: bool) -> None:
    """Make sure that a result may go to target, before any work is done for it.

    Raises OutputError where its folder is missing or not writable, where something stands there
    already (unless overwrite), where it would replace one of the sources, or where the disk takes
    no such name. sources are files: numbered pictures one by one.
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
    # A link that leads nowhere is there as well.
    taken = sequence_numbers(target) if is_pattern(target) else os.path.lexists(target)
    if taken and not overwrite:
        raise OutputError(
            f"{target} exists already: add `overwrite=True` to replace it, or name another "
            "(`output`)"
        )


def _require_short_name(target: Path) -> None:
    """Raises OutputError where the disk takes no such name."""
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
            told = source.stat()
            read.add((told.st_dev, told.st_ino))
    for target in targets:
        with suppress(OSError):
            told = target.stat()
            if (told.st_dev, told.st_ino) in read:
                return target
    return None


def put_in_place(path: Path, target: Path) -> None:
    """Move a whole result to where it was asked for, replacing what stood there.

    Of numbered pictures both are patterns; the ones at target that are not replaced go. Where
    target's folder is not there yet, that of path becomes it, all at once.
    Raises OutputError.
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

    `path` is where to write the result; `keep` puts it in its place. On the same disk that is one
    rename, so that half a result never stands under the name that was asked for.
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
        """Move the result into place, replacing what stood there."""
        put_in_place(self.path, self.target)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
