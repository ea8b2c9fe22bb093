"""The hidden folders in which results are made, and how a failure in one is told."""

from pathlib import Path

from vidnst.errors import OutputError

JOB_SUFFIX = ".vidnst"
"""Of the hidden folder in which a film's segments are kept."""
PENDING_PREFIX = ".vidnst-"
"""Of the hidden folders in which everything else is made."""


def cannot_write(path: Path, error: OSError) -> OutputError:
    """What to raise where a file cannot be written; names the folder that the user knows."""
    hidden = [folder for folder in path.parents if _is_hidden(folder.name)]
    place = (hidden[-1] if hidden else path).parent.absolute()
    return OutputError(f"cannot write in {place}: {error.strerror or error}")


def _is_hidden(name: str) -> bool:
    """Whether a folder of this name is one of those in which results are made."""
    return name.startswith(PENDING_PREFIX) or (name.startswith(".") and name.endswith(JOB_SUFFIX))
