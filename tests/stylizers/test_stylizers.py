"""What holds for every stylizer, those from outside included."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from helpers.clips import LOSSLESS, MakeClip
from helpers.foreign_networks import WARMER, write_network
from helpers.pictures import brushwork, gradient_picture
from vidnst.apps.cli.main import main
from vidnst.frames.frame import Picture, ShotFrame, Weights
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.pictures import read_picture, write_picture
from vidnst.options.learning import TeachOptions, TuneOptions
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.painted import PaintedFrame, PaintedOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import Color, StyleOptions
from vidnst.options.stylizers import (
    STYLIZERS,
    Fast,
    Foreign,
    Gatys,
    Neighbor,
    Painted,
    StylizerOptions,
    Tuned,
)
from vidnst.stylizers import registry
from vidnst.stylizers.painting import paint_still
from vidnst.stylizers.registry import Request, make_stylizer, register
from vidnst.stylizers.stylizer import Stylizer

SIZE_HW = (48, 64)
FEW_STEPS = GatysOptions(steps=(3,), scales=1, frame_steps=2)
ONE_STEP = NeighborOptions(neighbor_steps=1)


@dataclass(frozen=True)
class Inverting(StylizerOptions):
    """How a toy is told to paint."""

    name = "inverting"

    above: int = 0


class InvertingStylizer(Stylizer):
    """A toy from outside: light becomes dark."""

    def __init__(self, asked: Inverting, request: Request) -> None:
        self.options, self.size_hw = request.options.painting, request.size_hw
        self._above = asked.above

    def paint(self, picture: Picture, weights: Weights | None = None) -> Picture:
        if self.options.strength == 0 or (weights is not None and not weights.any()):
            return picture
        return np.where(picture >= self._above, 255 - picture, picture).astype(np.uint8)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stylizer of which vidnst knows nothing but what this file says."""
    # Taken out again at the end.
    monkeypatch.setitem(STYLIZERS, Inverting.name, StylizerOptions)
    monkeypatch.setitem(registry._MAKERS, Inverting, InvertingStylizer)
    register(Inverting, InvertingStylizer)


def asked_for(name: str, folder: Path) -> StylizerOptions:
    """Each stylizer, with little to do."""
    network, painting = folder / "network.onnx", folder / "painting.png"
    if name == Painted.name:
        write_picture(painting, brushwork(*SIZE_HW))
    if name == Foreign.name:
        write_network(network, WARMER["0..1"], [1, 3, "h", "w"])
    return {
        "fast": Fast(),
        "network": Foreign(network),
        "tuned": Tuned(
            FEW_STEPS, teaching=TeachOptions(lessons=1, lesson_steps=2), neighbor=ONE_STEP
        ),
        "tuned by losses": Tuned(
            teaching=TeachOptions(teach="losses"), tuning=TuneOptions(tune_steps=2)
        ),
        "neighbor": Neighbor(FEW_STEPS, ONE_STEP),
        "gatys": Gatys(FEW_STEPS),
        "painted": Painted((PaintedFrame(0, painting),), PaintedOptions(2)),
        "inverting": Inverting(),
    }[name]


EVERY = (
    "fast", "network", "tuned", "tuned by losses", "neighbor", "gatys", "painted",
    "inverting",
)  # fmt: skip


@pytest.fixture
def asked(request: pytest.FixtureRequest, tmp_path: Path, cache: Path) -> RenderOptions:
    """A render by the stylizer that the test is run for."""
    style = tmp_path / "style.png"
    write_picture(style, brushwork())
    stylizer = asked_for(request.param, tmp_path)
    return RenderOptions(tmp_path / "source.png", style, stylizer=stylizer)


def made(options: RenderOptions) -> Stylizer:
    stylizer = make_stylizer(options, SIZE_HW, lambda step: None, at_once=1)
    if stylizer.clip_seconds:
        stylizer.begin_known([ShotFrame(0, 1, gradient_picture(*SIZE_HW))])
    return stylizer


every_stylizer = pytest.mark.parametrize("asked", EVERY, indirect=True)


