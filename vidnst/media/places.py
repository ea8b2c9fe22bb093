"""Names of the hidden folders in which results are made, and the error for a failed write."""

from pathlib import Path

from vidnst.errors import OutputError

JOB_SUFFIX = ".vidnst"
"""Suffix of the hidden folder for a film's segments."""
PENDING_PREFIX = ".vidnst-"
"""Prefix of the hidden folders for everything else."""


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The error for a failed write; it names the folder of the result, not a hidden one."""
    hidden = [folder for folder in path.parents if _is_hidden(folder.name)]
    place = (hidden[-1] if hidden else path).parent.absolute()
    return OutputError(f"cannot write in {place}: {error.strerror or error}")


def _is_hidden(name: str) -> bool:
    """Whether a folder of this name is one of those in which results are made."""
    return name.startswith(PENDING_PREFIX) or (name.startswith(".") and name.endswith(JOB_SUFFIX))
