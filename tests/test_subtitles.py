"""Subtitles of excerpts: cut to them, with picture and sound where they belong."""

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import MakeClip
from media_facts import decoded_sound, facts

from vidnst.media.join import ffmpeg_program
from vidnst.options import RenderOptions
from vidnst.render import render
from vidnst.style.options import StyleOptions

LINES = (
    "1\n00:00:00,500 --> 00:00:01,500\nbegins before\n\n"
    "2\n00:00:01,700 --> 00:00:02,200\nis inside\n\n"
    "3\n00:00:02,700 --> 00:00:03,800\nends after\n"
)
CLICK = ("-f", "lavfi", "-i", "aevalsrc='if(between(t,2,2.02),0.8*sin(3000*t),0)':d=4")


def told(path: Path, stream: int = 0) -> list[tuple[float, float, str]]:
    """Each line as ffmpeg reads it: from when to when, in seconds, and its words."""
    command = [ffmpeg_program(), "-v", "error", "-copyts", "-i", str(path), "-map", f"0:s:{stream}"]
    done = subprocess.run([*command, "-f", "srt", "-"], capture_output=True, check=True, text=True)
    lines = []
    for block in done.stdout.strip().split("\n\n"):
        _, times, *words = block.splitlines()
        shown, hidden = (
            sum(float(part) * unit for part, unit in zip(t.split(":"), (3600, 60, 1), strict=True))
            for t in times.replace(",", ".").split(" --> ")
        )
        lines.append((shown, hidden, " ".join(words)))
    return lines


@pytest.mark.parametrize("sound", ["aac", "opus"])
@pytest.mark.parametrize(
    ("source_name", "kind", "result_name"),
    [
        ("s.mp4", "mov_text", "a.mp4"), ("s.mp4", "mov_text", "a.mkv"),
        ("s.mkv", "srt", "a.mp4"), ("s.mkv", "srt", "a.mkv"), ("s.mkv", "ass", "a.mkv"),
        ("s.mkv", "ass", "a.mov"), ("s.mkv", "webvtt", "a.webm"), ("s.mkv", "srt", "a.webm"),
    ],
)  # fmt: skip
def test_subtitles_are_cut_to_the_excerpt(
    source_name: str, kind: str, result_name: str, sound: str, make_clip: MakeClip, style: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "words.srt").write_text(LINES)
    codec = "libopus" if sound == "opus" else sound
    source = make_clip(
        source_name, "-map", "0", "-map", "1", "-map", "2", "-map", "2", "-c:s", kind,
        "-c:a", codec, inputs=(*CLICK, "-i", str(tmp_path / "words.srt")), frames=48,
    )  # fmt: skip
    output, plain = tmp_path / result_name, StyleOptions(strength=0)
    render(RenderOptions(source, style, output, painting=plain, start_seconds=1, end_seconds=3))
    result = facts(output)
    assert result.frame_count == 24
    assert float(result.pts_seconds[0]) == pytest.approx(0, abs=0.001)
    heard, rate = decoded_sound(output)
    assert np.argmax(np.abs(heard)) / rate == pytest.approx(1.01, abs=0.03)
    for stream in (0, 1):
        words = ["begins before", "is inside", "ends after"]
        times = [(0.0, 0.5), (0.7, 1.2), (1.7, 2.0)]
        for (shown, hidden, said), word, time in zip(
            told(output, stream), words, times, strict=True
        ):
            assert said == word
            assert (shown, hidden) == pytest.approx(time, abs=0.02)


def test_subtitles_beyond_the_end_of_an_excerpt_are_left_out(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    (tmp_path / "words.srt").write_text(LINES)
    source = make_clip(
        "s.mkv", "-map", "0", "-map", "1", "-c:s", "srt",
        inputs=("-i", str(tmp_path / "words.srt")), frames=48,
    )  # fmt: skip
    for name in ("a.mkv", "a.mp4"):
        render(RenderOptions(source, style, tmp_path / name, end_seconds=2))
        lines = told(tmp_path / name)
        assert [line[2] for line in lines] == ["begins before", "is inside"]
        assert lines[1][:2] == pytest.approx((1.7, 2.0), abs=0.02)
        with av.open(str(tmp_path / name)) as container:
            assert container.duration <= 2.05e6
