"""One contract for films in every container: all frames at their times, and excerpts the same."""

import random
from collections.abc import Iterator
from fractions import Fraction
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest

from helpers.media_facts import decoded_sound, facts
from helpers.odd_films import (
    BARS,
    FIELDS,
    INTERLACED,
    OF_EACH_CONTAINER,
    OPEN_GOPS,
    Packet,
    film,
    replaced,
    rewritten,
    run,
)
from helpers.places import SHARED
from vidnst.apps.cli.main import main
from vidnst.errors import MediaError
from vidnst.film.render import render
from vidnst.frames.frame import Frame, Picture
from vidnst.media.clip import Clip, probe
from vidnst.media.decode import decode, sample
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions

CLIPS = sorted((SHARED / "clips").glob("*.mp4"))
Seen = list[tuple[int, int, str]]


def digest(picture: Picture) -> str:
    return md5(picture.tobytes(), usedforsecurity=False).hexdigest()


def seen(frames: Iterator[Frame]) -> Seen:
    return [(frame.pts, frame.duration, digest(frame.picture)) for frame in frames]


def seconds_of(clip: Clip, frames: Seen) -> list[float]:
    """When each is shown, from the first on."""
    return [float((pts - frames[0][0]) * clip.time_base) for pts, _, _ in frames]


def assert_entered_like_read(clip: Clip, whole: Seen, *, places: int, seed: str) -> None:
    """Excerpts, frames from a time on, and samples are frames of the whole."""
    chance = random.Random(seed)
    begins = Fraction(str(clip.start_seconds))
    times = [pts * clip.time_base - begins for pts, _, _ in whole]
    slack = Fraction(1, 10**6)
    pictures = [picture for _, _, picture in whole]
    for _ in range(places):
        start = round(chance.uniform(0, float(times[-1])), 2)
        end = start + 0.25
        exact_start, exact_end = Fraction(str(start)), Fraction(str(end))
        excerpt = seen(decode(clip, start_seconds=start, end_seconds=end))
        inside = [i for i, t in enumerate(times) if exact_start <= t + slack < exact_end]
        assert [picture for _, _, picture in excerpt] == [pictures[i] for i in inside], start
        for (pts, _, _), index in zip(excerpt, inside, strict=True):
            late = pts * clip.time_base - (times[index] - exact_start)
            assert abs(late) <= clip.time_base
        number = chance.randrange(len(whole))
        assert seen(decode(clip, from_pts=whole[number][0])) == whole[number:], number
    assert {digest(picture) for picture in sample(clip, 3)} <= set(pictures)


@pytest.mark.parametrize("ending", OF_EACH_CONTAINER)
def test_each_container_gives_every_frame_at_its_time(ending: str, tmp_path: Path) -> None:
    clip = probe(film(tmp_path / f"film.{ending}", OF_EACH_CONTAINER[ending]))
    whole = seen(decode(clip))
    wanted = np.arange(75) / 25
    np.testing.assert_allclose(seconds_of(clip, whole), wanted, atol=0.0011)
    assert_entered_like_read(clip, whole, places=4, seed=ending)


@pytest.mark.parametrize("name", OPEN_GOPS)
def test_frames_before_a_keyframe_are_not_lost(name: str, tmp_path: Path) -> None:
    clip = probe(film(tmp_path / name, OPEN_GOPS[name]))
    whole = seen(decode(clip))
    np.testing.assert_allclose(seconds_of(clip, whole), np.arange(75) / 25, atol=0.041)
    assert_entered_like_read(clip, whole, places=8, seed=name)


@pytest.mark.parametrize("name", INTERLACED)
def test_interlaced_film_runs_at_its_own_speed(name: str, tmp_path: Path) -> None:
    clip = probe(film(tmp_path / name, INTERLACED[name], FIELDS))
    assert clip.interlaced
    whole = seen(decode(clip))
    np.testing.assert_allclose(seconds_of(clip, whole), np.arange(75) / 25, atol=0.0011)
    assert all(duration * clip.time_base == Fraction(1, 25) for _, duration, _ in whole)
    assert_entered_like_read(clip, whole, places=4, seed=name)


