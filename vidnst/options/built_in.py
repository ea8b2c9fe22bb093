"""The built-in styles, and which picture a style's name or path stands for."""

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
"""Name of each style -> its description."""
_AT_THE_TOP = ("wave", "mosaic")
"""Styles whose pictures lie in samples/ itself, not in samples/styles/."""


def built_in_style(name: str) -> Path:
    """The picture of a built-in style."""
    folder = "samples" if name in _AT_THE_TOP else "samples/styles"
    return shipped(f"{folder}/{name}.jpg")


def is_style(text: str) -> bool:
    """Whether the text names a style: an existing path or a built-in style."""
    return os.path.exists(text) or text in BUILT_IN


def style_path(named: str | Path, *, folder: Path = Path()) -> Path:
    """Resolve a path or a built-in style's name to a picture or a folder of pictures.

    An existing path takes precedence. folder: what relative paths are relative to. Raises
    MediaError for a bare name that is neither; a missing path is returned, and reported by
    whatever reads it.
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
