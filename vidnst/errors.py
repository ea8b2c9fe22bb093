"""The exception hierarchy of vidnst.

VidnstError             its message is one line: what failed, the value, what to do next
├── UsageError          the request itself cannot be met (exit code 2)
├── MediaError          a clip or picture cannot be read or written
├── OutputError         the result cannot be written to its destination
├── WeightsError        weights are missing, damaged or of another shape
└── TrainingError       training pictures, teacher and checkpoint do not match
"""


class VidnstError(Exception):
    """Base of every error that vidnst raises on purpose."""

    exit_code = 1


class UsageError(VidnstError):
    """The request contradicts itself or names a value out of range."""

    exit_code = 2


class MediaError(VidnstError):
    """A clip or picture cannot be read, decoded or encoded."""


class OutputError(VidnstError):
    """The result cannot be written to its destination."""


class WeightsError(VidnstError):
    """Weights are missing, damaged or of another shape."""


class TrainingError(VidnstError):
    """Training pictures, teacher and checkpoint do not match each other."""
