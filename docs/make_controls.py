"""Make the pictures of guides/controls.md from the samples, and a second style, painted by code.

    PYTHONPATH=. python docs/make_controls.py [NAME ...]

Without a name all are made. It takes some minutes, for `fine` optimizes two pictures. `where`,
`strength`, `when` and `presets` are of films that the command line paints.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from vidnst.apps.cli.main import main as vidnst
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.clip import probe
from vidnst.media.decode import sample
from vidnst.media.pictures import read_picture, write_picture
from vidnst.nets.style_pictures import StylePictures, style_pictures, with_fine
from vidnst.options.optimizing import GatysOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.optimized.gatys import GatysMethod
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer
from vidnst.stylizers.painting import paint_still

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parent / "samples"
_TILE_HW = (225, 400)
_COLUMNS = 4


def mosaic(side: int = 640) -> Picture:
    """A style of warm tiles with dark joints, in rings about two centers."""
    rng = np.random.default_rng(4)
    grid = np.stack(np.mgrid[0:side:20, 0:side:20], -1).reshape(-1, 2)
    centers = (grid + rng.uniform(2, 18, grid.shape)).astype(np.int32)
    seeds = np.full((side, side), 255, np.uint8)
    seeds[centers[:, 0], centers[:, 1]] = 0
    distance, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros((labels.max() + 1, 2))
    places[labels[centers[:, 0], centers[:, 1]]] = centers / side
    rings = [np.hypot(*(places - middle).T) for middle in ((0.3, 0.35), (0.75, 0.7))]
    band = (np.minimum(*rings) * 9).astype(int) % 4
    colors = np.array([(196, 62, 38), (240, 186, 84), (60, 120, 104), (245, 228, 190)])
    tiles = colors[band] + rng.normal(0, 14, (len(band), 3))
    edges = cv2.dilate(labels.astype(np.float32), np.ones((3, 3))) != labels
    picture = tiles[labels] * (1.08 - 0.02 * distance[..., None])
    picture[edges] = (38, 28, 30)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.7), 0, 255).astype(np.uint8)


SCENE = sample(probe(SAMPLES / "clip.mp4"), 4, size_hw=(360, 640))[1]
WAVE = read_picture(SAMPLES / "wave.jpg")


def fast(style: Picture | StylePictures, **options: object) -> Picture:
    painting = StyleOptions(**options)  # type: ignore[arg-type]
    stylizer = FastStylizer(style, painting, size_hw=(360, 640))
    return paint_still(stylizer, SCENE)


def gatys(style: Picture | StylePictures) -> Picture:
    task = Task([style], StyleOptions(), (360, 640))
    return paint_still(OptimizingStylizer(GatysMethod(task, GatysOptions())), SCENE)


def color() -> list[Picture]:
    return [SCENE, *(fast(WAVE, color=c) for c in ("style", "luminance", "match"))]


def mix() -> list[Picture]:
    pictures = (WAVE, mosaic())
    return [fast(StylePictures(pictures, (share, 1 - share))) for share in (1.0, 0.7, 0.3, 0.0)]


def fine() -> list[Picture]:
    both = with_fine(style_pictures(WAVE), style_pictures(mosaic()))
    return [gatys(WAVE), gatys(both), fast(WAVE), fast(both)]


def brush() -> list[Picture]:
    return [fast(WAVE, brush_size=size) for size in (None, 6, 10, 16)]


def film(*arguments: str) -> list[Picture]:
    """The frames of the sample's first shot from 1 s to 2.5 s, as the command line paints them."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "%04d.png"
        excerpt = ["--start", "1", "--end", "2.5", "-o", str(output), "--quiet"]
        if vidnst([str(SAMPLES / "clip.mp4"), *arguments, *excerpt]) != 0:
            raise SystemExit(1)
        return [read_picture(path) for path in sorted(Path(folder).iterdir())]


def mask_of(where: np.ndarray, path: Path) -> Path:
    """Write a mask, without the holes it may have."""
    closed = cv2.morphologyEx(
        where.astype(np.uint8) * 255, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)
    )
    write_picture(path, closed[..., None].repeat(3, 2))
    return path


def where() -> list[Picture]:
    """Masks of the first frame alone: of the balloon, red or yellow, and of the green ground."""
    frames = film("--style", str(SAMPLES / "wave.jpg"), "--strength", "0")
    red, green, blue = (frames[0][..., channel].astype(int) for channel in range(3))
    lower = np.arange(len(red))[:, None] > 0.63 * len(red)
    with TemporaryDirectory() as made:
        balloon = mask_of((red - blue > 60) & ~lower, Path(made) / "balloon.png")
        ground = mask_of((green - blue > 10) & lower, Path(made) / "ground.png")
        untouched = ["--region", f"balloon:{balloon}=none"]
        tiles = ["--region", f"ground:{ground}={SAMPLES / 'mosaic.jpg'}"]
        rest = ["--region", f"rest={SAMPLES / 'wave.jpg'}", "--track"]
        wave = ["--style", str(SAMPLES / "wave.jpg"), "--mask", str(balloon), "--track"]
        films = [frames, film(*wave), film(*untouched, *rest), film(*untouched, *tiles, *rest)]
    return [each[index] for index in (0, -1) for each in films]


def strength() -> list[Picture]:
    return over_time("--style", str(SAMPLES / "wave.jpg"), "--strength", "0@0s,1@1.4s")


def when() -> list[Picture]:
    first, then = SAMPLES / "wave.jpg", SAMPLES / "mosaic.jpg"
    return over_time("--style", f"{first}@0s", "--style", f"{then}@1.4s")


def over_time(*arguments: str) -> list[Picture]:
    frames = film(*arguments)
    return [frames[round(i)] for i in np.linspace(0, len(frames) - 1, _COLUMNS)]


def presets() -> list[Picture]:
    """The film by each preset; those that bring no style of their own take the wave."""
    wave = ["--style", str(SAMPLES / "wave.jpg")]
    looks = ("oil", "watercolor", "ink", "pastel", "pointillism", "mosaic", "animation", "subtle")
    return [film("--preset", n, *(wave if n in looks[-2:] else []))[20] for n in looks]


SHEETS: dict[str, Callable[[], list[Picture]]] = {
    "where": where, "color": color, "mix": mix, "fine": fine, "brush": brush,
    "strength": strength, "when": when, "presets": presets,
}  # fmt: skip


def write(path: Path, picture: Picture) -> None:
    cv2.imwrite(str(path), picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84])


def main() -> None:
    write(SAMPLES / "mosaic.jpg", mosaic())
    (FOLDER / "controls").mkdir(exist_ok=True)
    for name in sys.argv[1:] or SHEETS:
        tiles = [resize(picture, _TILE_HW) for picture in SHEETS[name]()]
        rows = [np.hstack(tiles[i : i + _COLUMNS]) for i in range(0, len(tiles), _COLUMNS)]
        write(FOLDER / "controls" / f"{name}.jpg", np.vstack(rows))


if __name__ == "__main__":
    main()
