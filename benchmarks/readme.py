"""Write the README's table of speed from the committed figures.

python benchmarks/readme.py
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- figures -->", "<!-- end of figures -->"


def table() -> str:
    """The table in Markdown, from benchmarks/speed.json and benchmarks/memory.json."""
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
    fps = speed["whole_command_frames_per_second"]
    lines += [
        "",
        f"The whole command, from start to exit, makes {fps['median']:.1f} frames a second "
        f"({fps['lower']:.1f} to {fps['upper']:.1f}); the network alone is "
        f"{speed['network_times_faster_than_johnson']:.1f} times as fast as Johnson et al.'s "
        "(2016), run as its peers run it. Peak memory: "
        + ", ".join(f"{row['peak_mib']} MiB for {length}" for length, row in memory.items())
        + " of film.",
    ]
    return "\n".join(lines)


def main() -> None:
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(START)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{START}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()
