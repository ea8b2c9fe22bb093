"""The records of finished segments, as files in the job's folder."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from vidnst.film.segments.segment import Record


def record_bytes(record: Record, sizes: Mapping[str, int]) -> bytes:
    """A record, serialized with its files' sizes in bytes for read_records."""
    return json.dumps(asdict(record) | {"files": sizes}).encode()


def read_records(folder: Path) -> dict[int, Record]:
    """The valid records, by segment number; a segment that a crash interrupted has none.

    Empty where files of a record are missing: they were removed, or a crash came while the result
    was put in place.
    """
    records = {}
    for path in sorted(folder.glob("segment_*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            content = json.loads(path.read_text(encoding="utf-8"))
            record = Record.of(content)
            if not _are_there(folder, content["files"]):
                return {}
            records[record.segment.number] = record
    return records


def _are_there(folder: Path, sizes: Mapping[str, int]) -> bool:
    try:
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except OSError:
        return False
