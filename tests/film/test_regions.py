"""Regions: what is painted how, and where; masks that are given, and masks that are tracked."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from helpers.clips import LOSSLESS, MakeClip
from helpers.commands import refused
from helpers.known_motion import texture
from helpers.places import ROOT
from helpers.renders import FEW_STEPS
from vidnst.apps.cli.arguments import render_options
from vidnst.apps.cli.main import main
from vidnst.film.regions.store import KeptWeights, WeightsWriter
from vidnst.film.regions.track import Tracker
from vidnst.film.regions.weigh import Weigher
from vidnst.film.render import render
from vidnst.frames.frame import Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.masks import Mask
from vidnst.media.pictures import read_picture, read_style, write_picture
from vidnst.nets.distance import StyleJudge
from vidnst.nets.losses import guided_moments, moments
from vidnst.options.optimizing import GatysOptions
from vidnst.options.regions import Region, RegionOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions
from vidnst.options.stylizers import Gatys
from vidnst.options.workers import CrewOptions
from vidnst.stylizers.optimized.gatys import GatysMethod
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer

SIZE_HW = (216, 320)
WAVE = ROOT / "samples" / "wave.jpg"


def disc(height: int, width: int) -> Mask:
    """A disc left of the middle."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - height * 0.5, x - width * 0.35) < height * 0.3
    return np.asarray(inside * 255, np.uint8)


def write_mask(path: Path, mask: Mask) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_picture(path, mask[..., None].repeat(3, 2))
    return path


def shape_film(count: int) -> Iterator[tuple[Picture, Mask]]:
    """A shape that drifts, turns and grows before a background that drifts the other way.

    Each frame with the mask of the shape; with camera noise.
    """
    height, width = SIZE_HW
    rng = np.random.default_rng(9)
    background, shown = texture(height + 200, width + 200, 3), texture(200, 200, 4)[..., ::-1]
    y, x = np.mgrid[:200, :200] - 100
    shape = (np.hypot(y, x) < 55 + 10 * np.cos(3 * np.arctan2(y, x))).astype(np.float32)
    for index in range(count):
        turn, grown = 0.01 * index, 1 + 0.004 * index
        at = np.array([90 + 2.2 * index, 100 + 14 * np.sin(index / 9)])
        turned = grown * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        moved = np.column_stack([turned, at - turned @ [100, 100]])
        behind = np.array([[1, 0, -60 - 1.3 * index], [0, 1, -80 + 0.5 * index]])
        mask = cv2.warpAffine(shape, moved, (width, height))[..., None]
        layers = [
            cv2.warpAffine(layer, place, (width, height), borderMode=cv2.BORDER_REFLECT)
            for layer, place in ((background, behind), (shown, moved))
        ]
        picture = layers[0] * (1 - mask) + layers[1] * mask + rng.normal(0, 3, (*SIZE_HW, 3))
        yield (
            np.clip(picture.round(), 0, 255).astype(np.uint8),
            np.asarray((mask[..., 0] * 255).round(), np.uint8),
        )


