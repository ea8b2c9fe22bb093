"""gatys or neighbor on the beginning of a clip: time per frame, and films for a judge.

    python benchmarks/optimizing_film.py CLIP STYLE OUT [--stylizer gatys] [--width 480]
        [--frames 24] [--json FILE]

Writes OUT/source.mkv, OUT/film.mkv (seeded and tied) and OUT/apart.mkv (every frame on its own),
all without loss, and prints how long the frames took. A judge of your choice compares the films.
"""

import argparse
import json
import statistics
import time
from itertools import islice
from pathlib import Path

from optimizing import OPTIMIZING, optimizing_stylizer

from vidnst.frames.frame import Frame
from vidnst.media.clip import probe
from vidnst.media.color import result_tags, scaled_aspect
from vidnst.media.containers import choose_encoding
from vidnst.media.decode import decode
from vidnst.media.encode import Encoder
from vidnst.media.pictures import read_picture
from vidnst.media.shots import mark_shots
from vidnst.options.output import EncodeOptions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stylizer", choices=OPTIMIZING, default="gatys")
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    clip = probe(args.clip)
    size_hw = (2 * round(clip.size_hw[0] * args.width / clip.size_hw[1] / 2), args.width)
    frames = list(islice(mark_shots(decode(clip, size_hw=size_hw)), args.frames))
    style = read_picture(args.style)
    stylizer = optimizing_stylizer(args.stylizer, style, size_hw)
    seconds: dict[str, list[float]] = {}

    def write(name: str, apart: bool | None) -> None:
        path = args.out / f"{name}.mkv"
        with Encoder(
            path,
            choose_encoding(path, EncodeOptions(codec="ffv1"), size_hw),
            size_hw=size_hw,
            sample_aspect=scaled_aspect(clip, size_hw),
            rate=clip.rate,
            time_base=clip.time_base,
            color=result_tags(clip),
        ) as encoder:
            for frame in frames:
                picture = frame.picture
                if apart is not None:
                    if apart or frame.opens_shot:
                        stylizer.begin_shot()
                    started = time.perf_counter()
                    picture = stylizer.paint(picture)
                    seconds.setdefault(name, []).append(time.perf_counter() - started)
                encoder.write(Frame(picture, frame.pts, frame.duration, frame.time_base))

    write("source", None)
    write("film", False)
    write("apart", True)
    first, later = seconds["film"][0], seconds["film"][1:]
    results = {
        "stylizer": args.stylizer,
        "clip": f"{args.clip.name}, {size_hw[1]}x{size_hw[0]}, {len(frames)} frames",
        "first_frame_seconds": first,
        "later_frame_seconds": {
            "mean": statistics.mean(later), "median": statistics.median(later), "most": max(later),
        },
        "apart_seconds": statistics.mean(seconds["apart"]),
    }  # fmt: skip
    print(
        f"{results['clip']}: first frame {first:.1f} s, then {statistics.mean(later):.1f} s a "
        f"frame (at most {max(later):.1f}); frames apart {results['apart_seconds']:.1f} s"
    )
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
