"""Painted frames outside the excerpt that is rendered."""

from pathlib import Path

import numpy as np
import pytest

from helpers.painted_film import painted_film
from vidnst.apps.cli.main import main
from vidnst.media.pictures import read_picture, write_picture


@pytest.mark.parametrize("unpainted", ["nearest", "scene"])
def test_a_painted_frame_outside_the_excerpt_is_learned_from(
    tmp_path: Path, unpainted: str
) -> None:
    """Its shot goes on in the excerpt, so that it is no shot without a painted frame."""
    scenes, truth = painted_film(16)
    (tmp_path / "scene").mkdir()
    for index, scene in enumerate(scenes):
        write_picture(tmp_path / "scene" / f"{index:06}.png", scene)
    write_picture(tmp_path / "painted.png", truth[1])
    line = [str(tmp_path / "scene" / "%06d.png"), "--painted", f"0.04={tmp_path / 'painted.png'}"]
    line += ["--painted-steps", "2", "--steady", "0", "--quiet", "--unpainted", unpainted]
    out = []
    for name, part in (("whole", []), ("part", ["--start", "0.16", "--end", "0.56"])):
        folder = tmp_path / name
        assert main([*line, *part, "-o", str(folder / "%06d.png")]) == 0
        out.append([read_picture(path) for path in sorted(folder.glob("*.png"))])
    whole, part_of_it = out
    assert len(part_of_it) == 10
    for own, same in zip(part_of_it, whole[4:14], strict=True):
        assert np.abs(own.astype(int) - same).mean() < 2
