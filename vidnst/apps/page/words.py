"""Translate the library's option names in messages to the page's labels."""

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
    "painted": "Paint it myself",
    "painted_steps": "Learning",
}
"""The label of a field's control."""


def in_page_words(text: str) -> str:
    """A text of the library, with options by their labels on the page, or else as flags.

    Flags are for users who copy the command that the page shows.
    """
    return with_flags(with_flags(text, LABELS))
