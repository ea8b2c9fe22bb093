"""Gatys' optimization on film and on pictures: steadiness, state, new starts, settings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from helpers.known_motion import SIZE_HW, known_film, painted_film, warping_error
from helpers.pictures import brushwork, gradient_picture
from helpers.places import SHARED
from vidnst.errors import MediaError, UsageError, WeightsError
from vidnst.frames.frame import Picture
from vidnst.motion.look_back import Painted, recolored
from vidnst.nets.memory import available_bytes, require_memory
from vidnst.nets.step import Step
from vidnst.nets.style_code import code_encoder
from vidnst.options.optimizing import GatysOptions, Init, OptimizerName
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.optimized.gatys import GatysMethod, perceptual_encoder
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer

QUICK = GatysOptions(steps=(12, 6), frame_steps=8)


def stylizer(
    options: GatysOptions = QUICK, strength: float = 1.0, size_hw: tuple[int, int] = SIZE_HW
) -> tuple[OptimizingStylizer, list[Step]]:
    steps: list[Step] = []
    return made(options, brushwork(), strength, size_hw=size_hw, on_step=steps.append), steps


def made(
    options: GatysOptions, style: Picture, strength: float = 1.0, **task: Any
) -> OptimizingStylizer:
    return OptimizingStylizer(
        GatysMethod(Task([style], StyleOptions(strength=strength), **task), options)
    )


@pytest.fixture(scope="module")
def film() -> list[Picture]:
    return [frame.picture for frame in known_film(4)]


@pytest.mark.slow
def test_film_is_steady_where_the_motion_is_known() -> None:
    """The figures the method is asked for: against frames apart, and against seeding alone."""
    frames = list(known_film(4))
    options = GatysOptions(steps=(40, 30), frame_steps=30)
    errors = {}
    for name, temporal_weight in (
        ("apart", 0.0),
        ("seeded", 0.0),
        ("tied", options.temporal_weight),
    ):
        painter, _ = stylizer(replace(options, temporal_weight=temporal_weight))
        painted = painted_film(painter, frames, apart=name == "apart")
        errors[name] = warping_error(frames, painted)
    assert errors["tied"] <= errors["apart"] / 3, errors
    assert errors["tied"] <= 0.7 * errors["seeded"], errors


def test_a_restored_state_goes_on_exactly(film: list[Picture]) -> None:
    painter, _ = stylizer()
    whole = [painter.paint(picture) for picture in film]
    for stop in range(1, len(film)):
        first, _ = stylizer()
        for picture in film[:stop]:
            first.paint(picture)
        second, _ = stylizer()
        second.restore(first.state())
        for picture, expected in zip(film[stop:], whole[stop:], strict=True):
            np.testing.assert_array_equal(second.paint(picture), expected)


def test_what_comes_into_view_starts_in_the_colors_of_the_painting() -> None:
    source = next(known_film(1)).picture
    painted = (0.5 * source[..., ::-1] + 60).astype(np.uint8)
    expected = 0.5 * source[:, ::-1, ::-1] + 60
    found = recolored(source[:, ::-1], Painted(source, painted))
    assert np.abs(found - expected).max() < 3
    plain = np.full((8, 8, 3), 100, np.uint8)
    assert np.abs(recolored(plain, Painted(plain, plain // 2)) - 50).max() < 2


def test_a_new_shot_starts_as_if_nothing_came_before(film: list[Picture]) -> None:
    painter, _ = stylizer()
    painter.paint(film[0])
    painter.begin_shot()
    fresh, _ = stylizer()
    np.testing.assert_array_equal(painter.paint(film[2]), fresh.paint(film[2]))


def test_a_repeated_frame_costs_nothing(film: list[Picture]) -> None:
    painter, steps = stylizer()
    first = painter.paint(film[0])
    done = len(steps)
    np.testing.assert_array_equal(painter.paint(film[0].copy()), first)
    assert len(steps) == done


def test_a_still_scene_stops_early() -> None:
    """Camera noise alone moves: after the first frames, little is left to do."""
    rng = np.random.default_rng(0)
    still = next(known_film(1)).picture
    painter, steps = stylizer(GatysOptions(steps=(40, 30), frame_steps=60))
    counts = []
    for _ in range(4):
        before = len(steps)
        noise = rng.normal(0, 2, still.shape)
        painter.paint(np.clip(np.rint(still + noise), 0, 255).astype(np.uint8))
        counts.append(len(steps) - before)
    assert counts[0] == 70
    assert max(counts[2:]) <= 45, counts


def test_the_same_seed_gives_the_same_picture(film: list[Picture]) -> None:
    options = replace(QUICK, init="noise")
    first, again = (stylizer(options)[0].paint(film[0]) for _ in range(2))
    other = stylizer(replace(options, seed=1))[0].paint(film[0])
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("init", ["content", "noise", "style"])
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "fgd"])
def test_the_loss_falls_from_every_start(
    film: list[Picture], init: Init, optimizer: OptimizerName
) -> None:
    options = GatysOptions(scales=1, steps=(80,), init=init, optimizer=optimizer, averaging=0.5)
    painter, steps = stylizer(options)
    painter.paint(film[0])
    assert steps[-1].total < 0.9 * steps[0].total


def test_scales_go_from_coarse_to_fine() -> None:
    painter, steps = stylizer(GatysOptions(steps=(3, 2), scales=3), size_hw=(128, 160))
    painter.paint(gradient_picture(128, 160))
    assert [step.size_hw for step in steps] == [(32, 40)] * 3 + [(64, 80)] * 2 + [(128, 160)] * 2
    assert [step.step for step in steps] == list(range(1, 8))
    assert all(step.step_count == 7 for step in steps)
    assert steps[0].picture is not None
    assert steps[0].picture().shape == (32, 40, 3)


def test_strength_leads_from_the_source_to_the_style(film: list[Picture]) -> None:
    distances = []
    for strength in (0.0, 0.4, 1.0):
        painter, _ = stylizer(strength=strength)
        painted = painter.paint(film[0])
        distances.append(np.abs(painted.astype(float) - film[0]).mean())
    assert distances[0] == 0
    assert 1 < distances[1] < distances[2]


def test_passes_bring_a_frame_nearer_to_its_neighbor(film: list[Picture]) -> None:
    painter, _ = stylizer(replace(QUICK, temporal_weight=5e6))
    results = []
    for picture in film[:2]:
        painter.begin_shot()
        results.append(Painted(picture, painter.paint(picture)))
    frames = list(known_film(2))
    again = painter.repaint(results[1], results[0])
    before = warping_error(frames, [results[0].result, results[1].result])
    assert warping_error(frames, [results[0].result, again]) < 0.5 * before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style_weight": -1.0}, "`style_weight` is -1, but must be 0 or more"),
        ({"content_weight": float("nan")}, "`content_weight` is nan"),
        ({"style_weight": float("inf")}, "`style_weight` is inf"),
        ({"style_weight": 0.0, "content_weight": 0.0}, "nothing to paint for"),
        ({"steps": (10, 0)}, "`steps` is 0, but must lie in 1..100000"),
        ({"steps": ()}, "`steps` is empty"),
        ({"steps": (1, 1, 1), "scales": 2}, "`steps` names 3 scales, but `scales=2`"),
        ({"optimizer": "sgd"}, "`optimizer` is sgd, but must be one of lbfgs, adam, fgd"),
        ({"averaging": 1.0}, "`averaging` is 1, but must lie in 0..0.999"),
        ({"long_term": (2, 1)}, "`long_term` must name ever earlier frames"),
        ({"learning_rate": 0.0}, "`learning_rate` is 0"),
    ],
)
def test_settings_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        GatysOptions(**options)  # type: ignore[arg-type]


def test_layers_and_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no layer relu9_1 in slim: it has relu1_1, .*relu4_3"):
        stylizer(GatysOptions(content_layer=("relu9_1",)))
    with pytest.raises(UsageError, match="the frame is 40x12, but its layers need 16 pixels"):
        stylizer(size_hw=(12, 40))
    with pytest.raises(UsageError, match="`scales` is 4, but 128x96 pixels can be halved only 2"):
        stylizer(GatysOptions(scales=4))
    with pytest.raises(UsageError, match="the style is 30x12"):
        made(QUICK, brushwork(12, 30), size_hw=SIZE_HW)
    shallow = GatysOptions(content_layer=("relu2_1",), style_layer=("relu1_1", "relu3_1"))
    made(shallow, brushwork(12, 30), size_hw=(12, 40))
    with pytest.raises(WeightsError, match="cannot read weights from nowhere"):
        perceptual_encoder("nowhere.safetensors")


def test_too_little_memory_names_the_size_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidnst.nets.memory.available_bytes", lambda device: 2**30)
    with pytest.raises(
        MediaError, match=r"7680x4320 takes about .* `size=\d+x\d+` would fit"
    ) as told:
        stylizer(size_hw=(4320, 7680))
    width, height = str(told.value).split("`size=")[1].split("`")[0].split("x")
    stylizer(size_hw=(int(height), int(width)))


def test_memory_that_runs_out_on_the_way_names_a_size(
    monkeypatch: pytest.MonkeyPatch, film: list[Picture]
) -> None:
    painter, _ = stylizer()

    def full(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    monkeypatch.setattr("vidnst.stylizers.optimized.gatys.see", full)
    with pytest.raises(MediaError, match=r"would fit|free some"):
        painter.paint(film[0])


def test_this_machine_tells_its_memory() -> None:
    available = available_bytes(torch.device("cpu"))
    assert available is None or available > 100 * 2**20
    require_memory((32, 32), lambda pixels: pixels, torch.device("cpu"))


def test_the_slim_encoder_costs_no_more_than_its_teachers() -> None:
    def cost(channels: dict[str, int]) -> float:
        inputs, sum_ = 3, 0.0
        for name, outputs in channels.items():
            sum_ += inputs * outputs / 4 ** (int(name[0]) - 1)
            inputs = outputs
        return sum_

    slim = code_encoder()
    vgg_slim = {"1_1": 16, "1_2": 16, "2_1": 32, "2_2": 32} | {f"3_{i}": 64 for i in (1, 2, 3, 4)}
    vgg_slim |= {f"4_{i}": 128 for i in (1, 2, 3, 4)} | {"5_1": 128}
    assert slim.style_layers == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert cost({name: slim.channels(name) for name in slim.layers}) <= 1.02 * cost(vgg_slim)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the shared pictures are not on this machine")
def test_a_real_picture_takes_on_the_style_another_encoder_sees() -> None:
    """Judged by an encoder that had no part in it."""
    from vidnst.frames.resize import resize
    from vidnst.media.pictures import read_picture
    from vidnst.nets.losses import moments
    from vidnst.nets.perceptual import load_encoder
    from vidnst.stylizers.optimized.objective import style_distance

    judge = load_encoder(SHARED / "teacher" / "vgg19-slim.safetensors")
    style = resize(read_picture(SHARED / "styles" / "wave.jpg"), (144, 192))
    photo = next((SHARED / "judge" / "pairs" / "content").iterdir())
    picture = resize(read_picture(photo), (144, 192))
    painted = made(GatysOptions(), style, size_hw=(144, 192)).paint(picture)

    def statistics(pixels: Picture) -> dict[str, object]:
        with torch.no_grad():
            seen = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255
            return {la: moments(f) for la, f in judge(seen, judge.style_layers).items()}

    wanted, before, after = map(statistics, (style, picture, painted))
    for layer in judge.style_layers:
        distances = [style_distance(m[layer], wanted[layer], "covariance") for m in (after, before)]  # type: ignore[arg-type]
        assert distances[0] < 0.5 * distances[1], layer


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_a_gpu_paints_what_the_processor_paints(film: list[Picture]) -> None:
    painted = [
        made(
            QUICK, brushwork(), size_hw=SIZE_HW, dtype=torch.float32, device=torch.device(device)
        ).paint(film[0])
        for device in ("cpu", "cuda")
    ]
    assert np.abs(painted[0].astype(float) - painted[1]).mean() < 5
