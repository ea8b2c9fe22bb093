"""The job folder beside a result: finished segments, kept until the result is complete."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import load, save

from vidnst.errors import OutputError
from vidnst.film.segments.folder import (
    JOINING,
    LOCK,
    MANIFEST,
    PICTURES,
    empty,
    is_own,
    job_folder,
    read_json,
    remove,
    require_own,
)
from vidnst.film.segments.records import read_records, record_bytes
from vidnst.film.segments.segment import Record, Segment
from vidnst.media.names import is_pattern
from vidnst.media.places import cannot_write
from vidnst.media.result import put_in_place
from vidnst.media.whole import whole_file, write_through
from vidnst.stylizers.stylizer import State


class Job:
    """A job folder, open and locked; a context manager.

    A folder left by an earlier run is reused if its manifest is equal, and emptied otherwise. On
    exit the folder is removed if the result was kept, or if no segment is finished.
    """

    def __init__(self, target: Path, manifest: Mapping[str, Any], *, resume: bool = True) -> None:
        """manifest: everything that determines the result, as plain values."""
        self.target, self.folder = target, job_folder(target)
        self.restarted: list[str] = []
        """The manifest entries in which a discarded earlier job differs."""
        self.records: dict[int, Record] = {}
        """Of the finished segments, by number."""
        result = target.parent.name if is_pattern(target) else target.name
        entries = {"job": "render", "result": result, "named": target.name, **manifest}
        self._manifest = json.loads(json.dumps(entries, default=str))
        self._resume = resume
        self._lock = FileLock(self.folder / LOCK)
        self._kept = False

    def __enter__(self) -> "Job":
        require_own(self.folder)
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise OutputError(f"{self.target} is being rendered by another vidnst") from error
        except OSError as error:
            with suppress(OSError):
                self.folder.rmdir()
            raise self._failure(error) from error
        try:
            self._take_up()
        except OSError as error:
            self._leave()
            raise self._failure(error) from error
        except BaseException:
            self._leave()
            raise
        return self

    def _take_up(self) -> None:
        there = read_json(self.folder / MANIFEST)
        if self._resume and there == self._manifest:
            self.records = read_records(self.folder)
        elif there is not None:
            self.restarted = differences(there if is_own(there) else {}, self._manifest)
        if not self.records:
            empty(self.folder)
            self._write(MANIFEST, json.dumps(self._manifest, indent=1).encode())
        self._remove_joined()
        if is_pattern(self.target):
            self.path.parent.mkdir(exist_ok=True)
        else:
            # A new one for each run: an ffmpeg process of a killed run may still be writing.
            self._joining = Path(tempfile.mkdtemp(prefix=JOINING, dir=self.folder))

    @property
    def next_segment(self) -> Segment | None:
        """The first that is not finished; None where all are."""
        segment: Segment | None = Segment()
        while segment is not None and segment.number in self.records:
            segment = self.records[segment.number].following
        return segment

    @property
    def frames(self) -> int:
        """How many are finished."""
        return sum(len(record.pts) for record in self.records.values())

    @property
    def path(self) -> Path:
        """Where the joined result is written before it is put in place."""
        if is_pattern(self.target):
            return self.folder / PICTURES / self.target.name
        return self._joining / self.target.name

    def segment_path(self, number: int, suffix: str) -> Path:
        """Where a segment is written; all numbered pictures share a pattern."""
        if is_pattern(self.target):
            return self.path
        return self.folder / f"segment_{number:06d}{suffix}"

    def state_before(self, segment: Segment) -> State | None:
        """The painter's state at a segment's start; None where it opens a shot."""
        if segment.opens_shot:
            return None
        try:
            return load(self._state_path(segment.number - 1).read_bytes())
        except (OSError, SafetensorError) as error:
            raise OutputError(
                f"{self.folder} is damaged (add `resume=False` to start anew): {error}"
            ) from error

    def finish(self, record: Record, state: State | None, files: Iterable[Path]) -> None:
        """Record a segment as finished, with the state after it where the next segment needs it.

        files: those of the segment, which are flushed to disk first. Raises OutputError.
        """
        number = record.segment.number
        sizes: dict[str, int] = {}
        try:
            for path in files:
                write_through(path)
                sizes[path.relative_to(self.folder).as_posix()] = path.stat().st_size
            if is_pattern(self.target):
                write_through(self.path.parent)
            if state is not None:
                self._write(self._state_path(number).name, save(dict(state)))
            self._write(f"segment_{number:06d}.json", record_bytes(record, sizes))
        except OSError as error:
            raise self._failure(error) from error
        self.records[number] = record
        # That state was needed only to paint this segment.
        if number and number - 1 in self.records:
            self._state_path(number - 1).unlink(missing_ok=True)

    def keep(self) -> None:
        """Move the complete result to its target."""
        put_in_place(self.path, self.target)
        self._kept = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._remove_joined()
        is_over = self._kept or not self.records
        if is_over:
            with suppress(OSError):
                empty(self.folder)
            if os.name != "nt":
                # Before the lock is released, after which another process may own the folder.
                remove(self.folder)
        self._lock.release()
        if is_over and os.name == "nt":
            remove(self.folder)

    def _remove_joined(self) -> None:
        """Remove joined results, complete or partial, that were not kept."""
        for folder in self.folder.glob(f"{JOINING}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _state_path(self, number: int) -> Path:
        return self.folder / f"segment_{number:06d}.state"

    def _write(self, name: str, content: bytes) -> None:
        """Write a file atomically and durably: after a power cut it is complete or missing."""
        try:
            with whole_file(self.folder / name, durable=True) as path:
                path.write_bytes(content)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> OutputError:
        return cannot_write(self.folder / MANIFEST, error)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The keys in which two manifests differ; nested ones are joined by dots."""
    names = [name for name in now if before.get(name) != now[name]]
    nested = [
        f"{name}.{inner}"
        for name in names
        if isinstance(now[name], dict) and isinstance(before.get(name), dict)
        for inner in differences(before[name], now[name])
    ]
    return [name for name in names if not any(n.startswith(f"{name}.") for n in nested)] + nested
