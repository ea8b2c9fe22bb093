"""Clips, made with real ffmpeg."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from vidnst.media.ffmpeg_program import ffmpeg_program

MakeClip = Callable[..., Path]

TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
"""Inputs of make_clip for one second of sound."""

LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "bgr0")
_SHOTS = ("testsrc2", "mandelbrot", "testsrc")


def clips_in(folder: Path) -> MakeClip:
    """What makes clips in a folder, as make_clip does for a test."""

    def make(
        name: str,
        *arguments: str,
        size: str = "96x64",
        frames: int = 12,
        rate: str = "12",
        inputs: tuple[str, ...] = (),
    ) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        bars = f"testsrc2=size={size}:rate={rate},trim=end_frame={frames}"
        command = [
            ffmpeg_program(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", bars,
            *inputs, *arguments, str(path),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        return path

    return make


def three_shots(make_clip: MakeClip, *, frames: int = 300, size: str = "64x48") -> Path:
    """A clip of so many frames with two cuts, and sound."""
    inputs: list[str] = []
    for kind in _SHOTS[1:]:
        inputs += ["-f", "lavfi", "-i", f"{kind}=size={size}:rate=25"]
    each = frames // 3
    graph = "".join(f"[{n}:v]trim=end_frame={each},setpts=PTS-STARTPTS[s{n}];" for n in range(3))
    graph += "[s0][s1][s2]concat=n=3[film]"
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={frames / 25}"]
    return make_clip(
        "film.mkv", "-filter_complex", graph, "-map", "[film]", "-map", "3:a", "-c:v", "libx264",
        "-g", "40", size=size, rate="25", frames=frames, inputs=(*inputs, *sound),
    )  # fmt: skip
