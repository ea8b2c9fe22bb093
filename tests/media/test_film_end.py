"""How long films last, as their containers, tracks and edit lists tell it; codecs' clocks."""

import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.media_facts import facts
from vidnst.errors import UsageError
from vidnst.film.render import Report, render
from vidnst.media.containers import choose_encoding
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions
from vidnst.options.workers import CrewOptions

MILLISECOND = Fraction(1, 1000)
SLIDES = [*range(0, 31 * 30, 30), 930, 3930, 6930]
"""A screen recording, in milliseconds: 31 frames of 30, then two of 3000; the last is its end."""


def paint(source: Path, style: Path, output: Path, **options: object) -> Report:
    plain = StyleOptions(strength=0)
    return render(RenderOptions(source, style, output, painting=plain, **options))  # type: ignore[arg-type]


def film(
    path: Path, times: list[int], *, clock: Fraction = MILLISECOND, rate: int = 25, sound: float = 0
) -> Path:
    """A film without reordering, whose frames are shown from each time to the next."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4" if path.suffix == ".avi" else "libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.options = {"bf": "0", "preset": "ultrafast"}
        stream.time_base = stream.codec_context.time_base = clock
        tone = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        durations = {a: b - a for a, b in pairwise(times)}
        for index, pts in enumerate(times[:-1]):
            picture = np.full((64, 96, 3), 6 * index % 250, np.uint8)
            picture[:, index % 96 :] = 255 - picture[:, index % 96 :]
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = pts, clock
            for packet in stream.encode(frame):
                assert packet.pts is not None
                packet.duration = durations[packet.pts]
                container.mux(packet)
        for packet in stream.encode(None):
            assert packet.pts is not None
            packet.duration = durations[packet.pts]
            container.mux(packet)
        if tone is not None:
            for block in range(int(sound * 8000) // 1024):
                heard = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
                heard.sample_rate, heard.pts = 8000, block * 1024
                container.mux(tone.encode(heard))
            container.mux(tone.encode(None))
    return path


def boxes(data: bytes, name: bytes) -> list[bytes]:
    """The contents of all boxes of a name, in an MP4's tree (ISO/IEC 14496-12)."""
    found, place = [], 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, place + 8)[0], 16
        if size < head:
            break
        content = data[place + head : place + size]
        if kind == name:
            found.append(content)
        elif kind in (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"):
            found += boxes(content, name)
        place += size
    return found


def mp4_lengths(path: Path) -> dict[str, float]:
    """How long the film's track is shown, in seconds, by each box that tells it."""
    data = path.read_bytes()
    scale = struct.unpack_from(">I", boxes(data, b"mvhd")[0], 12)[0]
    track = next(t for t in boxes(data, b"trak") if boxes(t, b"vmhd"))
    media_scale, media = struct.unpack_from(">II", boxes(track, b"mdhd")[0], 12)
    stts = boxes(track, b"stts")[0]
    runs = [
        struct.unpack_from(">II", stts, 8 + 8 * n)
        for n in range(struct.unpack_from(">I", stts, 4)[0])
    ]
    elst = boxes(track, b"elst")[0]
    edits = [
        struct.unpack_from(">Ii", elst, 8 + 12 * n)
        for n in range(struct.unpack_from(">I", elst, 4)[0])
    ]
    # Samples all of one length last as long as the film itself; others, also what is skipped.
    skipped = next(at for _, at in edits if at >= 0) if len(runs) > 1 else 0
    return {
        "movie": struct.unpack_from(">I", boxes(data, b"mvhd")[0], 16)[0] / scale,
        "track": struct.unpack_from(">I", boxes(track, b"tkhd")[0], 20)[0] / scale,
        "edits": sum(length for length, _ in edits) / scale,
        "media": (media - skipped) / media_scale,
        "samples": (sum(count * delta for count, delta in runs) - skipped) / media_scale,
    }


def milliseconds(path: Path) -> list[int]:
    return [round(1000 * seconds) for seconds in facts(path).pts_seconds]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "h264"), ("a.mov", "h264"), ("a.m4v", "h265"), ("a.mp4", "av1"),
        ("a.mp4", "vp9"), ("a.mov", "prores"), ("a.mp4", "mpeg4"), ("a.mkv", "h264"),
        ("a.mkv", "vp8"), ("a.mkv", "ffv1"), ("a.webm", "vp9"), ("a.webm", "av1"),
    ],
)  # fmt: skip
def test_an_uneven_film_lasts_as_long_as_its_source(
    name: str, codec: str, style: Path, tmp_path: Path
) -> None:
    source, output = film(tmp_path / "source.mp4", SLIDES), tmp_path / name
    paint(source, style, output, encoding=EncodeOptions(codec))
    assert milliseconds(output) == SLIDES[:-1]
    with av.open(str(output)) as container:
        assert container.duration == pytest.approx(6.93e6, abs=3000)
    if output.suffix not in (".mkv", ".webm"):
        assert mp4_lengths(output) == pytest.approx(
            dict.fromkeys(mp4_lengths(output), 6.93), abs=2e-3
        )


