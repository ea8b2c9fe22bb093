"""Write the figures of docs/benchmarks.md from the committed ones.

python benchmarks/readme.py
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"


def table() -> str:
    """The tables in Markdown, from benchmarks/speed.json, whole.json and memory.json."""
    whole = json.loads((ROOT / "benchmarks" / "whole.json").read_text())
    speed = json.loads((ROOT / "benchmarks" / "speed.json").read_text())
    memory = json.loads((ROOT / "benchmarks" / "memory.json").read_text())
    lines = [
        f"{speed['clip']}; {speed['machine']}, {speed['processor']}; torch "
        f"{speed['versions']['torch']}, {speed['dtype']}; median and quartiles:",
        "",
        "| stage | ms a frame |",
        "| --- | --- |",
    ]
    for name, figures in speed["milliseconds_per_frame"].items():
        spread = f"({figures['lower']:.1f} to {figures['upper']:.1f})"
        lines.append(f"| {name} | {figures['median']:.1f} {spread} |")
    lines += ["", "| the whole command, file to file | frames a second | peak memory |"]
    lines.append("| --- | --- | --- |")
    for size, row in whole["sizes"].items():
        spread = f"({row['slowest']:.1f} to {row['fastest']:.1f})"
        rate = f"{row['frames_per_second']:.1f} {spread}"
        lines.append(f"| {size}, {row['frames']} frames | {rate} | {row['peak_mib']} MiB |")
    lines += [
        "",
        f"From start to exit, with {whole['first_frame_seconds']:.1f} s until the first frame is "
        f"there. That is {whole['times_faster_than_peer']:.1f} times as fast as a plain script "
        "with Johnson et al.'s network (2016; OpenCV, float32); the network alone is "
        f"{speed['network_times_faster_than_johnson']:.1f} times as fast as theirs. Memory at "
        "640x360: "
        + ", ".join(f"{row['peak_mib']} MiB for {length}" for length, row in memory.items())
        + " of film.",
    ]
    return "\n".join(lines)


def optimizing() -> str:
    """What optimizing costs, from benchmarks/optimizing.json and optimizing_film.json."""
    picture = json.loads((ROOT / "benchmarks" / "optimizing.json").read_text())
    film = json.loads((ROOT / "benchmarks" / "optimizing_film.json").read_text())
    later = film["later_frame_seconds"]
    whole = " and ".join(
        f"{seconds:.0f} s with `{name}`" for name, seconds in picture["whole_seconds"].items()
    )
    lines = [
        f"{picture['size']}; {picture['machine']}, {picture['processor']}; torch "
        f"{picture['versions']['torch']}:",
        "",
        f"| encoder, L-BFGS | ms a step (quartiles) | {picture['steps']} steps |",
        "| --- | --- | --- |",
    ]
    for name, figures in picture.items():
        if isinstance(figures, dict) and "milliseconds_a_step" in figures:
            step = figures["milliseconds_a_step"]
            lines.append(
                f"| {name} | {step['median']:.0f} ({step['lower']:.0f} to {step['upper']:.0f}) "
                f"| {figures['seconds']:.0f} s |"
            )
    lines += [
        "",
        f"With the defaults {whole}. Film by `{film['stylizer']}` ({film['clip']}): "
        f"{film['first_frame_seconds']:.0f} s for the first frame, then {later['mean']:.1f} s a "
        "frame. `python benchmarks/optimizing.py` and `optimizing_film.py` measure it on your "
        "machine.",
    ]
    return "\n".join(lines)


def webcam() -> str:
    """How the live picture goes, from benchmarks/webcam.json."""
    live = json.loads((ROOT / "benchmarks" / "webcam.json").read_text())
    windows = live["fps_in_windows_of_5_s"]
    latency, memory = live["latency_ms"], live["resident_mib"]
    sizes = sorted(tuple(at["size"]) for at in live["painted_size"])
    small, large = (f"{width}x{height}" for width, height in (sizes[0], sizes[-1]))
    return (
        f"A film of 640x360 at 30 fps for a camera, {live['seconds']:.0f} s, {live['machine']}, "
        f"{live['processor']}: {live['fps']:.1f} fps "
        f"({min(windows):.1f} to {max(windows):.1f} in 5 s each), from capture to a reader of the "
        f"page {latency['50']:.0f} ms (95 %: {latency['95']:.0f} ms, "
        f"99 %: {latency['99']:.0f} ms), {memory['start']:.0f} MiB at the start and "
        f"{memory['end']:.0f} MiB at the end, painted at {small} to {large} (load of the machine "
        f"when it began: {live['load_before']:.1f}). `python benchmarks/webcam.py` measures it."
    )


PARTS = {"figures": table, "optimizing figures": optimizing, "webcam figures": webcam}


def main() -> None:
    text = PAGE.read_text("utf-8")
    for name, figures in PARTS.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = f"{before}{start}\n\n{figures()}\n\n{end}{after}"
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
