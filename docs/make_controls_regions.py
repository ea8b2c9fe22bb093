"""Make docs/controls-regions.jpg: the sample film's balloon and ground as regions.

python docs/make_controls_regions.py

From left to right: a frame, only the balloon painted, all but the balloon, and two styles with the
balloon untouched; below, what became of the balloon's mask, drawn on the first frame, a second
later. The second style is the balloon's stripes.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from vidnst.frames import Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.pictures import read_picture, resize, write_picture
from vidnst.options import RenderOptions
from vidnst.regions.options import Region, RegionOptions
from vidnst.render import render

ROOT = Path(__file__).resolve().parent.parent
CLIP, WAVE = ROOT / "samples" / "clip.mp4", ROOT / "samples" / "wave.jpg"
START_SECONDS, SECONDS = 1.0, 1.0


def balloon_of(frame: Picture) -> np.ndarray:
    """Where a frame is red or yellow, in its upper part: uint8 (H, W)."""
    colored = (frame[..., 0].astype(int) - frame[..., 2] > 60).astype(np.uint8)
    colored[int(0.65 * len(colored)) :] = 0
    return cv2.morphologyEx(255 * colored, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))


def ground_of(frame: Picture) -> np.ndarray:
    """Where a frame is greener than blue, in its lower part: uint8 (H, W)."""
    green = (frame[..., 1].astype(int) - frame[..., 2] > 10).astype(np.uint8)
    green[: int(0.6 * len(green))] = 0
    return cv2.morphologyEx(255 * green, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))


def warm_style(frame: Picture, balloon: np.ndarray) -> Picture:
    """Another style: the balloon's stripes, blown up."""
    y, x = (int(np.median(axis)) for axis in np.nonzero(balloon))
    return resize(np.ascontiguousarray(frame[y - 28 : y + 28, x - 28 : x + 28]), (384, 384))


def main() -> None:
    end = START_SECONDS + SECONDS
    frames = [
        frame.picture for frame in decode(probe(CLIP), start_seconds=START_SECONDS, end_seconds=end)
    ]
    with TemporaryDirectory() as made:
        folder = Path(made)
        balloon, ground, warm = (folder / f"{n}.png" for n in ("balloon", "ground", "warm"))
        write_picture(balloon, balloon_of(frames[0])[..., None].repeat(3, 2))
        write_picture(ground, ground_of(frames[0])[..., None].repeat(3, 2))
        write_picture(warm, warm_style(frames[0], balloon_of(frames[0])))
        jobs = {
            "balloon": (Region("balloon", balloon, WAVE),),
            "rest": (Region("balloon", balloon, None), Region("rest", None, WAVE)),
            "both": (
                Region("balloon", balloon, None),
                Region("ground", ground, warm),
                Region("rest", None, WAVE),
            ),
        }
        columns = [[frames[0], frames[-1]]]
        for name, regions in jobs.items():
            output = folder / name / "%04d.png"
            options = RegionOptions(regions, track=True)
            render(
                RenderOptions(
                    CLIP, WAVE, output, start_seconds=START_SECONDS, end_seconds=end,
                    regions=options,
                )
            )  # fmt: skip
            painted = sorted(output.parent.iterdir())
            columns.append([read_picture(painted[0]), read_picture(painted[-1])])
    sheet = np.vstack([np.hstack(row) for row in zip(*columns, strict=True)])
    half = resize(sheet, (sheet.shape[0] // 2, sheet.shape[1] // 2))
    write_picture(ROOT / "docs" / "controls-regions.jpg", half)


if __name__ == "__main__":
    main()
