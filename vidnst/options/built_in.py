"""The styles that ship, and which picture is meant where a style is named."""

import os
from difflib import get_close_matches
from pathlib import Path

from vidnst.errors import MediaError
from vidnst.options.shipped import shipped

BUILT_IN = {
    "wave": "waves in short strokes of oil",
    "mosaic": "warm tiles in rings",
    "oil": "thick strokes of oil, under a sky that turns",
    "woodcut": "black lines cut along the forms, over flat tints",
    "ink": "a wet brush: mountains in mist, bamboo, a red sun",
    "points": "dots of pure color, which the eye mixes",
    "glass": "glowing panes in lead",
    "linocut": "few flat colors, and the marks of the gouge",
    "watercolor": "thin washes with dark rims and blooms",
    "hatching": "a pen's lines, crossed where it is dark",
    "papercut": "sheets of colored paper, one on another",
    "pastel": "soft chalk on rough paper",
    "bauhaus": "circles, bars and stripes in flat inks",
    "ukiyo": "waves from wood blocks, in bands of blue",
}
"""Each style's name, and a word on it."""
_AT_THE_TOP = ("wave", "mosaic")
"""Of the samples themselves, not of their folder of styles."""


def built_in_style(name: str) -> Path:
    """The picture of a built-in style."""
    folder = "samples" if name in _AT_THE_TOP else "samples/styles"
    return shipped(f"{folder}/{name}.jpg")


def is_style(text: str) -> bool:
    """Whether a style is named by this: one that is there, or a built-in one."""
    return os.path.exists(text) or text in BUILT_IN


def style_path(named: str | Path, *, folder: Path = Path()) -> Path:
    """The picture, or folder of some, that the user names by a path or a built-in style's name.

    What exists goes first. folder: where relative paths count from. Raises MediaError for a mere
    name that is neither; that a path is missing is for its reader to tell.
    """
    text, path = str(named), folder / named
    if os.path.exists(path):
        return path
    if text in BUILT_IN:
        return built_in_style(text)
    if not text or any(sign in text for sign in "./\\"):
        return path
    near = " or ".join(get_close_matches(text.lower(), BUILT_IN, n=2, cutoff=0.5))
    meant = f"did you mean {near}? " if near else ""
    raise MediaError(
        f"{text}: no such file, and no built-in style ({meant}vidnst styles lists them)"
    )
