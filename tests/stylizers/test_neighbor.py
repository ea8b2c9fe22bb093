"""Painting by places: what is matched, seams, strength, masks, and film that goes on exactly."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.known_motion import SIZE_HW, known_film, painted_film, warping_error
from helpers.pictures import brushwork, gradient_picture
from vidnst.apps.cli.arguments import render_options
from vidnst.errors import UsageError
from vidnst.frames.frame import Picture
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.places import nearest
from vidnst.nets.style_code import code_encoder
from vidnst.nets.style_pictures import style_pictures
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.optimized import places
from vidnst.stylizers.optimized.matching import PlacesLoss
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.neighbor import NeighborMethod, neighbor_encoder
from vidnst.stylizers.optimized.neighborhoods import neighborhoods
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer
from vidnst.stylizers.optimized.places import PlaceReader, StylePlaces, places_from, tones
from vidnst.stylizers.optimized.pyramid import Pyramid

QUICK = NeighborOptions(neighbor_steps=6)
FILM = GatysOptions(frame_steps=8)


def stylizer(
    style: Picture | None = None,
    options: NeighborOptions = QUICK,
    gatys: GatysOptions = FILM,
    *,
    strength: float = 1.0,
    size_hw: tuple[int, int] = SIZE_HW,
    encoder: PerceptualEncoder | None = None,
    others: Sequence[Picture] = (),
    **task: Any,
) -> OptimizingStylizer:
    styles = [brushwork() if style is None else style, *others]
    wanted = Task(styles, StyleOptions(strength=strength), size_hw, **task)
    return OptimizingStylizer(NeighborMethod(wanted, options, gatys, encoder=encoder))


@pytest.fixture(scope="module")
def film() -> list[Picture]:
    return [frame.picture for frame in known_film(4)]


def reader(dtype: torch.dtype = torch.float32) -> PlaceReader:
    encoder = neighbor_encoder("slim").requires_grad_(False)
    return PlaceReader(encoder.to(memory_format=torch.channels_last), dtype)


@pytest.mark.parametrize("size_hw", [(64, 96), (37, 51), (2, 3)])
def test_a_pyramid_adds_up_to_its_picture(size_hw: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, *size_hw, generator=torch.Generator().manual_seed(0))
    pyramid = Pyramid(size_hw)
    assert torch.allclose(pyramid.picture(pyramid.point(picture)), picture, atol=1e-6)


@pytest.mark.parametrize("size_hw", [(150, 203), (96, 128), (91, 165)])
def test_places_read_in_tiles_are_those_read_at_once(
    size_hw: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = torch.rand(1, 3, *size_hw, generator=torch.Generator().manual_seed(0))
    whole = reader().read(picture)
    assert whole[0].shape[:2] == (size_hw[0] // 4, size_hw[1] // 4)
    tiled_reader = reader()
    monkeypatch.setattr(
        tiled_reader, "tiles", lambda size: places.tiles_of(size, tiled_reader._halo, 64)
    )
    assert len(tiled_reader.tiles(size_hw)) > 1
    for tiled, each in zip(tiled_reader.read(picture), whole, strict=True):
        assert torch.allclose(tiled, each, atol=1e-3 * float(each.abs().max()))


def test_the_gradient_of_tiles_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = gradient_picture(96, 128)
    task = Task([brushwork()], StyleOptions(), (96, 128), dtype=torch.float32)
    painter = NeighborMethod(task, QUICK, FILM)
    matching = painter._matching(picture, None, 1.0)
    begun = painter.pixels(picture)
    wanted = matching.wanted(matching.joint(begun, 0.0))
    pyramid = Pyramid((96, 128))
    loss = PlacesLoss(painter._reader, pyramid, wanted, None, 0.0)
    terms, gradient = loss.evaluate(pyramid.point(begun))
    halo = painter._reader._halo
    monkeypatch.setattr(painter._reader, "tiles", lambda size: places.tiles_of(size, halo, 48))
    tiled_terms, tiled = loss.evaluate(pyramid.point(begun))
    assert tiled_terms == pytest.approx(terms, rel=1e-4)
    assert (tiled - gradient).norm() <= 1e-3 * gradient.norm()


def test_the_nearest_place_is_found_among_all() -> None:
    generator = torch.Generator().manual_seed(0)
    layers = [torch.randn(5000, count, 3, 3, generator=generator) for count in (8, 16, 16, 32)]
    known = places_from(layers, torch.randn(5000, 1, generator=generator))
    index, cosine = nearest(known.joint[::7], known.joint, torch.float32)
    assert torch.equal(index, torch.arange(0, 5000, 7))
    assert torch.allclose(cosine, torch.ones(len(cosine)), atol=1e-4)


def test_a_style_painted_in_itself_stays_nearly_itself() -> None:
    picture = brushwork(96, 112)
    painted = stylizer(picture, size_hw=(96, 112)).paint(picture)
    assert np.abs(painted.astype(int) - picture).mean() < 25


def test_of_places_that_look_alike_the_darker_is_for_what_is_dark() -> None:
    """By features alone a black coat came out as bare paper: both are calm."""
    generator = torch.Generator().manual_seed(0)
    grids = [torch.randn(20, 25, count, generator=generator) for count in (8, 16, 16, 32)]
    once = [neighborhoods(grid, torch.arange(500)) for grid in grids]
    light = torch.cat([torch.full((500, 1), 0.8), torch.full((500, 1), 0.2)])
    known = places_from([torch.cat([each, each]) for each in once], tones(light))
    looks = list(known.look([grid - grid.mean((0, 1)) for grid in grids]))
    for tone, first in ((1.0, 0), (-1.0, 500)):
        asked = known.together(looks, torch.full((500, 1), tone))
        index, _ = nearest(asked, known.joint, torch.float32)
        assert torch.equal(index, torch.arange(first, first + 500))


def test_places_that_look_alike_are_told_apart_by_those_around_them() -> None:
    """One by one they were matched to scraps from anywhere, and the marks fell to pieces."""
    generator = torch.Generator().manual_seed(0)
    few = torch.randn(4, 8, generator=generator)  # Every place looks like one of four.
    style = few[torch.randint(0, 4, (40, 40), generator=generator)]
    places = torch.arange(1600)
    known = places_from([neighborhoods(style, places)], torch.zeros(1600, 1))
    part = style[10:20, 15:30]
    looks = next(known.look([part - style.mean((0, 1))])).reshape(10, 15, -1)[1:-1, 1:-1]
    index, cosine = nearest(looks.flatten(0, 1), known.looks[0], torch.float32)
    found = index == places.reshape(40, 40)[11:19, 16:29].flatten()
    assert found.float().mean() > 0.95  # A few are there twice.
    assert cosine.min() > 0.999
    # By themselves hardly any is found where it comes from.
    alone, _ = nearest(
        F.normalize(part[1:-1, 1:-1].flatten(0, 1) - style.mean((0, 1)), dim=1),
        known.features[0],
        torch.float32,
    )
    assert (alone == index).float().mean() < 0.05


def test_masked_parts_of_a_style_lend_no_places() -> None:
    """The right half is red; a mask that leaves it out gives a picture without red."""
    halves = brushwork(96, 128)
    halves[:, 64:] = (220, 20, 20)
    mask = np.zeros((96, 128), np.uint8)
    mask[:, :60] = 255
    targets = StylePlaces(
        [style_pictures(halves)], [mask], reader(), brush_size=None, seed=0,
        device=torch.device("cpu"),
    )  # fmt: skip
    everything = StylePlaces(
        [style_pictures(halves)], [None], reader(), brush_size=None, seed=0,
        device=torch.device("cpu"),
    )  # fmt: skip
    some, every = targets.at((96, 128), 0), everything.at((96, 128), 0)
    assert 0.3 < len(some.joint) / len(every.joint) < 0.5


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_less_strength_stays_nearer_to_the_scene(strength: float, film: list[Picture]) -> None:
    full = stylizer().paint(film[0]).astype(int)
    less = stylizer(strength=strength).paint(film[0]).astype(int)
    assert np.abs(less - film[0]).mean() < np.abs(full - film[0]).mean()
    assert strength or np.array_equal(less, film[0])


def test_regions_paint_in_their_own_style_and_leave_the_rest(film: list[Picture]) -> None:
    height, width = SIZE_HW
    weights = np.zeros((2, height, width), np.float32)
    weights[0, :, : width // 3] = 1
    weights[1, :, -(width // 3) :] = 1
    painter = stylizer(others=[255 - brushwork()])
    painted = painter.paint(film[0], weights)
    middle = slice(width // 3 + 1, -(width // 3) - 1)
    assert np.array_equal(painted[:, middle], film[0][:, middle])
    assert not np.array_equal(painted[:, :20], film[0][:, :20])
    # And a frame later, with what was matched carried along.
    assert painter.paint(film[1], weights).shape == film[1].shape


def test_a_restored_state_goes_on_exactly(film: list[Picture]) -> None:
    painter = stylizer()
    whole = [painter.paint(picture) for picture in film]
    first, second = stylizer(), stylizer()
    for picture in film[:2]:
        first.paint(picture)
    second.restore({name: tensor.copy() for name, tensor in first.state().items()})
    for picture, expected in zip(film[2:], whole[2:], strict=True):
        assert np.array_equal(second.paint(picture), expected)


def test_a_new_shot_starts_anew(film: list[Picture]) -> None:
    painter = stylizer()
    painter.paint(film[0])
    painter.begin_shot()
    assert np.array_equal(painter.paint(film[2]), stylizer().paint(film[2]))


def test_film_is_steady_where_the_motion_is_known() -> None:
    frames = list(known_film(4))
    options, gatys = NeighborOptions(neighbor_steps=25), GatysOptions(frame_steps=24)
    errors = {}
    for name in ("apart", "tied"):
        painter = stylizer(options=options, gatys=gatys)
        painted = painted_film(painter, frames, apart=name == "apart")
        errors[name] = warping_error(frames, painted)
    assert errors["tied"] <= 0.15 * errors["apart"], errors


def test_sizes_and_encoders_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="16 pixels on each side"):
        stylizer(size_hw=(12, 40))
    with pytest.raises(UsageError, match="no layer"):
        stylizer(encoder=code_encoder())


def test_options_for_others_are_refused() -> None:
    with pytest.raises(UsageError, match="`fine` is for"):
        render_options(
            ["a.png", "--style", "b.png", "--fine-style", "c.png", "--stylizer", "neighbor"]
        )