def test_every_stylizer_is_here(tmp_path: Path) -> None:
    assert {*STYLIZERS, Foreign.name, Painted.name} <= {*EVERY}
    assert {type(asked_for(name, tmp_path)) for name in EVERY} >= {*registry._MAKERS}


@every_stylizer
def test_two_made_alike_paint_a_still_alike(asked: RenderOptions) -> None:
    scene = gradient_picture(*SIZE_HW)
    one, other = (paint_still(made(asked), scene.copy()) for _ in range(2))
    assert one.shape == scene.shape
    assert one.dtype == np.uint8
    assert not np.array_equal(one, scene)
    np.testing.assert_array_equal(one, other)


@every_stylizer
def test_without_strength_or_weight_it_is_the_source(asked: RenderOptions) -> None:
    scene = gradient_picture(*SIZE_HW)
    faint = replace(asked, painting=StyleOptions(strength=0.0))
    np.testing.assert_array_equal(paint_still(made(faint), scene), scene)
    nowhere = np.zeros((1, *SIZE_HW), np.float32)
    np.testing.assert_array_equal(paint_still(made(asked), scene, nowhere), scene)


@every_stylizer
def test_what_has_no_weight_stays_and_the_rest_is_painted(asked: RenderOptions) -> None:
    if not asked.stylizer.takes_styles or asked.stylizer.name == Inverting.name:
        pytest.skip("weights of one style: film and still lay the source over what is painted")
    scene = gradient_picture(*SIZE_HW)
    left = np.zeros((1, *SIZE_HW), np.float32)
    left[:, :, :32] = 1
    painted = paint_still(made(asked), scene, left)
    np.testing.assert_array_equal(painted[:, 32:], scene[:, 32:])
    assert not np.array_equal(painted[:, :32], scene[:, :32])


@pytest.mark.parametrize("color", ["luminance"])
@every_stylizer
def test_the_colors_asked_for_are_kept(asked: RenderOptions, color: Color) -> None:
    scene = np.full((*SIZE_HW, 3), (160, 120, 100), np.uint8)
    scene[16:32] = (120, 150, 110)
    kept = paint_still(made(replace(asked, painting=StyleOptions(color=color))), scene)
    chroma = (kept.astype(int) - kept.mean(2, keepdims=True)).reshape(-1, 3)
    wanted = (scene.astype(int) - scene.mean(2, keepdims=True)).reshape(-1, 3)
    lengths = np.linalg.norm(chroma, axis=1) * np.linalg.norm(wanted, axis=1)
    colored = lengths > 100
    assert colored.mean() > 0.5
    assert ((chroma * wanted).sum(1)[colored] / lengths[colored]).min() > 0.9


@every_stylizer
def test_those_that_optimize_each_frame_go_on_from_a_state(asked: RenderOptions) -> None:
    first, second = made(asked), made(asked)
    assert (first.sequential is not None) == asked.stylizer.optimizes
    assert first.parallel >= 1
    if first.sequential is None or second.sequential is None:
        return
    frames = [np.roll(gradient_picture(*SIZE_HW), by, 1) for by in range(3)]
    first.begin_shot(frames)
    for frame in frames[:2]:
        first.paint(frame)
    second.sequential.restore({k: v.copy() for k, v in first.sequential.state().items()})
    np.testing.assert_array_equal(first.paint(frames[2]), second.paint(frames[2]))


def test_a_stylizer_from_outside_paints_a_film(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = make_clip("a.mkv", *LOSSLESS, size="64x48", frames=4)
    style, result = tmp_path / "style.png", tmp_path / "painted" / "%03d.png"
    write_picture(style, brushwork())
    arguments = [str(clip), "--style", str(style), "-o", str(result), "--steady", "0", "--quiet"]
    assert main([*arguments, "--stylizer", "inverting"]) == 0
    frames = list(decode(probe(clip)))
    assert len(frames) == 4
    for number, frame in enumerate(frames, 1):
        painted = read_picture(tmp_path / "painted" / f"{number:03d}.png")
        np.testing.assert_array_equal(painted, 255 - frame.picture)
