"""Subtitles of excerpts: cut to them, with picture and sound where they belong."""

import subprocess
from pathlib import Path
from struct import pack

import av
import numpy as np
import pytest

from helpers.clips import MakeClip
from helpers.media_facts import decoded_sound, facts
from vidnst.film.render import render
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions

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
            assert container.duration is not None
            assert container.duration <= 2.05e6


def blu_ray_subtitles(path: Path) -> Path:
    """Boxes instead of words, at the times of LINES, as segments that FFmpeg knows as .sup."""
    content = b""
    for number, (shown, hidden) in enumerate(((0.5, 1.5), (1.7, 2.2), (2.7, 3.8))):
        row = bytes([1] * 8 + [0, 0])
        window = pack(">BBHHHH", 1, 0, 10, 10, 8, 4)
        for seconds, kind, payload in (
            (
                shown,
                0x16,
                pack(">HHBHBBBBHBBHH", 96, 64, 16, number, 128, 0, 0, 1, 0, 0, 0, 10, 10),
            ),
            (shown, 0x17, window),
            (shown, 0x14, bytes([0, 0, 1, 235, 128, 128, 255])),
            (shown, 0x15, pack(">HBBBHHH", 0, 0, 0xC0, 0, 4 + 4 * len(row), 8, 4) + 4 * row),
            (shown, 0x80, b""),
            (hidden, 0x16, pack(">HHBHBBBB", 96, 64, 16, number, 0, 0, 0, 0)),
            (hidden, 0x17, window),
            (hidden, 0x80, b""),
        ):
            content += b"PG" + pack(">IIBH", int(seconds * 90_000), 0, kind, len(payload)) + payload
    path.write_bytes(content)
    return path


def boxes(path: Path) -> list[bool]:
    """Whether viewers see one, each tenth of a second."""
    seen = "color=black:s=96x64:r=10:d=4[b];[b][0:s]overlay=eof_action=pass,format=gray[v]"
    command = [ffmpeg_program(), "-v", "error", "-copyts", "-i", str(path), "-filter_complex", seen]
    done = subprocess.run(
        [*command, "-map", "[v]", "-f", "rawvideo", "-"], capture_output=True, check=True
    )
    return list(np.frombuffer(done.stdout, np.uint8).reshape(-1, 64 * 96).max(1) > 100)


@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("blu-ray.mkv", ("-c:s", "copy")),
        ("blu-ray.m2ts", ("-c:s", "copy")),
        ("dvb.mkv", ("-c:s", "dvbsub")),
        ("dvb.ts", ("-c:s", "dvbsub")),
        ("dvd.mkv", ("-c:s", "dvdsub")),
        ("dvd.vob", ("-c:v", "mpeg2video", "-c:a", "mp2", "-c:s", "dvdsub")),
    ],
)
def test_pictures_of_words_are_cut_to_the_excerpt(
    name: str, codecs: tuple[str, ...], make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    sup = str(blu_ray_subtitles(tmp_path / "words.sup"))
    late = ("-itsoffset", "0.5", "-fix_sub_duration", "-i", sup)  # ffmpeg moves the first to 0.
    source = make_clip(
        name, "-map", "0", "-map", "1", "-map", "2", *codecs, inputs=(*CLICK, *late), frames=96,
        rate="24",
    )  # fmt: skip
    output = tmp_path / "out.mkv"
    for start, end, times in (
        (1, 3, [(0, 0.5), (0.7, 1.2), (1.7, 2)]),
        (None, 2, [(0.5, 1.5), (1.7, 2)]),
        (3.2, None, [(0, 0.6)]),
    ):
        asked = RenderOptions(
            source, style, output, painting=StyleOptions(strength=0), start_seconds=start,
            end_seconds=end, overwrite=True,
        )  # fmt: skip
        render(asked)
        lasts = (end or 4) - (start or 0)
        result = facts(output)
        assert float(result.pts_seconds[0]) == pytest.approx(0, abs=0.041)
        with av.open(str(output)) as container:
            assert container.duration == pytest.approx(lasts * 1e6, abs=2e5)
        edges = np.array([edge for time in times for edge in time] + [0])
        for place, box in enumerate(boxes(output)):
            if place / 10 < lasts and np.abs(edges - place / 10).min() > 0.11:
                assert box == any(shown < place / 10 < hidden for shown, hidden in times), place
