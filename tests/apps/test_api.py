"""The names that Python users import."""

from pathlib import Path

import numpy as np
import pytest

import vidnst
from helpers.clips import MakeClip
from helpers.media_facts import facts
from helpers.pictures import gradient_picture
from vidnst.errors import UsageError
from vidnst.media.pictures import read_picture


def test_a_film_is_painted_with_one_call(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    clip = make_clip("a.mp4", frames=6)
    seen: list[int] = []
    report = vidnst.stylize_video(
        str(clip), str(style), tmp_path / "b.mp4", strength=0.5, end_seconds=0.25,
        on_progress=lambda progress: seen.append(progress.frames_done),
    )  # fmt: skip
    assert report.frames == facts(tmp_path / "b.mp4").frame_count == 3
    assert seen[-1] == 3


def test_pictures_are_painted_one_by_one(style: Path) -> None:
    picture = gradient_picture(72, 96)
    from_file, from_pixels = vidnst.Stylizer(style), vidnst.Stylizer(read_picture(style))
    painted = from_file.paint(picture)
    assert painted.shape == picture.shape
    assert not np.array_equal(painted, picture)
    assert np.array_equal(from_pixels.paint(picture), painted)
    assert from_file.paint(gradient_picture(64, 64)).shape == (64, 64, 3)


def test_what_is_no_picture_is_refused(style: Path) -> None:
    with pytest.raises(UsageError, match="RGB uint8"):
        vidnst.Stylizer(style).paint(np.zeros((8, 8), np.uint8))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = vidnst.nonesuch


def test_the_public_names_stay() -> None:
    """Those who use vidnst from Python rely on them: one that goes is a new major version."""
    assert sorted(vidnst.__all__) == sorted([
        "ComputeOptions", "CrewOptions", "DeliveryOptions", "EncodeOptions", "Fast", "FlowOptions",
        "Foreign",
        "Gatys", "GatysOptions", "MediaError", "Mixing", "Neighbor", "NeighborOptions",
        "OutputError", "Painted", "PaintedFrame", "PaintedOptions", "Progress", "Region",
        "RegionOptions", "RenderOptions", "Report",
        "SteadyOptions", "Step", "StyleOptions", "Stylizer", "StylizerOptions", "TeachOptions",
        "TimeOptions", "TrainingError", "TuneOptions", "Tuned", "UsageError", "VidnstError",
        "WeightedStyle", "WeightsError", "__version__", "render", "stylize_video",
    ])  # fmt: skip
    assert all(hasattr(vidnst, name) for name in vidnst.__all__)
    errors = [
        e for name in vidnst.__all__ if name.endswith("Error") for e in [getattr(vidnst, name)]
    ]
    assert all(issubclass(error, vidnst.VidnstError) for error in errors)