def overlap(mask: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    a, b = mask >= 128, other >= 128
    return float((a & b).sum() / (a | b).sum())


def pictures_of(path: Path) -> list[Picture]:
    return [frame.picture for frame in decode(probe(path))]


@pytest.fixture
def other_style(tmp_path: Path) -> Path:
    path = tmp_path / "other.png"
    write_picture(path, texture(300, 300, 8))
    return path


@pytest.mark.parametrize("steady", ["0", "0.75"])
def test_what_is_not_masked_stays_the_source_exactly(
    steady: str, make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip("a.mkv", *LOSSLESS, size="128x96", frames=6)
    mask = write_mask(tmp_path / "disc.png", disc(96, 128))
    arguments = [str(clip), "--style", str(WAVE), "--mask", str(mask), "--steady", steady]
    arguments += ["-o", str(tmp_path / "out.mkv"), "--codec", "ffv1", "--pix-fmt", "bgr0"]
    assert main([*arguments, "--quiet"]) == 0
    outside = cv2.dilate(disc(96, 128), np.ones((5, 5))) == 0
    for before, after in zip(pictures_of(clip), pictures_of(tmp_path / "out.mkv"), strict=True):
        apart = np.abs(before.astype(int) - after)
        assert apart[outside].max() <= 1
        assert apart[~outside].mean() > 10


def two_regions(tmp_path: Path, other_style: Path) -> tuple[Path, list[str], Mask]:
    """A photo, the arguments that paint a disc in it like other_style and the rest like WAVE."""
    photo = tmp_path / "photo.png"
    write_picture(photo, texture(320, 480, 6))
    mask = disc(320, 480)
    path = write_mask(tmp_path / "disc.png", mask)
    regions = [f"--region=disc:{path}={other_style}", f"--region=rest={WAVE}"]
    return photo, regions, mask


def test_each_region_is_nearer_to_its_own_style(tmp_path: Path, other_style: Path) -> None:
    photo, regions, _ = two_regions(tmp_path, other_style)
    assert main([str(photo), *regions, "-o", str(tmp_path / "out.png"), "--quiet"]) == 0
    painted, scene = read_picture(tmp_path / "out.png"), read_picture(photo)
    places = {"disc": np.s_[100:220, 110:230], "rest": np.s_[20:300, 300:470]}
    styles = {"disc": other_style, "rest": WAVE}
    for name, place in places.items():
        distances = {
            other: StyleJudge(read_style(path)).distances(scene[place], [painted[place]])[0][0]
            for other, path in styles.items()
        }
        print(f"in {name}: style distances {distances}")
        assert min(distances, key=distances.__getitem__) == name, distances


def roughness(picture: Picture) -> np.ndarray:
    """The local contrast: the mean length of the gradient over the channels."""
    pixels = picture.astype(np.float32)
    x, y = cv2.Sobel(pixels, cv2.CV_32F, 1, 0), cv2.Sobel(pixels, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(x, y).mean(2))


@pytest.mark.parametrize("rest", ["style", "none"])
def test_there_is_no_seam_at_a_border(rest: str, tmp_path: Path, other_style: Path) -> None:
    """Within 8 px of it contrast is at most 1.3 times as much more than expected as away from it.

    Expected is that of the same place, painted wholly like the region that holds it.
    """
    photo, regions, mask = two_regions(tmp_path, other_style)
    if rest == "none":
        regions[1] = "--region=rest=none"
    jobs = {"both": regions, "disc": ["--style", str(other_style)], "rest": ["--style", str(WAVE)]}
    painted = {}
    for name, given in jobs.items():
        output = tmp_path / f"painted_{name}.png"
        assert main([str(photo), *given, "-o", str(output), "--quiet"]) == 0
        painted[name] = roughness(read_picture(output))
    if rest == "none":
        painted["rest"] = roughness(read_picture(photo))
    expected = np.where(mask >= 128, painted["disc"], painted["rest"])
    around = np.ones((17, 17), np.uint8)
    near = (cv2.dilate(mask, around) >= 128) & (cv2.erode(mask, around) < 128)
    at_border, away = (
        painted["both"][place].mean() / expected[place].mean() for place in (near, ~near)
    )
    print(f"at the border {at_border / away:.2f} times the interior")
    assert at_border / away <= 1.3


def test_a_mask_of_one_frame_is_kept_on_what_moves() -> None:
    film = list(shape_film(49))
    tracker = Tracker(film[0][0], {"shape": film[0][1]})
    overlaps = [overlap(tracker.follow(frame)["shape"], mask) for frame, mask in film[1:]]
    print(f"overlap after {len(overlaps)} frames {overlaps[-1]:.3f}, least {min(overlaps):.3f}")
    assert min(overlaps) >= 0.85
    assert overlaps[-1] >= 0.93


def test_a_mask_without_edges_of_its_own_stays_in_its_place() -> None:
    film = [frame for frame, _ in shape_film(25)]
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    wanted = [(abs(x - 280 + 1.3 * i) < 38) & (abs(y - 150 - 0.5 * i) < 30) for i in range(25)]
    masks = [np.asarray(mask * 255, np.uint8) for mask in wanted]
    tracker = Tracker(film[0], {"square": masks[0]})
    found = [tracker.follow(frame)["square"] for frame in film[1:]]
    assert overlap(found[-1], masks[-1]) >= 0.85


def two_shots(folder: Path, count: int) -> Path:
    """Numbered pictures: a shape that moves, then another scene."""
    folder.mkdir()
    for index, (frame, _) in enumerate(shape_film(count)):
        write_picture(folder / f"{index:03d}.png", frame)
    for index in range(count, 2 * count):
        write_picture(folder / f"{index:03d}.png", 255 - texture(*SIZE_HW, 30)[::-1])
    return folder / "%03d.png"


def test_a_cut_ends_what_is_tracked_and_a_new_mask_begins_it(tmp_path: Path) -> None:
    frames = two_shots(tmp_path / "frames", 8)
    first = next(shape_film(1))[1]
    drawn = write_mask(tmp_path / "first.png", first)
    options = [str(frames), "--style", str(WAVE), "--track", "--steady", "0", "--size", "108"]
    written = tmp_path / "tracked"
    given = [
        "--mask",
        str(drawn),
        "--write-masks",
        str(written),
        "-o",
        str(tmp_path / "a/%03d.png"),
    ]
    assert main([*options, *given, "--quiet"]) == 0
    masks = [read_picture(path)[..., 0] for path in sorted(written.iterdir())]
    assert len(masks) == 16
    assert all(mask.max() == 255 for mask in masks[:8])
    assert not any(mask.any() for mask in masks[8:])
    small = pictures_of(tmp_path / "a" / "%03d.png")
    assert np.abs(small[12].astype(int) - small[13]).max() == 0, "the source, untouched"
    again = write_mask(tmp_path / "again" / "000.png", first)
    write_mask(tmp_path / "again" / "008.png", disc(*SIZE_HW))
    given = ["--mask", str(again.with_name("%03d.png")), "--write-masks", str(written)]
    given += ["-o", str(tmp_path / "b/%03d.png"), "--overwrite"]
    assert main([*options, *given, "--quiet"]) == 0
    masks = [read_picture(path)[..., 0] for path in sorted(written.iterdir())]
    assert overlap(masks[15], cv2.resize(disc(*SIZE_HW), (160, 108))) > 0.95


def test_workers_and_resumed_renders_paint_the_same_regions(
    tmp_path: Path, other_style: Path
) -> None:
    source = two_shots(tmp_path / "frames", 10)
    drawn = write_mask(tmp_path / "first.png", next(shape_film(1))[1])
    regions = (Region("shape", drawn, other_style), Region("rest", None, WAVE))
    options = RenderOptions(
        source, other_style, tmp_path / "one" / "%03d.png", size="108",
        regions=RegionOptions(regions, track=True),
    )  # fmt: skip
    render(options)

    def stop(progress: object) -> None:
        if progress.frames_done == 15:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    stopped = replace(options, output=tmp_path / "two" / "%03d.png")
    with pytest.raises(KeyboardInterrupt):
        render(stopped, on_progress=stop)
    assert render(stopped).resumed_frames == 10
    spread = replace(options, output=tmp_path / "three" / "%03d.png")
    render(replace(spread, crew=CrewOptions(workers=2)))
    for path in sorted((tmp_path / "one").iterdir()):
        for other in ("two", "three"):
            assert path.read_bytes() == (tmp_path / other / path.name).read_bytes(), other


def test_a_film_of_masks_says_for_each_frame_what_is_painted(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip("a.mkv", *LOSSLESS, size="128x96", frames=6)
    for index in range(6):
        mask = np.zeros((48, 64), np.uint8)
        if index >= 2:
            mask[:, 10 * index :] = 255
        write_mask(tmp_path / "masks" / f"{index:03d}.png", mask)
    given = ["--style", str(WAVE), "--mask", str(tmp_path / "masks" / "%03d.png"), "--quiet"]
    given += ["-o", str(tmp_path / "out.mkv"), "--codec", "ffv1", "--pix-fmt", "bgr0"]
    assert main([str(clip), *given]) == 0
    for index, (before, after) in enumerate(
        zip(pictures_of(clip), pictures_of(tmp_path / "out.mkv"), strict=True)
    ):
        apart = np.abs(before.astype(int) - after).mean((0, 2))
        left = 20 * index if index >= 2 else 128
        assert apart[: left - 4].max() == 0
        assert left == 128 or apart[left + 4 :].mean() > 10


FOR_STYLE = GatysOptions(steps=(40,), scales=1, content_weight=1e2, variation_weight=0)


def test_guided_moments_are_those_of_the_region_alone() -> None:
    features = torch.rand(1, 5, 12, 20, generator=torch.Generator().manual_seed(0))
    guides = torch.zeros(3, 24, 40)
    guides[0, :, :16], guides[1, :, 16:] = 1, 0.5
    found = guided_moments(features, guides)
    for index, part in enumerate((features[..., :8], features[..., 8:])):
        torch.testing.assert_close(found.mean[index], moments(part).mean[0])
        torch.testing.assert_close(found.covariance[index], moments(part).covariance[0])
    assert not found.mean[2].any(), "a region that is nowhere"


def test_guided_optimization_paints_regions_and_leaves_the_rest() -> None:
    """The left third like one style, the middle like another, the right not at all."""
    scene = texture(96, 144, 6)
    weights = np.zeros((2, 96, 144), np.float32)
    weights[0, :, :48], weights[1, :, 48:96] = 1, 1
    losses: list[float] = []
    task = Task(
        [texture(96, 96, 8), read_style(WAVE)], StyleOptions(), (96, 144), dtype=torch.float32,
        on_step=lambda step: losses.append(step.losses["style"]),
    )  # fmt: skip
    method = GatysMethod(task, FOR_STYLE)
    painter = OptimizingStylizer(method)
    painted = painter.paint(scene, weights)
    assert np.array_equal(painted[:, 96:], scene[:, 96:])
    assert losses[-1] < 0.3 * losses[0]
    pixels = torch.from_numpy(painted).permute(2, 0, 1)[None].float() / 255
    own, swapped = (
        method._loss(pixels, None, given, 1.0).terms_at(pixels)["style"]
        for given in (weights, weights[::-1].copy())
    )
    assert own < 0.5 * swapped


def test_a_style_mask_chooses_what_of_a_style_counts() -> None:
    """The left half of the style is dark, the right one light: so is what is painted like it."""
    style = np.concatenate([texture(96, 48, 1) // 4, 255 - texture(96, 48, 2) // 4], 1)
    left = np.zeros((96, 96), np.uint8)
    left[:, :44] = 255
    light, colors = [], []
    for chosen in (left, 255 - left):
        task = Task([style], StyleOptions(), (64, 96), style_masks=[chosen], dtype=torch.float32)
        painter = OptimizingStylizer(GatysMethod(task, FOR_STYLE))
        light.append(painter.paint(texture(64, 96, 6)).mean())
        colors.append(255 * painter.targets.colors(0).mean)
    assert light[0] + 15 < light[1]
    np.testing.assert_allclose(colors[0], style[:, :44].mean((0, 1)), atol=0.1)
    np.testing.assert_allclose(colors[1], style[:, 44:].mean((0, 1)), atol=0.1)


def test_those_in_front_hide_those_behind_and_edges_stay_whole() -> None:
    front, behind = np.zeros((40, 60), np.uint8), np.zeros((40, 60), np.uint8)
    front[:, :30], behind[:, 20:] = 255, 255
    front[:, 30], behind[:, 30] = 128, 127
    options = RegionOptions(
        (Region("a", Path("a"), Path("x")), Region("b", Path("b"), Path("y"))), softness=10
    )
    planes = Weigher(options, (40, 60)).weigh({"a": front, "b": behind}).astype(int)
    assert (planes.sum(0) == 255).all()
    assert (planes[0, :, 25] > 245).all()
    hard = RegionOptions(options.regions, softness=0)
    planes = Weigher(hard, (40, 60)).weigh({"a": front, "b": behind})
    assert planes[:, 0, 25].tolist() == [255, 0]
    assert planes[:, 0, 30].tolist() == [128, 127]


def test_kept_weights_tell_those_of_any_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    planes = [rng.integers(0, 128, (2, 8, 12), np.uint8) for _ in range(3)]
    with WeightsWriter(tmp_path / "weights.zip") as writer:
        for index in (0, 0, 1, 1, 1, 2):
            writer.add(planes[index])
    kept = KeptWeights(tmp_path / "weights.zip")
    for frame, index in ((5, 2), (0, 0), (3, 1), (1, 0), (9, 2)):
        assert np.array_equal(kept.of_frame(frame), planes[index])


def test_a_worker_may_find_a_region_s_style_elsewhere() -> None:
    regions = (Region("a", Path("a.png"), Path("x.jpg")), Region("rest", None, None))
    options = RenderOptions(Path("f.mp4"), Path("x.jpg"), regions=RegionOptions(regions))
    there = {Path("x.jpg"): Path("/there/x.jpg"), Path("f.mp4"): Path("/f.mp4")}
    moved = options.with_paths(lambda path: there.get(path, path))
    assert moved.regions.regions[0] == Region("a", Path("a.png"), Path("/there/x.jpg"))
    assert (moved.source, moved.style) == (Path("/f.mp4"), Path("/there/x.jpg"))


def test_regions_are_named_as_the_user_writes_them() -> None:
    options = render_options(
        ["a.mp4", "--region", "sky:m/s.png=s.jpg", "--region", "rest=none", "--mask-softness", "2"]
    )
    assert options.regions.regions == (
        Region("sky", Path("m/s.png"), Path("s.jpg")),
        Region("rest", None, None),
    )
    assert options.style == Path("s.jpg")
    assert options.regions.softness == 2


WRONG = {
    "missing": (["--style=W", "--mask=nowhere.png"], 1, "nowhere.png"),
    "shape": (["--style=W", "--mask=wide.png"], 1, "another shape"),
    "empty": (["--style=W", "--mask=black.png"], 1, "nothing in it is white"),
    "covered": (["--region=a:disc.png=W", "--region=b:disc.png=none"], 1, "nothing is left"),
    "no rest left": (["--region=a:white.png=W", "--region=rest=none"], 1, "nothing is left"),
    "too few": (["--style=W", "--mask=short/%03d.png"], 1, "too few masks (2)"),
    "too many": (["--style=W", "--mask=long/%03d.png"], 1, "more masks than the film has"),
    "rest twice": (["--region=rest=W", "--region=rest=none", "--region=a:disc.png=W"], 2, "twice"),
    "rest alone": (["--region=rest=W"], 2, "--style instead"),
    "no style": (["--region=a:disc.png=none"], 2, "no region is painted"),
    "no mask": (["--region=a=W"], 2, "has no mask"),
    "no sense": (["--region=nonsense"], 2, "NAME:MASK=STYLE"),
    "both": (["--style=W", "--region=a:disc.png=W"], 2, "either --style"),
    "soft": (["--style=W", "--mask=disc.png", "--mask-softness=99"], 2, "0..50"),
    "track alone": (["--style=W", "--track"], 2, "--track is for"),
    "write alone": (["--style=W", "--mask=disc.png", "--write-masks=x"], 2, "is for --track"),
    "late": (["--style=W", "--mask=late/%03d.png", "--track"], 1, "the last frame is 3"),
    "style mask": (["--style=W", "--mask=disc.png", "--style-mask=disc.png"], 2, "gatys"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_regions_are_told_in_one_line_before_anything_is_written(
    wrong: str,
    make_clip: MakeClip,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    make_clip("a.mp4", frames=4)
    shutil.copy(WAVE, "W")
    Path("W").rename("W.jpg")
    mask = disc(64, 96)
    write_mask(Path("disc.png"), mask)
    write_mask(Path("black.png"), 0 * mask)
    write_mask(Path("white.png"), 0 * mask + 255)
    write_mask(Path("wide.png"), disc(64, 128))
    for index in range(6):
        write_mask(Path(f"long/{index:03d}.png"), mask)
    for index in range(2):
        write_mask(Path(f"short/{index:03d}.png"), mask)
    write_mask(Path("late/000.png"), mask)
    write_mask(Path("late/007.png"), mask)
    given, code, message = WRONG[wrong]
    arguments = [argument.replace("=W", "=W.jpg") for argument in given]
    refused(["a.mp4", *arguments], code, message, tmp_path, capsys)


def test_gatys_films_keep_regions_through_segments(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = make_clip("a.mkv", *LOSSLESS, size="96x64", frames=4)
    mask = write_mask(tmp_path / "disc.png", disc(64, 96))
    options = RenderOptions(
        clip, WAVE, tmp_path / "out" / "%03d.png", stylizer=Gatys(FEW_STEPS),
        regions=RegionOptions((Region("mask", mask, WAVE),)),
    )  # fmt: skip
    render(options)
    outside = cv2.dilate(disc(64, 96), np.ones((5, 5))) == 0
    for before, after in zip(
        pictures_of(clip), pictures_of(tmp_path / "out" / "%03d.png"), strict=True
    ):
        assert np.abs(before.astype(int) - after)[outside].max() <= 1
