"""What can go wrong, as one tree.

VidnstError             one line: what failed, the value seen, what to do next
├── UsageError          the request itself cannot be met (exit code 2)
├── MediaError          a clip or picture cannot be read or written
├── OutputError         the result cannot be put where it should go
├── WeightsError        weights are missing, damaged or of another shape
└── TrainingError       training pictures, teacher or checkpoint do not fit
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
    """The result cannot be put where it should go."""


class WeightsError(VidnstError):
    """Weights are missing, damaged or of another shape."""


class TrainingError(VidnstError):
    """Training pictures, teacher or checkpoint do not fit together."""
