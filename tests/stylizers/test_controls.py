"""What an artist asks for: which colors, which styles, strokes of which size."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from helpers.clips import MakeClip, three_shots
from helpers.pictures import gradient_picture
from helpers.places import ROOT
from helpers.renders import stopped_and_resumed
from vidnst.apps.cli.arguments import render_options
from vidnst.apps.cli.main import main
from vidnst.errors import UsageError
from vidnst.film.manifest import manifest_of
from vidnst.film.plan import plan_film
from vidnst.film.prepared import NOTHING
from vidnst.film.workers.cluster import ClusterWorker
from vidnst.film.workers.worker import Order
from vidnst.frames.color import matched, palette_of, with_chroma_of
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.clip import probe
from vidnst.media.decode import sample
from vidnst.media.digest import content_digest
from vidnst.media.pictures import read_picture, write_picture
from vidnst.nets.distance import StyleJudge
from vidnst.nets.losses import Moments
from vidnst.nets.style_pictures import StylePictures, style_pictures, with_fine
from vidnst.nets.weights import shipped_weights
from vidnst.options.learning import TuneOptions
from vidnst.options.optimizing import GatysOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import Color, Mixing, StyleOptions, WeightedStyle, parse_style
from vidnst.options.stylizers import Fast, Gatys, StylizerOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.looks import save_looks
from vidnst.stylizers.optimized.gatys import GatysMethod
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer
from vidnst.stylizers.styles import style_of
from vidnst.stylizers.tuned import RetrievedStylizer, TunedStylizer

SHIPPED_STYLE = ROOT / "samples" / "wave.jpg"
QUICK = GatysOptions(steps=(4,), scales=1, frame_steps=3)


@pytest.fixture(scope="module")
def scene() -> Picture:
    """A frame of the sample film."""
    return sample(probe(ROOT / "samples" / "clip.mp4"), 3, size_hw=(180, 320))[1]


@pytest.fixture(scope="module")
def wave() -> Picture:
    return read_picture(SHIPPED_STYLE, long_side=512)


@pytest.fixture
def stripes(tmp_path: Path) -> Path:
    """A second style: red and yellow stripes."""
    rows = np.arange(160)[:, None] // 8 % 2
    colors = np.array([[200, 30, 20], [240, 220, 60]], np.uint8)
    path = tmp_path / "stripes.png"
    write_picture(path, np.repeat(colors[rows], 160, 1))
    return path


def chroma(picture: Picture) -> np.ndarray:
    """Cb and Cr of YCbCr (BT.601, full range), in 1/255, unrounded."""
    rgb = picture.astype(np.float64)
    luma = rgb @ (0.299, 0.587, 0.114)
    return np.stack([(rgb[..., 2] - luma) / 1.772, (rgb[..., 0] - luma) / 1.402], -1)


def gray(picture: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)


def painted(
    style: Picture | StylePictures, scene: Picture, weights: Path | None = None, **options: object
) -> Picture:
    stylizer = FastStylizer(
        style,
        StyleOptions(**options),  # type: ignore[arg-type]
        size_hw=scene.shape[:2],
        weights=weights,
    )
    stylizer.begin_shot([scene])
    return stylizer.paint(scene)


# --- which colors --------------------------------------------------------------------------------


def test_luminance_keeps_the_scenes_colors_and_the_styles_strokes(
    scene: Picture, wave: Picture
) -> None:
    full = painted(wave, scene)
    kept = with_chroma_of(scene, full)
    assert np.abs(chroma(full) - chroma(scene)).mean() > 5
    apart = np.abs(chroma(kept) - chroma(scene)).mean()
    assert apart < 3
    judge = StyleJudge(gray(wave))
    (of_full, _), (of_kept, _) = judge.distances(scene, [gray(full), gray(kept)])
    print(f"chroma {apart:.2f}/255 apart; luminance style distance {of_kept:.3f}, {of_full:.3f}")
    assert of_kept == pytest.approx(of_full, rel=0.15)


def test_luminance_of_a_frame_painted_as_itself_is_the_frame(scene: Picture) -> None:
    np.testing.assert_array_equal(with_chroma_of(scene, scene), scene)


def test_saturated_colors_keep_their_hue_and_half_their_chroma() -> None:
    colors = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]], np.uint8)
    source = np.repeat(colors[:, None], 256, 1)
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 4, 0).repeat(3, 2)
    got, wanted = chroma(with_chroma_of(source, ramp)), chroma(source)
    share = (got * wanted).sum(-1) / (wanted**2).sum(-1)
    assert share.min() > 0.48
    assert share.max() < 1.02
    assert np.abs(got - share[..., None] * wanted).max() < 1
    lightness = gray(with_chroma_of(source, ramp))[..., 0].astype(int)
    assert (np.diff(lightness, axis=1) >= -1).all()
    assert np.ptp(lightness, axis=1).min() > 120


def test_matching_gives_a_style_the_palette_of_the_scene(scene: Picture, wave: Picture) -> None:
    soft = (96 + 0.25 * scene).astype(np.uint8)
    wanted, got = palette_of([soft]), palette_of([matched(wave, palette_of([soft]))])
    np.testing.assert_allclose(got.mean, wanted.mean, atol=0.01)
    np.testing.assert_allclose(got.covariance, wanted.covariance, atol=0.001)


def test_a_style_in_its_own_colors_is_matched_by_itself(wave: Picture) -> None:
    assert np.abs(matched(wave, palette_of([wave])).astype(int) - wave).max() <= 1
    flat = np.full((8, 8, 3), 90, np.uint8)
    assert np.ptp(matched(flat, palette_of([wave]))) < 200


def test_match_paints_in_colors_nearer_to_the_scenes(scene: Picture, wave: Picture) -> None:
    warm = np.clip(scene * np.array([1.2, 0.8, 0.4]), 0, 255).astype(np.uint8)
    mean = palette_of([warm]).mean
    own, match = (palette_of([painted(wave, warm, color=c)]).mean for c in ("style", "match"))
    assert np.abs(match - mean).sum() < 0.5 * np.abs(own - mean).sum()


def test_all_frames_of_a_shot_are_matched_by_one_map(wave: Picture, scene: Picture) -> None:
    stylizer = FastStylizer(wave, StyleOptions(color="match"), size_hw=scene.shape[:2])
    stylizer.begin_shot([scene, 255 - scene])
    first = stylizer.paint(scene)
    stylizer.paint(255 - scene)
    np.testing.assert_array_equal(stylizer.paint(scene), first)


@pytest.mark.parametrize("stylizer", [Fast(), Gatys(QUICK)], ids=lambda each: each.name)
@pytest.mark.parametrize("color", ["luminance", "match"])
def test_a_film_stopped_and_resumed_has_the_same_colors(
    stylizer: StylizerOptions, color: Color, make_clip: MakeClip, tmp_path: Path
) -> None:
    frames = 14 if stylizer.optimizes else 90
    whole = RenderOptions(
        make_clip("a.mp4", frames=14) if stylizer.optimizes else three_shots(make_clip, frames=90),
        SHIPPED_STYLE,
        tmp_path / "whole" / "%04d.png",
        stylizer=stylizer,
        painting=StyleOptions(color=color),
    )
    again = replace(whole, output=tmp_path / "again" / "%04d.png")
    assert stopped_and_resumed(again, whole, after=frames - 1) == (12 if stylizer.optimizes else 60)
    for number in range(1, frames + 1):
        one, other = (read_picture(tmp_path / n / f"{number:04d}.png") for n in ("whole", "again"))
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("passes", ["1", "2"])
def test_gatys_films_keep_the_sources_colors_too(
    make_clip: MakeClip, tmp_path: Path, passes: str
) -> None:
    source = make_clip("a%d.png", frames=4)
    arguments = f"--stylizer gatys --keep-color --steps 4 --frame-steps 3 --passes {passes}".split()
    frames = ["-o", str(tmp_path / "out" / "%d.png"), "--quiet"]
    assert main([str(source), "--style", str(SHIPPED_STYLE), *arguments, *frames]) == 0
    for number in range(1, 5):
        read = read_picture(tmp_path / f"a{number}.png")
        result = read_picture(tmp_path / "out" / f"{number}.png")
        assert (result != read).mean() > 0.3
        hue = (chroma(result) * chroma(read)).sum(-1)
        assert hue.min() > -20


# --- several styles ------------------------------------------------------------------------------


def test_a_weight_follows_the_colon_unless_the_path_exists(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b:2").touch()
    assert parse_style(f"{tmp_path}/a.jpg") == WeightedStyle(tmp_path / "a.jpg")
    assert parse_style(f"{tmp_path}/a.jpg:0.7") == WeightedStyle(tmp_path / "a.jpg", 0.7)
    assert parse_style(f"{tmp_path}/b:2") == WeightedStyle(tmp_path / "b:2")
    assert parse_style(f"{tmp_path}/b:2:3") == WeightedStyle(tmp_path / "b:2", 3)
    assert parse_style("C:\\a.jpg") == WeightedStyle(Path("C:\\a.jpg"))


def test_weights_are_normalized_and_a_folder_shares_its_own(stripes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "painter"
    folder.mkdir()
    for name in ("b.png", "a.png", ".hidden.png"):
        write_picture(folder / name, gradient_picture(40, 60))
    (folder / "notes.txt").touch()
    options = render_options(["a.mp4", "--style", f"{folder}:3", "--style", f"{stripes}:1"])
    assert options.style == folder
    assert style_of(options).shares == (0.375, 0.375, 0.25)


def test_half_of_two_styles_lies_between_them(wave: Picture, stripes: Path, scene: Picture) -> None:
    other = read_picture(stripes)
    mixed = StylePictures((wave, other), (0.5, 0.5))
    first, both, second = (painted(s, scene).astype(float) for s in (wave, mixed, other))
    whole = np.abs(first - second).mean()
    assert np.abs(first - both).mean() < 0.8 * whole
    assert np.abs(second - both).mean() < 0.8 * whole


def test_moments_are_mixed_by_shares_and_fine_gives_the_lower_layers() -> None:
    def read(picture: Picture) -> dict[str, Moments]:
        value = torch.full((1, 2), float(picture.mean()))
        m = Moments(value, torch.diag_embed(value))
        return {"relu1_1": m, "relu2_1": m, "relu3_1": m}

    flat = [np.full((4, 4, 3), level, np.uint8) for level in (10, 20, 200)]
    mixed = StylePictures((flat[0], flat[1]), (0.25, 0.75))
    assert mixed.moments(read)["relu1_1"].mean[0, 0] == 17.5
    fine = replace(mixed, fine=style_pictures(flat[2]))
    assert [m.covariance[0, 0, 0] for m in fine.moments(read).values()] == [200, 200, 17.5]


def test_fine_texture_comes_in_the_colors_of_the_style(wave: Picture, stripes: Path) -> None:
    style = with_fine(style_pictures(wave), style_pictures(read_picture(stripes)))
    assert style.fine is not None
    np.testing.assert_allclose(
        palette_of(style.fine.pictures).mean, palette_of([wave]).mean, atol=0.06
    )


def test_gatys_takes_fine_texture_from_the_fine_style(wave: Picture, scene: Picture) -> None:
    """The finest layer comes nearer to the fine style than it is without."""
    rng = np.random.default_rng(0)
    grain = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    fine = with_fine(style_pictures(wave), style_pictures(grain))
    small = resize(scene, (72, 128))
    rough = []
    for style in (style_pictures(wave), fine):
        gatys = GatysOptions(steps=(30,), scales=1, variation_weight=0)
        method = GatysMethod(Task([style], StyleOptions(), (72, 128)), gatys)
        result = OptimizingStylizer(method).paint(small)
        rough.append(cv2.Laplacian(gray(result)[..., 0], cv2.CV_32F).std())
    assert rough[1] > 1.3 * rough[0]


def test_tuning_learns_the_mixture_and_its_file_is_for_it_alone(
    wave: Picture, stripes: Path, scene: Picture, tmp_path: Path
) -> None:
    other, small = read_picture(stripes), resize(scene, (64, 96))
    mixed = StylePictures((wave, other), (0.5, 0.5))
    tuning, options = TuneOptions(tune_steps=2), StyleOptions()
    stylizer = TunedStylizer(mixed, options, tuning, size_hw=(64, 96))
    looks, made_of = stylizer.tuned([small])
    save_looks(tmp_path / "n.safetensors", looks, made_of)
    RetrievedStylizer(tmp_path / "n.safetensors", mixed, options, size_hw=(64, 96))
    others: tuple[tuple[Picture | StylePictures, Color], ...] = (
        (wave, "style"),
        (replace(mixed, shares=(0.4, 0.6)), "style"),
        (mixed, "match"),
    )
    for wrong, color in others:
        with pytest.raises(Exception, match="another style"):
            RetrievedStylizer(
                tmp_path / "n.safetensors", wrong, StyleOptions(color=color), size_hw=(64, 96)
            )


def test_the_manifest_knows_every_picture_and_weight(
    make_clip: MakeClip, stripes: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "painter"
    folder.mkdir()
    write_picture(folder / "a.png", gradient_picture(40, 60))
    options = RenderOptions(
        make_clip("a.mp4", frames=3),
        SHIPPED_STYLE,
        tmp_path / "out.mp4",
        mixing=Mixing(others=(WeightedStyle(folder),), fine=stripes),
    )

    def told() -> str:
        return json.dumps(manifest_of(plan_film(options)))

    seen = {told()}
    write_picture(folder / "a.png", gradient_picture(41, 60))
    seen.add(told())
    write_picture(folder / "b.png", gradient_picture(41, 60))
    seen.add(told())
    write_picture(stripes, gradient_picture(50, 50))
    seen.add(told())
    options = replace(options, mixing=replace(options.mixing, weight=2))
    seen.add(told())
    assert len(seen) == 5


def test_a_worker_is_sent_every_picture_of_the_styles(
    make_clip: MakeClip, stripes: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "painter"
    folder.mkdir()
    write_picture(folder / "a.png", gradient_picture(40, 60))
    mixing = Mixing(others=(WeightedStyle(folder, 2.0),), fine=stripes)
    source = make_clip("a.mp4", frames=3)
    options = RenderOptions(source, SHIPPED_STYLE, tmp_path / "out.mp4", mixing=mixing)
    paths = (source, *options.style_paths)
    contents: dict[Path, bytes | dict[str, bytes]] = {
        folder: {"a.png": (folder / "a.png").read_bytes()},
        stripes: stripes.read_bytes(),
    }
    worker = ClusterWorker(
        Order(options, NOTHING), {path: content_digest(path) for path in paths}, threads=1
    )
    for path in (folder / "a.png", stripes):
        path.unlink()
    assert worker.missing() == [folder, stripes]
    for path, content in contents.items():
        worker.receive(path, content)
    assert worker.missing() == []
    style = style_of(worker._order.options)
    assert [round(share, 3) for share in style.shares] == [0.333, 0.667]
    assert style.fine is not None


def test_no_picture_of_a_style_is_overwritten(photo: Path, stripes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "painter"
    folder.mkdir()
    write_picture(folder / "a.png", gradient_picture(40, 60))
    before = (folder / "a.png").read_bytes()
    arguments = ["--style", str(stripes), "--style", str(folder), "--overwrite", "--quiet"]
    assert main([str(photo), *arguments, "-o", str(folder / "a.png")]) == 1
    assert (folder / "a.png").read_bytes() == before


def test_a_batch_renders_each_of_several_styles(
    make_clip: MakeClip, stripes: Path, tmp_path: Path
) -> None:
    source = make_clip("a.mp4", frames=3)
    arguments = ["--style", str(SHIPPED_STYLE), "--style", str(stripes), "--keep-color"]
    assert main(["batch", str(source), *arguments, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    films = sorted(path.name for path in (tmp_path / "out").glob("*.mp4"))
    assert films == ["a_stripes.mp4", "a_wave.mp4"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--style", "{photo}:heavy"], "'heavy' is no weight"),
        (["--style", "{photo}:-1"], "0 or more"),
        (["--style", "{photo}:nan"], "0 or more"),
        (["--style", "{photo}:0", "--style", "{photo}:0"], "all weights are 0"),
        (["--style", "{folder}"], "without pictures"),
        (["--style", "{photo}", "--fine-style", "{folder}"], "without pictures"),
        (["--style", "{photo}", "--style", "{folder}/gone.jpg"], "no such file"),
        (["--style", "{photo}", "--fine-style", "{text}"], "cannot be read as a picture"),
        (["--style", "{photo}", "--keep-color", "--color", "match"], "--keep-color is"),
        (["--network", "a.onnx", "--color", "match"], "--color luminance"),
        (["--network", "a.onnx", "--fine-style", "{photo}"], "leave --fine-style out"),
    ],
)
def test_what_cannot_be_is_told_in_one_line_before_anything_is_painted(
    arguments: list[str],
    told: str,
    photo: Path,
    make_clip: MakeClip,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jpg").write_text("no picture")
    names = {"photo": photo, "folder": tmp_path / "empty", "text": tmp_path / "text.jpg"}
    source = make_clip("a.mp4", frames=3)
    before = sorted(tmp_path.iterdir())
    assert main([str(source), *(a.format(**names) for a in arguments)]) in (1, 2)
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_color_is_one_of_three() -> None:
    with pytest.raises(UsageError, match="`color` is gray"):
        StyleOptions(color="gray")  # type: ignore[arg-type]


# --- strokes of which size -----------------------------------------------------------------------


@pytest.mark.parametrize("percent", [7, 16])
@pytest.mark.parametrize(("network", "most_apart"), [("any style", 0.06), ("its own", 0.08)])
def test_a_brush_size_means_the_same_at_every_size(
    scene: Picture, wave: Picture, percent: float, network: str, most_apart: float
) -> None:
    """A style's own network paints bolder marks, which two sizes cannot share as exactly."""
    weights = shipped_weights("fast.safetensors") if network == "any style" else None
    large = resize(scene, (540, 960))
    small = resize(large, (180, 320))
    results = [
        resize(painted(wave, picture, weights, brush_size=percent), (180, 320))
        for picture in (small, large)
    ]
    (of_small, _), (of_large, _) = StyleJudge(wave).distances(small, results)
    assert abs(of_small - of_large) < 0.06
    ((apart, _),) = StyleJudge(results[0]).distances(small, results[1:])
    print(f"{percent} %: {abs(of_small - of_large):.3f} from the style, {apart:.3f} each other")
    assert apart < most_apart