@pytest.mark.parametrize("workers", [None, 2])
@pytest.mark.parametrize("sound", [1.0, 9.0])
def test_joined_parts_last_as_long_whatever_the_sound(
    workers: int | None, sound: float, style: Path, tmp_path: Path
) -> None:
    times = [40 * n for n in range(60)] + [2400, 5400]
    source = film(tmp_path / "source.mkv", times, sound=sound)
    paint(source, style, tmp_path / "a.mp4", crew=CrewOptions(workers=workers))
    assert milliseconds(tmp_path / "a.mp4") == times[:-1]
    lengths = mp4_lengths(tmp_path / "a.mp4")
    movie = lengths.pop("movie")
    assert lengths == pytest.approx(dict.fromkeys(lengths, 5.4), abs=2e-3)
    assert movie == pytest.approx(max(5.4, sound), abs=0.2)


def test_a_result_as_a_source_keeps_its_end(style: Path, tmp_path: Path) -> None:
    source = film(tmp_path / "source.mp4", SLIDES)
    for before, after in (("source.mp4", "a.mp4"), ("a.mp4", "b.mkv"), ("b.mkv", "c.mov")):
        paint(source.with_name(before), style, tmp_path / after)
        with av.open(str(tmp_path / after)) as container:
            assert container.duration == pytest.approx(6.93e6, abs=3000)


def test_an_excerpt_ends_where_it_was_asked_to(style: Path, tmp_path: Path) -> None:
    source = film(tmp_path / "source.mp4", SLIDES)
    paint(source, style, tmp_path / "a.mp4", start_seconds=0.3, end_seconds=2.0)
    lengths = mp4_lengths(tmp_path / "a.mp4")
    assert lengths == pytest.approx(dict.fromkeys(lengths, 1.7), abs=2e-3)


@pytest.mark.parametrize(
    "clock", [Fraction(1, 90_000), Fraction(1, 1_000_000), Fraction(1, 65_537)]
)
def test_mpeg4_takes_any_clock(clock: Fraction, style: Path, tmp_path: Path) -> None:
    times = [round(n * Fraction(1001, 30_000) / clock) for n in range(12)]
    source = film(tmp_path / "source.mov", times, clock=clock)
    paint(source, style, tmp_path / "a.mp4", encoding=EncodeOptions("mpeg4"))
    assert facts(tmp_path / "a.mp4").pts_seconds == [t * clock for t in times[:-1]]


@pytest.mark.parametrize("rate", [300, 1000])
@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9", "mpeg4"])
def test_encoders_bear_any_rate(codec: str, rate: int, style: Path, tmp_path: Path) -> None:
    source = film(tmp_path / "source.mkv", list(range(0, 330, 33)), rate=rate)
    paint(source, style, tmp_path / "a.mp4", encoding=EncodeOptions(codec))
    assert milliseconds(tmp_path / "a.mp4") == list(range(0, 297, 33))


@pytest.mark.parametrize(
    ("codec", "least", "largest"),
    [("h264", 0, 51), ("h265", 0, 51), ("vp9", 0, 63), ("vp8", 4, 63), ("av1", 0, 63)],
)
def test_crf_lies_in_the_codecs_own_range(
    codec: str, least: int, largest: int, style: Path, tmp_path: Path
) -> None:
    source = film(tmp_path / "source.mkv", [0, 40, 80])
    for crf in (least, largest):
        options = EncodeOptions(codec, crf=crf)
        paint(source, style, tmp_path / f"{crf}.mkv", encoding=options)
    with pytest.raises(UsageError, match=rf"must lie in {least}\.\.{largest}"):
        choose_encoding(Path("a.mkv"), EncodeOptions(codec, crf=largest + 0.5), (64, 96))
