"""Preparation before a film's first frame is painted: region weights, and checks of flow files."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from vidnst.film.flow import first_frame_number, require_flow
from vidnst.film.plan import Film
from vidnst.film.prepared import NOTHING, Prepared
from vidnst.film.read import read_film
from vidnst.film.regions.prepass import write_weights
from vidnst.film.segments.segment import Segment


def prepare(film: Film, folder: Path) -> Prepared:
    """Write the region weights of each frame, or reuse those in the folder; check flow files.

    Raises MediaError where masks do not match the frames, UsageError where flow files do not.
    """
    prepared = NOTHING
    if film.flow is not None:
        prepared = Prepared(first_number=first_frame_number(film.source, film.excerpt))
        sizes_hw = (film.clip.size_hw, film.size_hw)
        notes = require_flow(film.flow, read_film(film, Segment(), prepared), sizes_hw)
        prepared = replace(prepared, notes=notes)
    regions, path = film.options.regions, folder / "weights.zip"
    if not regions.regions:
        return prepared
    if not path.exists() or regions.write_masks is not None:
        begin = partial(read_film, film, Segment(), NOTHING)
        write_weights(regions, film.masks, begin, path, film.size_hw)
    return replace(prepared, region_weights=path)