def test_mixed_and_telecined_film_runs_at_its_own_speed(tmp_path: Path) -> None:
    told = "-vf telecine -c:v mpeg2video -g 15 -bf 2 -flags +ildct+ilme"
    clip = probe(film(tmp_path / "pulled.mpg", told, BARS.replace("rate=25", "rate=24")))
    whole = seen(decode(clip))
    np.testing.assert_allclose(seconds_of(clip, whole), np.arange(len(whole)) / 30, atol=0.0011)
    assert len(whole) == 90
    assert_entered_like_read(clip, whole, places=4, seed="pulled")
    plain = film(tmp_path / "plain.ts", "-an -c:v mpeg2video -g 15")
    fields = film(tmp_path / "fields.ts", f"-an {INTERLACED['mpeg2.ts']}", FIELDS)
    small = film(
        tmp_path / "small.ts",
        "-an -vf interlace,scale=80:48:interl=1 -c:v mpeg2video -flags +ildct+ilme",
        FIELDS,
    )
    mixed = tmp_path / "mixed.ts"
    mixed.write_bytes(b"".join(path.read_bytes() for path in (plain, fields, plain, small)))
    clip = probe(mixed)
    whole = seen(decode(clip))
    # FFmpeg's decoder drops the last frame before the size changes.
    assert [pts for pts, _, _ in whole] == sorted({pts for pts, _, _ in whole})
    assert len(whole) >= 299
    assert np.diff(seconds_of(clip, whole)) == pytest.approx(0.04, abs=0.0411)
    assert seconds_of(clip, whole)[-1] == pytest.approx(299 / 25, abs=0.0411)
    assert_entered_like_read(clip, whole, places=2, seed="mixed")


def test_a_start_between_two_ticks_begins_with_the_next_frame(tmp_path: Path) -> None:
    path = tmp_path / "slow.avi"
    run("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=1:duration=6", "-c:v", "mjpeg", str(path))
    clip = probe(path)
    whole = seen(decode(clip))
    assert [p for _, _, p in seen(decode(clip, start_seconds=2.4))] == [p for _, _, p in whole[3:]]


def test_an_end_is_the_number_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "twenty.mp4"
    run("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=20:duration=1", str(path))
    for end, count in ((0.2, 4), (0.3, 6), (0.35, 7), (0.7, 14)):
        assert len(seen(decode(probe(path), end_seconds=end))) == count


@pytest.mark.parametrize("ending", ["ts", "mpg", "vob"])
def test_a_clock_that_starts_anew_goes_on(ending: str, tmp_path: Path, style: Path) -> None:
    once = film(tmp_path / f"once.{ending}", OF_EACH_CONTAINER[ending])
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(2 * once.read_bytes())
    clip = probe(joined)
    told: list[str] = []
    whole = seen(decode(clip, on_damage=told.append))
    np.testing.assert_allclose(seconds_of(clip, whole), np.arange(150) / 25, atol=0.0011)
    assert len(told) == 1
    assert "starts anew at 3.0 s" in told[0]
    assert_entered_like_read(clip, whole, places=2, seed=ending)
    with pytest.raises(MediaError, match=r"damaged.* (2\.[6-9]|3\.0) s"):
        seen(decode(clip, strict=True))
    notes: list[str] = []
    output = tmp_path / "out.mkv"
    asked = RenderOptions(
        source=joined,
        style=style,
        output=output,
        painting=StyleOptions(strength=0),
        encoding=EncodeOptions(preset="ultrafast"),
    )
    render(asked, on_progress=lambda progress: notes.extend(progress.notes))
    assert len(notes) == 1
    sound, rate = decoded_sound(output)
    assert len(sound) / rate == pytest.approx(6, abs=0.15)
    assert facts(output).frame_count == 150


