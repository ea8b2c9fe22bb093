"""Unfinished jobs, which can be resumed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vidnst.errors import OutputError
from vidnst.film.segments.folder import (
    LOCK,
    MANIFEST,
    is_own,
    read_json,
    require_own,
)
from vidnst.film.segments.records import read_records
from vidnst.media.places import JOB_SUFFIX


@dataclass(frozen=True)
class UnfinishedJob:
    """A job folder that can be resumed, or is being rendered (at_work).

    size in bytes; changed in seconds since the epoch; frame_count is None where it is not known.
    """

    folder: Path
    target: Path
    source: str
    style: str
    frames: int
    frame_count: int | None
    size: int
    changed: float
    at_work: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"folder": str(self.folder), "target": str(self.target)}


def unfinished_jobs(place: Path) -> list[UnfinishedJob]:
    """All job folders in a folder."""
    found = []
    for path in sorted(place.glob(f".*{JOB_SUFFIX}/{MANIFEST}")):
        folder, manifest = path.parent, read_json(path)
        try:
            require_own(folder)
        except OutputError:
            continue
        if not is_own(manifest):
            continue
        records = read_records(folder)
        files = [file.stat() for file in folder.rglob("*") if file.is_file()]
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
            lock.release()
            at_work = False
        except Timeout:
            at_work = True
        found.append(
            UnfinishedJob(
                folder,
                place / (_name_in(manifest, "result") or folder.name[1 : -len(JOB_SUFFIX)]),
                _name_in(manifest, "source"),
                _name_in(manifest, "style"),
                sum(len(record.pts) for record in records.values()),
                count if isinstance(count := manifest.get("frames"), int) else None,
                sum(file.st_size for file in files),
                max((file.st_mtime for file in files), default=0.0),
                at_work,
            )
        )
    return found


def _name_in(manifest: Mapping[str, Any], key: str) -> str:
    """The file name under a key; folders are dropped, as a manifest may come from anyone."""
    value = manifest.get(key)
    return Path(value).name if isinstance(value, str) else ""
