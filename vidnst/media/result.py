"""Where a result goes: checked before work starts, and put there only when whole."""

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from vidnst.errors import OutputError
from vidnst.media.clip import is_sequence, sequence_numbers


def check_target(target: Path, sources: tuple[Path, ...], *, overwrite: bool) -> None:
    """Make sure that a result may go to target, before any work is done for it.

    Raises OutputError where its folder is missing or not writable, where something stands there
    already (unless overwrite), or where it would replace one of the sources.
    """
    place = target.parent.parent if is_sequence(target) else target.parent
    if not place.is_dir():
        raise OutputError(f"the folder {place} does not exist")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {place} is not writable")
    if any(source.exists() and target.exists() and source.samefile(target) for source in sources):
        raise OutputError(f"{target} is the source itself: name another output (-o)")
    if target.is_dir() or (is_sequence(target) and target.parent.is_file()):
        raise OutputError(f"{target} is in the way: it is no file of this kind")
    taken = sequence_numbers(target) if is_sequence(target) else target.exists()
    if taken and not overwrite:
        raise OutputError(
            f"{target} exists already: add --overwrite to replace it, or name another (-o)"
        )


class PendingResult:
    """A hidden folder beside the target, to work in; a context manager that always removes it.

    `path` is where to write the result; `keep` puts it in its place. On the same disk that is one
    rename, so that half a result never stands under the name that was asked for.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._place = target.parent.parent if is_sequence(target) else target.parent

    def __enter__(self) -> "PendingResult":
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=".vidnst-", dir=self._place))
        except OSError as error:
            raise OutputError(f"cannot write in {self._place}: {error.strerror}") from error
        self.path = self.folder / self.target.name
        return self

    def keep(self) -> None:
        """Move the result into place, replacing what stood there."""
        try:
            if not is_sequence(self.target):
                self.path.replace(self.target)
                return
            self.target.parent.mkdir(exist_ok=True)
            for number in sequence_numbers(self.target):
                (self.target.parent / (self.target.name % number)).unlink()
            for picture in sorted(self.folder.iterdir()):
                picture.replace(self.target.parent / picture.name)
        except OSError as error:
            raise OutputError(f"cannot write {self.target}: {error.strerror}") from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
