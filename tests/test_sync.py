"""Sound stays with its picture: a flash and a beep at the same time, in every container."""

from pathlib import Path

import av
import numpy as np
import pytest
from odd_films import OF_EACH_CONTAINER, film

from vidnst.options import RenderOptions
from vidnst.render import render
from vidnst.style.options import StyleOptions

FRAME_SECONDS = 0.04
SOUNDING = {name: told for name, told in OF_EACH_CONTAINER.items() if "-c:a" in told}
WRITTEN = ("mp4", "m4v", "mov", "mkv", "webm")


def flashing(folder: Path, ending: str) -> Path:
    """Three seconds of black in silence; frame 38 is white, and there is a tone with it."""
    return film(
        folder / f"film.{ending}",
        OF_EACH_CONTAINER[ending],
        "color=black:size=96x64:rate=25:duration=3,drawbox=color=white:t=fill:enable='eq(n,38)'",
        "aevalsrc='sin(6283*t)*between(t,1.52,1.56)':sample_rate=44100:duration=3",
    )


def painted(source: Path, style: Path, output: Path, start_seconds: float | None) -> Path:
    asked = RenderOptions(
        source, style, output, painting=StyleOptions(strength=0), start_seconds=start_seconds
    )
    render(asked)
    return output


def beep_after_flash_seconds(path: Path) -> float:
    """By the file's own clock."""
    with av.open(str(path)) as container:
        shown = [(f.to_ndarray(format="gray").mean(), f.time) for f in container.decode(video=0)]
    light, flash_seconds = max(shown)
    assert light > 200
    with av.open(str(path)) as container:
        heard = [
            (frame.time, frame.sample_rate, np.abs(frame.to_ndarray().astype(np.float64)).max(0))
            for frame in container.decode(audio=0)
        ]
    loudest = max(volume.max() for _, _, volume in heard)
    return next(
        seconds + int(np.argmax(volume > loudest / 2)) / rate - flash_seconds
        for seconds, rate, volume in heard
        if (volume > loudest / 2).any()
    )


@pytest.mark.parametrize("ending", SOUNDING)
def test_sound_of_each_container_stays_with_its_picture(
    ending: str, style: Path, tmp_path: Path
) -> None:
    source = flashing(tmp_path, ending)
    kept = ending if ending in WRITTEN else "mp4"
    for start_seconds in (None, 0.9):
        output = painted(source, style, tmp_path / f"from {start_seconds}.{kept}", start_seconds)
        assert abs(beep_after_flash_seconds(output)) < FRAME_SECONDS


@pytest.mark.parametrize("ending", WRITTEN)
def test_sound_stays_with_its_picture_in_each_result(
    ending: str, style: Path, tmp_path: Path
) -> None:
    source = flashing(tmp_path, "ts")
    for start_seconds in (None, 0.9):
        output = painted(source, style, tmp_path / f"from {start_seconds}.{ending}", start_seconds)
        assert abs(beep_after_flash_seconds(output)) < FRAME_SECONDS
