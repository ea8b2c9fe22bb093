"""Renders that stop and go on, and films compared."""

from pathlib import Path

import av
import numpy as np
import pytest

from helpers.media_facts import facts
from vidnst.film.render import Progress, render
from vidnst.frames.frame import Picture
from vidnst.options.optimizing import GatysOptions
from vidnst.options.render import RenderOptions

FEW_STEPS = GatysOptions(steps=(3,), frame_steps=2)


def decoded(path: Path) -> list[Picture]:
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]


def assert_same_film(one: Path, other: Path) -> None:
    assert facts(one).pts_seconds == facts(other).pts_seconds
    pairs = list(zip(decoded(one), decoded(other), strict=True))
    assert [i for i, (a, b) in enumerate(pairs) if not np.array_equal(a, b)] == []


class Stopped(Exception):
    """Stands for whatever stops a render from outside."""


def stop_after(frames: int) -> "object":
    def listen(progress: Progress) -> None:
        if progress.frames_done == frames and not progress.notes:
            raise Stopped

    return listen


def stopped_and_resumed(options: RenderOptions, whole: RenderOptions, *, after: int) -> int:
    """Render twice, once with a stop; return after how many frames it went on."""
    render(whole)
    with pytest.raises(Stopped):
        render(options, on_progress=stop_after(after))  # type: ignore[arg-type]
    return render(options).resumed_frames
