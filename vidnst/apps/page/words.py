"""Errors and notes of the library, in the words of the page."""

from vidnst.apps.cli.flags import with_flags

LABELS = {
    "style": "Style",
    "mask": "Mask",
    "strength": "Strength",
    "brush_size": "Brush size",
    "color": "Colors",
    "steady": "Steadiness",
    "stylizer": "Stylizer",
    "size": "Size",
}
"""What stands beside the control of a field."""


def in_page_words(text: str) -> str:
    """A text of the library: options that the page has by their labels, all others as flags.

    Those are for whoever copies the command that the page shows.
    """
    return with_flags(with_flags(text, LABELS))
