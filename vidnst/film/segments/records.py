"""The records of finished segments, as files in the job's folder."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from vidnst.film.segments.segment import Record


def record_bytes(record: Record, sizes: Mapping[str, int]) -> bytes:
    """A record with its files' sizes in bytes, as read_records takes it."""
    return json.dumps(asdict(record) | {"files": sizes}).encode()


def read_records(folder: Path) -> dict[int, Record]:
    """Those that are whole, by number: what a crash left half is not named by one.

    None where files are missing: a crash came while they were put in place, or they were removed.
    """
    records = {}
    for path in sorted(folder.glob("segment_*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            told = json.loads(path.read_text(encoding="utf-8"))
            record = Record.of(told)
            if not _are_there(folder, told["files"]):
                return {}
            records[record.segment.number] = record
    return records


def _are_there(folder: Path, sizes: Mapping[str, int]) -> bool:
    try:
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except OSError:
        return False
