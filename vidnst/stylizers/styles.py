"""Reads the style pictures that a render's options name."""

from collections.abc import Sequence

from vidnst.media.pictures import read_style, style_files
from vidnst.nets.style_pictures import StylePictures, with_fine
from vidnst.options.render import RenderOptions
from vidnst.options.styles import WeightedStyle


def style_of(options: RenderOptions) -> StylePictures:
    """Read all pictures of a mixed style. Raises MediaError where one cannot be read."""
    style = read_styles(options.styles)
    fine = options.mixing.fine
    return style if fine is None else with_fine(style, read_styles([WeightedStyle(fine)]))


def read_styles(styles: Sequence[WeightedStyle]) -> StylePictures:
    """Read styles; the pictures of a folder have equal shares of its weight. Raises MediaError."""
    whole = sum(style.weight for style in styles)
    pictures, shares = [], []
    for style in styles:
        files = style_files(style.path)
        pictures += [read_style(file) for file in files]
        shares += [style.weight / whole / len(files)] * len(files)
    return StylePictures(tuple(pictures), tuple(shares))