def test_one_lost_packet_of_a_broadcast_is_told_and_painted(
    tmp_path: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = film(tmp_path / "whole.ts", OF_EACH_CONTAINER["ts"]).read_bytes()
    lossy = tmp_path / "lossy.ts"
    middle = 188 * (len(whole) // 376)
    lossy.write_bytes(whole[:middle] + whole[middle + 188 :])
    arguments = [str(lossy), "--style", str(style), "--strength", "0", "-o"]
    assert main([*arguments, str(tmp_path / "out.mp4")]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("vidnst: ")]
    assert len(told) == 1
    assert "damaged" in told[0]
    assert main([*arguments, str(tmp_path / "strict.mp4"), "--strict"]) == 1
    assert not (tmp_path / "strict.mp4").exists()


@pytest.mark.parametrize("kind", ["undecodable", "empty", "enhancement-only"])
def test_packets_without_a_frame_are_told_and_lost_frames_counted(
    kind: str, tmp_path: Path
) -> None:
    codec = "-an -c:v mjpeg" if kind == "undecodable" else f"-an {OPEN_GOPS['b-frames.avi']}"
    source = film(tmp_path / "source.mp4", codec)
    content = {
        "undecodable": b"\x00" * 50,
        "empty": b"",
        "enhancement-only": b"\x00\x00\x00\x06\x06\x05\x02\x00\x00\x80",
    }[kind]

    def change(number: int, packet: Packet) -> Iterator[Packet]:
        if number == 40 and kind == "undecodable":
            yield replaced(packet, content)
            return
        yield packet
        if number == 40:
            extra = replaced(packet, content)
            extra.is_keyframe = False
            yield extra

    damaged = rewritten(source, tmp_path / "damaged.mkv", change)
    told: list[str] = []
    whole = seen(decode(probe(damaged), on_damage=told.append))
    lost = kind == "undecodable"
    assert len(whole) == 75 - lost
    if lost:
        assert len(told) == 1
        assert "1 packet is damaged, near 1.6 s, and 1 frame is missing" in told[0]
    else:
        assert all("no frames are missing" in words for words in told)
    before: list[str] = []
    assert len(seen(decode(probe(damaged), end_seconds=1.4, on_damage=before.append))) == 35
    assert before == []
    assert len(seen(decode(probe(damaged), end_seconds=1.4, strict=True))) == 35


def test_a_clock_that_starts_late_is_no_damage(tmp_path: Path) -> None:
    for name, codec in (("a.mkv", "libx264"), ("a.webm", "libvpx"), ("a.wmv", "wmv2")):
        path = tmp_path / name
        late = ["-vf", "setpts=PTS+5/TB", "-copyts", "-avoid_negative_ts", "disabled"]
        run("-f", "lavfi", "-i", BARS, *late, "-c:v", codec, str(path))
        clip = probe(path)
        assert clip.duration_seconds == pytest.approx(3, abs=0.05)
        whole = seen(decode(clip))
        np.testing.assert_allclose(seconds_of(clip, whole), np.arange(75) / 25, atol=0.0011)
        assert_entered_like_read(clip, whole, places=2, seed=name)


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_times_of_decoding_become_times_of_showing(ending: str, tmp_path: Path) -> None:
    source = film(tmp_path / "source.mp4", f"-an {OPEN_GOPS['b-frames.avi']}")
    path = tmp_path / f"jittering.{ending}"
    run("-i", str(source), "-c", "copy", "-bsf:v", "setts=pts=DTS", str(path))
    clip = probe(path)
    whole = seen(decode(clip))
    shown = facts(path).frame_count  # Frames before time 0 are cut off by the edit list.
    assert len(whole) == shown
    uneven = np.abs(np.diff(seconds_of(clip, whole)) - 0.04) > 0.0011
    assert uneven.sum() <= (ending == "mp4")
    assert_entered_like_read(clip, whole, places=3, seed=ending)


def test_times_that_repeat_are_spaced_evenly(tmp_path: Path) -> None:
    source = film(tmp_path / "source.mkv", "-an -c:v mjpeg")

    def change(number: int, packet: Packet) -> Iterator[Packet]:
        packet.pts = packet.dts = 40 * (number - number % 2)
        yield packet

    clip = probe(rewritten(source, tmp_path / "repeating.mkv", change))
    np.testing.assert_allclose(
        seconds_of(clip, seen(decode(clip))), np.arange(75) / 25, atol=0.0011
    )


@pytest.mark.parametrize("matrix", range(8))
def test_turned_and_mirrored_film_comes_out_as_players_show_it(matrix: int, tmp_path: Path) -> None:
    source = film(tmp_path / "flat.mp4", "-an -c:v mjpeg -t 0.2")
    plain = next(decode(probe(source))).picture
    a, b, c, d = [
        (1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0),
        (-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0),
    ][matrix]  # fmt: skip
    content = bytearray(source.read_bytes())
    place = content.index(b"tkhd") + 4 + 4 + 20 + 16
    values = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]
    content[place : place + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in values)
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(content)
    height, width = plain.shape[:2]
    xs, ys = np.meshgrid(np.arange(width), np.arange(height))
    x, y = a * xs + c * ys, b * xs + d * ys
    x, y = x - x.min(), y - y.min()
    expected = np.zeros((y.max() + 1, x.max() + 1, 3), np.uint8)
    expected[y, x] = plain
    clip = probe(turned)
    assert clip.size_hw == expected.shape[:2]
    assert np.array_equal(next(decode(clip)).picture, expected)


def test_a_rate_that_no_frame_has_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "browser.webm"
    source = film(tmp_path / "source.webm", f"-an {OF_EACH_CONTAINER['webm']}")
    times = [number * 1000 // 30 + number % 3 for number in range(75)]

    def change(number: int, packet: Packet) -> Iterator[Packet]:
        packet.pts = packet.dts = times[number]
        yield packet

    rewritten(source, path, change, 1000)
    assert probe(path).rate == pytest.approx(30, abs=0.05)
    odd = tmp_path / "odd.avi"
    rewritten(film(tmp_path / "source.avi", "-an -c:v mjpeg"), odd, lambda _, p: iter([p]), 300)
    assert probe(odd).rate == 25


@pytest.mark.parametrize("kind", ["ffconcat", "hls", "dash"])
def test_a_playlist_in_disguise_opens_no_other_file(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film(tmp_path / "neighbor.mp4", "-an -c:v mjpeg -t 0.2")
    path = tmp_path / "disguised.mp4"
    path.write_text(
        {
            "ffconcat": "ffconcat version 1.0\nfile neighbor.mp4\n",
            "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nneighbor.mp4\n",
            "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
            "<AdaptationSet><Representation><BaseURL>neighbor.mp4</BaseURL></Representation>"
            "</AdaptationSet></Period></MPD>",
        }[kind]
    )
    assert main(["info", str(path)]) == 1
    assert "cannot be read as a clip" in capsys.readouterr().err


@pytest.mark.skipif(not CLIPS, reason="the shared clips are not on this machine")
@pytest.mark.parametrize("path", CLIPS, ids=lambda path: path.stem)
def test_excerpts_of_real_clips_are_frames_of_the_whole(path: Path) -> None:
    clip = probe(path)
    small_hw = tuple(max(1, side // 8) for side in clip.size_hw)
    assert len(small_hw) == 2
    whole = seen(decode(clip, size_hw=small_hw))
    begins = Fraction(str(clip.start_seconds))
    times = [pts * clip.time_base - begins for pts, _, _ in whole]
    chance = random.Random(path.stem)
    for _ in range(20):
        start = round(chance.uniform(0, float(times[-1])), 2)
        end = start + 0.2
        excerpt = seen(decode(clip, size_hw=small_hw, start_seconds=start, end_seconds=end))
        low, high = Fraction(str(start)), Fraction(str(end))
        slack = Fraction(1, 10**6)
        expected = [p for (_, _, p), t in zip(whole, times, strict=True) if low <= t + slack < high]
        assert [picture for _, _, picture in excerpt] == expected, start
