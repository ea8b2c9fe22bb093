"""The file names of a job's folder, by which only files of vidnst's own are removed."""

import json
import os
import re
import shutil
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from vidnst.errors import OutputError
from vidnst.media.names import is_pattern
from vidnst.media.places import JOB_SUFFIX
from vidnst.media.result import folder_of
from vidnst.media.whole import whole_file

MANIFEST = "manifest.json"
LOCK = "lock"
PICTURES = "pictures"
JOINING = "joining-"
ASIDE = "aside-"
"""Prefix of the temporary folders of painters."""
_LONGEST_NAME = 140
"""In bytes: some file systems allow little more, and the prefix and suffix are short."""
_OWN_FILE = re.compile(
    r"(manifest\.json|segment_\d+\.\w+|weights\.zip|tuned\.safetensors)"
    r"|\.(manifest|segment_\d+|weights|tuned)\.\d+\.part\.\w+"
)
_BEGUN = re.compile(rf"{LOCK}|\.manifest\.\d+\.part\.json")
"""The files that may exist before the manifest does."""
_EMPTIED = {"job": "emptied"}


def job_folder(target: Path) -> Path:
    """The hidden job folder beside a result; named by a digest where the result's name is long."""
    name = target.parent.name if is_pattern(target) else target.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = sha256(os.fsencode(name)).hexdigest()[:32]
    return folder_of(target) / f".{name}{JOB_SUFFIX}"


def require_own(folder: Path) -> None:
    """Raises OutputError where a job's folder exists and vidnst has not made it."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise OutputError(f"{folder} is no folder of vidnst's: move it away")
    names = {path.name for path in folder.iterdir()}
    if any(path.is_symlink() for path in folder.rglob("*")):
        raise OutputError(f"{folder} holds links, which vidnst has not made: move it away")
    if not all(map(_BEGUN.fullmatch, names)) and not is_own(read_json(folder / MANIFEST)):
        raise OutputError(f"{folder} holds files that are not vidnst's: move it away")


def is_own(manifest: Any) -> bool:
    """Whether this is the content of a manifest that vidnst wrote."""
    if not isinstance(manifest, dict):
        return False
    software = manifest.get("software")
    return "job" in manifest or (isinstance(software, dict) and "vidnst" in software)


def empty(folder: Path) -> None:
    """Remove what vidnst wrote, but for the lock. Raises OSError."""
    manifest = folder / MANIFEST
    if manifest.exists():
        # First, so that files left by a crash during removal are not reused, but known as ours.
        # On a full disk this fails, and the manifest stays as it is until it is removed below.
        with suppress(OSError), whole_file(manifest) as part:
            part.write_text(json.dumps(_EMPTIED))
    for path in folder.iterdir():
        if path.is_symlink() or path == manifest:
            continue
        if not path.is_dir():
            if _OWN_FILE.fullmatch(path.name):
                path.unlink()
        elif path.name == PICTURES:
            _remove_files(path, re.compile(r".*\d.*"))
        elif path.name.startswith((JOINING, ASIDE)):  # Made by mkdtemp, so ours.
            shutil.rmtree(path, ignore_errors=True)
    manifest.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a job's folder, except for files that are not vidnst's."""
    with suppress(OSError):
        empty(folder)
    with suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _remove_files(folder: Path, own: "re.Pattern[str]") -> None:
    """Remove a folder's files of these names, and itself if nothing else is in it."""
    for path in folder.iterdir():
        if own.fullmatch(path.name) and not path.is_dir():
            with suppress(OSError):
                path.unlink()
    with suppress(OSError):
        folder.rmdir()
