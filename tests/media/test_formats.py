"""Containers, pixel formats and sound that real files come with."""

import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.clips import TONE, MakeClip
from helpers.media_facts import decoded_sound, facts, first_picture
from helpers.pictures import gradient_picture
from vidnst.errors import MediaError, UsageError
from vidnst.film.render import Report, render
from vidnst.media.clip import probe
from vidnst.media.decode import decode, sample
from vidnst.media.pictures import read_picture, write_picture
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions


def paint(source: Path, style: Path, output: Path, **options: object) -> Report:
    return render(RenderOptions(source=source, style=style, output=output, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm", "gif"])
def test_each_container_is_written_and_timed(
    ending: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.mp4", inputs=TONE)
    output = tmp_path / f"out.{ending}"
    paint(source, style, output)
    result = facts(output)
    assert result.frame_count == 12
    tick = Fraction(1, 100) if ending == "gif" else Fraction(1, 1000)
    assert all(
        abs(a - b) <= tick
        for a, b in zip(result.pts_seconds, facts(source).pts_seconds, strict=True)
    )
    assert result.audio == {"gif": [], "webm": ["opus"]}.get(ending, ["aac"])


def test_an_old_ffmpeg_of_the_system_writes_nothing(
    make_clip: MakeClip, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = make_clip("source.mp4", frames=4, inputs=TONE), tmp_path / "out.mp4"
    system = tmp_path / "bin"
    system.mkdir()
    (system / "ffmpeg").write_text("#!/bin/sh\nexit 1\n")
    (system / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{system}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    paint(source, style, output)
    assert facts(output).audio == ["aac"]


@pytest.mark.parametrize("codec", ["h264", "h265", "vp9", "av1", "prores", "ffv1"])
def test_each_codec_is_written(
    codec: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.mkv"
    paint(make_clip("source.mp4", frames=4), style, output, encoding=EncodeOptions(codec=codec))
    assert probe(output).codec == {"h265": "hevc"}.get(codec, codec)
    assert facts(output).frame_count == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only there an encoder asks for it")
@pytest.mark.parametrize("codec", ["av1", "h264"])
def test_no_thread_is_left_with_real_time_priority(
    codec: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source, output = make_clip("source.mp4", frames=4), tmp_path / "out.mkv"
    paint(source, style, output, encoding=EncodeOptions(codec=codec))
    assert {os.sched_getscheduler(int(task)) for task in os.listdir("/proc/self/task")} == {
        os.SCHED_OTHER
    }


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm", "gif"])
def test_odd_sizes_stay_and_nothing_shifts(
    ending: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.gif", "-vf", "format=rgb24,crop=95:63:0:0:exact=1", frames=3)
    output = tmp_path / f"out.{ending}"
    paint(source, style, output, painting=StyleOptions(strength=0))
    assert facts(output).size_hw == (63, 95)
    painted, original = first_picture(output).astype(int), first_picture(source).astype(int)
    inner = painted[2:-2, 2:-2]
    error = {
        (dy, dx): np.abs(inner - original[2 + dy : 61 + dy, 2 + dx : 93 + dx]).mean()
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    assert min(error, key=lambda shift: error[shift]) == (0, 0)


def test_sample_aspect_ratio_is_kept(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    source = make_clip("source.mp4", "-vf", "setsar=16/11", frames=3)
    paint(source, style, tmp_path / "out.mp4")
    assert facts(tmp_path / "out.mp4").sample_aspect == Fraction(16, 11)


def test_size_keeps_the_shape_on_screen(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    source = make_clip("source.mp4", frames=2)
    paint(source, style, tmp_path / "small.mp4", size="32")
    assert facts(tmp_path / "small.mp4").size_hw == (32, 48)
    paint(source, style, tmp_path / "square.mp4", size="64x64")
    result = facts(tmp_path / "square.mp4")
    assert result.size_hw == (64, 64)
    assert result.sample_aspect == Fraction(3, 2)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("full-range.mp4", ("-vf", "scale=out_range=full,format=yuv420p", "-color_range", "pc")),
        ("yuvj.mkv", ("-pix_fmt", "yuvj420p", "-c:v", "mjpeg")),
        ("ten-bit.mkv", ("-pix_fmt", "yuv422p10le", "-c:v", "ffv1")),
        ("rgb.mkv", ("-pix_fmt", "gbrp", "-c:v", "ffv1")),
        ("bt709.mp4", ("-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709")),
        ("bt2020.mp4", ("-vf", "scale=out_color_matrix=bt2020", "-colorspace", "bt2020nc")),
    ],
)
def test_colors_are_decoded_by_their_tags(
    name: str, arguments: tuple[str, ...], make_clip: MakeClip
) -> None:
    exact = make_clip("exact.mkv", "-pix_fmt", "gbrp", "-c:v", "ffv1", frames=1)
    source = make_clip(name, *arguments, frames=1)
    expected = next(decode(probe(exact))).picture.astype(int)
    got = next(decode(probe(source))).picture.astype(int)
    # Away from edges, where halved chroma resolution shows.
    assert np.median(np.abs(got - expected)) <= 3
    assert np.abs(got.mean((0, 1)) - expected.mean((0, 1))).max() < 3


def test_color_tags_survive(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    filters = (
        "scale=out_range=full:out_color_matrix=bt709,format=yuv420p,"
        "setparams=color_primaries=bt709:color_trc=bt709"
    )
    source = make_clip("source.mp4", "-vf", filters)
    paint(source, style, tmp_path / "out.mp4")
    result = facts(tmp_path / "out.mp4")
    assert (result.range, result.matrix, result.primaries, result.transfer) == (2, 1, 1, 1)


def test_strength_zero_gives_the_source_back(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.mkv", "-pix_fmt", "gbrp", "-c:v", "ffv1", frames=3)
    output = tmp_path / "frames" / "%03d.png"
    paint(source, style, output, painting=StyleOptions(strength=0))
    assert np.array_equal(read_picture(tmp_path / "frames" / "001.png"), first_picture(source))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mov", "qtrle"), ("a.webm", "libvpx-vp9"), ("b.webm", "libvpx")]
)
def test_transparent_parts_show_black(
    name: str, codec: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    alpha = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,48),0,255)'"
    pixels = () if codec == "qtrle" else ("-pix_fmt", "yuva420p", "-auto-alt-ref", "0")
    source = make_clip(name, "-vf", alpha, "-c:v", codec, *pixels)
    picture = next(decode(probe(source))).picture
    assert picture[:, :46].max() == 0
    assert picture[:, 50:].mean() > 50
    assert paint(source, style, tmp_path / "out.mp4").frames == 12


def test_interlaced_film_is_deinterlaced_frame_for_frame(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip(
        "source.mpg", "-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct+ilme",
        "-b:v", "2M", frames=24, rate="50",
    )  # fmt: skip
    clip = probe(source)
    assert clip.interlaced
    frames = list(decode(clip))
    assert len(frames) == facts(source).frame_count
    paint(source, style, tmp_path / "out.mp4")
    assert facts(tmp_path / "out.mp4").frame_count == len(frames)


@pytest.mark.parametrize(("transfer", "code"), [("smpte2084", 0.58), ("arib-std-b67", 0.75)])
def test_hdr_is_tone_mapped(
    transfer: str, code: float, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    # Gray at 203 nits, diffuse white in HDR: ITU-R BT.2408 gives its codes in PQ and HLG.
    filters = (
        f"format=yuv420p10le,geq=lum=64+876*{code}:cb=512:cr=512,"
        f"setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}"
    )
    source = make_clip("source.mkv", "-vf", filters, "-c:v", "ffv1", frames=2)
    clip = probe(source)
    assert clip.hdr
    picture = next(decode(clip)).picture
    assert 170 < picture.mean() < 215, "diffuse white must come out bright, but not burnt"
    paint(source, style, tmp_path / "out.mp4")
    result = facts(tmp_path / "out.mp4")
    assert (result.matrix, result.primaries, result.transfer) == (1, 1, 1)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_tags_are_applied_once(
    rotation: int, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    flat = make_clip("flat.mp4", frames=2)
    turned = tmp_path / "turned.mp4"
    with av.open(str(flat)) as old, av.open(str(turned), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.set_display_rotation(rotation)
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    upright = next(decode(probe(turned))).picture
    expected = np.rot90(next(decode(probe(flat))).picture, rotation // 90)
    assert np.array_equal(upright, expected)
    paint(turned, style, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").rotation_degrees == 0
    assert facts(tmp_path / "out.mp4").size_hw == expected.shape[:2]


def test_sound_that_does_not_fit_is_transcoded_in_sync(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    click = ("-f", "lavfi", "-i", "aevalsrc='if(between(t,0.5,0.52),0.8*sin(3000*t),0)':d=1")
    source = make_clip("source.mkv", "-c:a", "libvorbis", inputs=click)
    paint(source, style, tmp_path / "out.mp4")
    assert facts(tmp_path / "out.mp4").audio == ["aac"]
    for path in (source, tmp_path / "out.mp4"):
        sound, rate = decoded_sound(path)
        assert np.argmax(np.abs(sound)) / rate == pytest.approx(0.51, abs=0.02)


def test_an_excerpt_keeps_picture_and_sound_together(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    click = ("-f", "lavfi", "-i", "aevalsrc='if(between(t,1.5,1.52),0.8*sin(3000*t),0)':d=3")
    source = make_clip("source.mp4", frames=36, inputs=click)
    for name, codec in (("copied.mp4", "aac"), ("transcoded.webm", "opus")):
        paint(source, style, tmp_path / name, start_seconds=1.02, end_seconds=2.1)
        result = facts(tmp_path / name)
        assert result.audio == [codec]
        expected = [t - Fraction(102, 100) for t in facts(source).pts_seconds if 1.02 <= t < 2.1]
        assert result.frame_count == len(expected)
        assert float(result.pts_seconds[0]) == pytest.approx(float(expected[0]), abs=0.001)
        sound, rate = decoded_sound(tmp_path / name)
        assert np.argmax(np.abs(sound)) / rate == pytest.approx(0.49, abs=0.02)
        assert len(sound) / rate == pytest.approx(1.08, abs=0.06)


def test_a_broadcast_clock_does_not_delay_the_result(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    click = ("-f", "lavfi", "-i", "aevalsrc='if(between(t,0.5,0.52),0.8*sin(3000*t),0)':d=1")
    source = make_clip("source.ts", "-c:a", "aac", "-output_ts_offset", "5000", inputs=click)
    assert probe(source).start_seconds > 4000
    paint(source, style, tmp_path / "out.mp4")
    result = facts(tmp_path / "out.mp4")
    assert result.frame_count == 12
    assert result.pts_seconds[0] < 0.2
    sound, rate = decoded_sound(tmp_path / "out.mp4")
    click_after = np.argmax(np.abs(sound)) / rate - float(result.pts_seconds[0])
    assert click_after == pytest.approx(0.51, abs=0.03)


def test_subtitles_chapters_and_metadata_are_kept(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:00,200 --> 00:00:00,700\nHello\n")
    (tmp_path / "marks.txt").write_text(
        ";FFMETADATA1\ntitle=A title\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1000\ntitle=Two\n"
    )
    inputs = ("-i", str(tmp_path / "words.srt"), "-i", str(tmp_path / "marks.txt"))
    source = make_clip(
        "source.mkv", "-map", "0", "-map", "1", "-map_metadata", "2", "-c:s", "srt", inputs=inputs
    )
    for name, kind in (("out.mkv", "subrip"), ("out.mp4", "mov_text"), ("out.webm", "webvtt")):
        paint(source, style, tmp_path / name)
        assert facts(tmp_path / name).subtitles == [kind]
        with av.open(str(tmp_path / name)) as container:
            metadata = {key.lower(): value for key, value in container.metadata.items()}
            assert metadata["title"] == "A title"
            assert len(container.chapters()) == 2


def test_no_audio_leaves_the_sound_out(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    paint(make_clip("source.mp4", inputs=TONE), style, tmp_path / "out.mp4", audio=False)
    assert facts(tmp_path / "out.mp4").audio == []


def test_numbered_pictures_go_in_and_out(style: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(7, 12):
        write_picture(frames / f"{number:04d}.png", gradient_picture(48, 64 + number))
        write_picture(frames / f"{number:04d}.png", gradient_picture(48, 64))
    report = paint(frames / "%04d.png", style, tmp_path / "painted" / "%04d.png")
    assert report.frames == 5
    names = sorted(path.name for path in (tmp_path / "painted").iterdir())
    assert names == [f"{number:04d}.png" for number in range(7, 12)]
    render(RenderOptions(source=frames, style=style))
    assert len(list((tmp_path / f"frames_{style.stem}").iterdir())) == 5
    (frames / "0009.png").unlink()
    with pytest.raises(MediaError, match="number 9 is missing"):
        probe(frames / "%04d.png")


def test_a_still_picture_gives_a_still_picture(photo: Path, style: Path) -> None:
    report = render(RenderOptions(source=photo, style=style))
    assert report.output == photo.with_name(f"photo_{style.stem}.png")
    assert read_picture(report.output).shape == (72, 96, 3)


def test_samples_are_spread_over_the_clip(make_clip: MakeClip) -> None:
    clip = probe(make_clip("source.mp4", frames=48))
    frames = [frame.picture for frame in decode(clip)]
    found = [
        next(i for i, frame in enumerate(frames) if np.array_equal(frame, picture))
        for picture in sample(clip, 4)
    ]
    assert found == pytest.approx([6, 18, 30, 42], abs=1)


def test_an_impossible_pixel_format_is_refused(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.gif", "-vf", "format=rgb24,crop=95:63:0:0:exact=1", frames=2)
    with pytest.raises(UsageError, match="sides must be even"):
        paint(source, style, tmp_path / "out.mp4", encoding=EncodeOptions(pix_fmt="yuv420p"))
