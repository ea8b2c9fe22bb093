"""vidnst info CLIP: what is inside a clip."""

import json
from pathlib import Path
from typing import Any

from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.tell import tell


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    parser = Parser(
        prog="vidnst info", description="Tell what is inside a clip.", allow_abbrev=False
    )
    parser.add_argument("clip", type=Path, help="film or frames/%%06d.png")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(arguments)
    from vidnst.media.clip import probe

    clip = probe(args.clip)
    if args.json:
        print(json.dumps(clip.as_dict()))
        return 0
    height, width = clip.size_hw
    seconds = "unknown" if clip.duration_seconds is None else f"{clip.duration_seconds:.3f} s"
    rows: dict[str, Any] = {
        "file": clip.path,
        "container": clip.container,
        "film": f"{clip.codec}, {clip.pixel_format}{', HDR' if clip.hdr else ''}"
        f"{', interlaced' if clip.interlaced else ''}",
        "size": f"{width}x{height}"
        + (f", turned by {clip.rotation_degrees} degrees" if clip.rotation_degrees else "")
        + (f", pixel aspect {clip.sample_aspect}" if clip.sample_aspect != 1 else ""),
        "frames": "unknown" if clip.frame_count is None else clip.frame_count,
        "rate": "unknown" if clip.rate is None else f"{float(clip.rate):.3f} fps ({clip.rate})",
        "duration": seconds,
        "start": f"{clip.start_seconds:.3f} s",
        "timecode": clip.timecode or "none",
        "color": f"range {clip.color.range}, matrix {clip.color.matrix}, "
        f"primaries {clip.color.primaries}, transfer {clip.color.transfer} (ITU-T H.273)",
        "sound": ", ".join(clip.audio) or "none",
        "subtitles": ", ".join(clip.subtitles) or "none",
        "chapters": clip.chapter_count or "none",
    }
    for name, value in rows.items():
        tell(f"{name:10} {value}")
    return 0
