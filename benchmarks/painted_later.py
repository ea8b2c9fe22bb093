"""Whether a painted frame that is added later needs fewer steps than all at once.

    python benchmarks/painted_later.py [--steps 300]

Two frames of a shot, made by code, whose colors are others and are painted otherwise, so that what
one teaches does not hold for the other. The network alone paints three frames of each kind that
nobody painted: their PSNR in dB, and how far features are apart (as in benchmarks/painted.py), and
the seconds of learning with what was learned of the first frame in the cache.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from painted import features_apart, psnr

from vidnst.motion.carry import Known
from vidnst.nets.perceptual import named_encoder
from vidnst.options.painted import PaintedOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.painted import PaintedShot, PaintedStylizer

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from helpers.painted_film import painted_film

SIZE_HW = (128, 224)
_PAINTED, _OTHERS = 4, (0, 12, 20)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    scenes, truth = painted_film(24, SIZE_HW, seed=1)
    others = painted_film(24, SIZE_HW, seed=2)
    unlike = [
        [np.ascontiguousarray((255 - picture)[:, :, order]) for picture in pictures]
        for pictures, order in zip(others, ([2, 0, 1], [1, 2, 0]), strict=True)
    ]
    kinds = [(scenes, truth), (unlike[0], unlike[1])]
    first, second = (Known(s[_PAINTED], t[_PAINTED]) for s, t in kinds)
    encoder = named_encoder("slim", pooling="max").requires_grad_(False)

    def measure(name: str, known: Sequence[Known], rounds: Sequence[int], count: int) -> None:
        painter = PaintedStylizer((), StyleOptions(), PaintedOptions(count), size_hw=SIZE_HW)
        started = time.perf_counter()
        painter.learn([known], rounds=[rounds])
        seconds = time.perf_counter() - started
        painter.use([PaintedShot(painter.shots[0].network, ())])
        painter.begin_shot([first.scene])
        told = []
        for scene, wanted in kinds:
            painted = [painter.paint(scene[i]) for i in _OTHERS]
            pairs = [(p, wanted[i]) for p, i in zip(painted, _OTHERS, strict=True)]
            told.append(f"{np.mean([psnr(*pair) for pair in pairs]):5.1f}")
            told.append(f"{np.mean([features_apart(encoder, *pair) for pair in pairs]):.3f}")
        print(f"{name:28} {'  '.join(told)}  {seconds:4.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as cache:
        os.environ["VIDNST_CACHE"] = cache
        print(f"{'':28} like the first  like the second")
        measure(f"the first, {steps} steps", [first], [0], steps)
        measure(f"both at once, {steps}", [first, second], [0, 0], steps)
        measure(f"both at once, {steps // 2}", [first, second], [0, 0], steps // 2)
        measure(f"the second later, {steps // 2}", [first, second], [0, 1], steps)


if __name__ == "__main__":
    main()
