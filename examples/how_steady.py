"""How steady a painted film is: its warping error, and the source's own below it.

python examples/how_steady.py samples/clip.mp4 painted.mp4
"""

import sys
from pathlib import Path

from vidnst.apps.evaluate import evaluate
from vidnst.motion.flow import optical_flow


def main(source: str, painted: str) -> None:
    comparison = evaluate(Path(source), [Path(painted)], flow=optical_flow)
    for clip in (comparison.source, *comparison.results):
        errors = clip.pairs[1].masked
        print(f"{clip.path.name}: {1000 * sum(errors) / len(errors):.2f} / 1000, frame to frame")


if __name__ == "__main__":
    main(*sys.argv[1:])
