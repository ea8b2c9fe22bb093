"""How near a film comes to its true painting, from one, two and four painted frames.

    python benchmarks/painted.py [--frames 56] [--steps 500] [--sheet PNG]

The film is made by code: a camera moves over a wall and a figure walks past, both with textures,
and how each frame should be painted is known exactly (recolored, outlined, hatched along the
surfaces). Of the frames that nobody painted it prints the mean PSNR in dB, the same of those 40
frames or more away from any painted one, and how far features are apart (one minus the cosine, mean
over places of relu1_2 to relu4_3 of the encoder that ships), for

  follows   --painted: the network, and what is carried along the motion where it can be trusted
  network   the network alone
  carried   the nearest painted frame carried along the flow, alone
  fast      the network for any style, with the painted frame as its style

The sheet shows a frame: the scene, the truth, and what each of them makes of it.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vidnst.frames.frame import Picture
from vidnst.media.pictures import write_picture
from vidnst.motion.carry import Known
from vidnst.motion.flow import optical_flow
from vidnst.motion.warp import warp
from vidnst.nets.perceptual import PerceptualEncoder, named_encoder
from vidnst.nets.places import LAYERS
from vidnst.options.painted import PaintedOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.painted import PaintedShot, PaintedStylizer

SIZE_HW = (270, 480)
_PAINTED = {1: (8,), 2: (8, 40), 4: (8, 24, 40, 55)}
_FAR = 40
Colors = tuple[tuple[int, int, int], tuple[int, int, int]]
_WALL: list[Colors] = [
    ((150, 160, 175), (230, 215, 170)),
    ((90, 120, 70), (60, 140, 110)),
    ((160, 90, 70), (200, 70, 50)),
    ((70, 80, 110), (50, 60, 130)),
    ((190, 180, 120), (245, 180, 60)),
]
_FIGURE: list[Colors] = [
    ((200, 160, 140), (250, 230, 210)),
    ((60, 60, 70), (90, 30, 80)),
    ((180, 60, 60), (230, 120, 30)),
]
"""Of each kind of surface: the scene's color, and the painter's."""


def surface(
    rng: np.random.Generator, size_hw: tuple[int, int], colors: Sequence[Colors], count: int
) -> tuple[Picture, Picture]:
    """A textured surface of some shapes, and its painting."""
    height, width = size_hw
    kinds = np.zeros(size_hw, np.uint8)
    for _ in range(count):
        kind = int(rng.integers(1, len(colors)))
        at = (int(rng.integers(width)), int(rng.integers(height)))
        if rng.random() < 0.5:
            axes = (int(rng.integers(20, 90)), int(rng.integers(20, 90)))
            cv2.ellipse(kinds, at, axes, float(rng.integers(180)), 0, 360, kind, -1)
        else:
            to = (at[0] + int(rng.integers(25, 110)), at[1] + int(rng.integers(25, 110)))
            cv2.rectangle(kinds, at, to, kind, -1)
    flat, painting = (np.array(each, np.float32)[kinds] for each in zip(*colors, strict=True))
    scene = flat.copy()
    for step, amount in ((64, 10), (16, 9), (6, 8), (3, 6)):
        noise = rng.standard_normal((height // step + 2, width // step + 2, 3)).astype(np.float32)
        scene += amount * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    # Broad light and dark go with the scene's.
    painting += 0.8 * cv2.GaussianBlur((scene - flat).mean(2), (0, 0), 3)[..., None]
    y, x = np.mgrid[:height, :width]
    for kind in range(len(colors)):
        place = (x * np.cos(0.9 * kind) + y * np.sin(0.9 * kind)) / 7
        painting[(np.abs(place - np.rint(place)) < 0.14) & (kinds == kind)] *= 0.55
    edges = cv2.morphologyEx(kinds, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    painting[edges] = (25, 20, 30)
    soft = cv2.GaussianBlur(np.clip(painting, 0, 255), (0, 0), 0.6)
    return np.clip(scene, 0, 255).astype(np.uint8), soft.astype(np.uint8)


def film(count: int, seed: int = 3) -> tuple[list[Picture], list[Picture]]:
    """Frames and their true paintings: the camera pans, turns and comes nearer."""
    rng = np.random.default_rng(seed)
    walls, figures = surface(rng, (560, 1100), _WALL, 60), surface(rng, (200, 130), _FIGURE, 12)
    shape = np.zeros((200, 130), np.uint8)
    cv2.ellipse(shape, (65, 125), (45, 70), 0, 0, 360, 255, -1)
    cv2.circle(shape, (65, 35), 30, 255, -1)
    frames: tuple[list[Picture], list[Picture]] = ([], [])
    for index in range(count):
        t = index / 47
        turn = _turned(np.deg2rad(3 * np.sin(2 * t)), 1 + 0.12 * t)
        camera = np.c_[turn, -turn @ [120 + 150 * t, 110 + 25 * np.sin(3 * t)]]
        sway = _turned(np.deg2rad(6 * np.sin(5 * t)), 1)
        walk = np.c_[sway, [90 + 210 * t, 60 + 8 * np.sin(6 * t)]]
        hides = _seen(shape, walk)[..., None].astype(np.float32) / 255
        for wall, figure, out in zip(walls, figures, frames, strict=True):
            behind = _seen(wall, camera, cv2.BORDER_REFLECT)
            out.append((behind * (1 - hides) + _seen(figure, walk) * hides).astype(np.uint8))
    return frames


def _turned(angle: float, scale: float) -> npt.NDArray[np.float64]:
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _seen(
    picture: Picture, way: npt.NDArray[np.float64], border: int = cv2.BORDER_CONSTANT
) -> Picture:
    return np.asarray(cv2.warpAffine(picture, way, SIZE_HW[::-1], borderMode=border), np.uint8)


def psnr(picture: Picture, truth: Picture) -> float:
    """In dB."""
    apart = np.square(picture.astype(np.float32) - truth).mean()
    return float(10 * np.log10(255**2 / max(float(apart), 1e-3)))


@torch.inference_mode()
def features_apart(encoder: PerceptualEncoder, picture: Picture, truth: Picture) -> float:
    """Mean over layers of the squared distance of features of unit length at each place."""
    seen, wanted = (
        encoder(torch.from_numpy(each).permute(2, 0, 1)[None].float() / 255, LAYERS)
        for each in (picture, truth)
    )
    return float(np.mean([_unlike(seen[layer], wanted[layer]) for layer in LAYERS]))


def _unlike(a: Tensor, b: Tensor) -> float:
    return 1 - float(torch.cosine_similarity(a, b, dim=1).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=56)
    parser.add_argument("--steps", type=int, default=PaintedOptions.painted_steps)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    scenes, truth = film(args.frames)
    encoder = named_encoder("slim", pooling="max").requires_grad_(False)
    rows = []
    print("painted  way      PSNR   40 or more frames on   features apart")
    for count, indices in _PAINTED.items():
        painter = PaintedStylizer((), StyleOptions(), PaintedOptions(args.steps), size_hw=SIZE_HW)
        started = time.perf_counter()
        painter.learn([[Known(scenes[i], truth[i]) for i in indices]])
        seconds = time.perf_counter() - started
        network = PaintedStylizer((), StyleOptions(), size_hw=SIZE_HW)
        network.use([PaintedShot(painter.shots[0].network, ())])
        for each in (painter, network):
            each.begin_shot(scenes[::10])
        fast = FastStylizer(truth[indices[0]], StyleOptions(), size_hw=SIZE_HW)
        fast.begin_shot(scenes[::10])
        ways = {
            "follows": painter.paint,
            "network": network.paint,
            "carried": lambda scene, known=indices: _carried(scene, scenes, truth, known),
            "fast": fast.paint,
        }
        others = [i for i in range(0, args.frames, 4) if i not in indices]
        shown = [scenes[48], truth[48]]
        for name, paint in ways.items():
            painted = {i: paint(scenes[i]) for i in others}
            values = {i: psnr(painted[i], truth[i]) for i in others}
            far = [v for i, v in values.items() if min(abs(i - k) for k in indices) >= _FAR]
            apart = np.mean([features_apart(encoder, painted[i], truth[i]) for i in others])
            told = f"{np.mean(far):5.1f}" if far else "    -"
            print(f"{count:7}  {name:8} {np.mean(list(values.values())):5.1f}  {told}  {apart:.3f}")
            shown.append(painted[48])
        print(f"         learned in {seconds:.0f} s")
        rows.append(np.hstack(shown))
    if args.sheet:
        write_picture(args.sheet, np.vstack(rows))


def _carried(
    scene: Picture, scenes: Sequence[Picture], truth: Sequence[Picture], known: Sequence[int]
) -> Picture:
    here = next(i for i, each in enumerate(scenes) if each is scene)
    nearest = min(known, key=lambda index: abs(index - here))
    flow = optical_flow(scene, scenes[nearest])
    return warp(truth[nearest].astype(np.float32), flow).astype(np.uint8)


if __name__ == "__main__":
    main()
