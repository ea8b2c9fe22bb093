"""Sound stays with its picture: flashes and beeps at the same times, in every container."""

from pathlib import Path

import av
import numpy as np
import pytest

from helpers.odd_films import OF_EACH_CONTAINER, film, with_moved_clock
from vidnst.film.render import render
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions

FRAME_SECONDS = 0.04
FLASHES = (0.4, 1.52, 2.4)
"""When there is light and sound, for a frame each, in three seconds of black in silence."""
SOUNDING = {name: told for name, told in OF_EACH_CONTAINER.items() if "-c:a" in told}
WRITTEN = ("mp4", "m4v", "mov", "mkv", "webm")
JOINED = {"ts": 3, "mpg": 3, "mkv": 2, "webm": 2}
"""As many parts as ffmpeg reads."""


def flashing(path: Path, told: str) -> Path:
    light = "+".join(f"between(t,{t - 0.01},{t + 0.03})" for t in FLASHES)
    tone = "+".join(f"between(t,{t},{t + FRAME_SECONDS})" for t in FLASHES)
    return film(
        path,
        told,
        f"color=black:size=96x64:rate=25:duration=3,drawbox=color=white:t=fill:enable='{light}'",
        f"aevalsrc='sin(6283*t)*({tone})':sample_rate=44100:duration=3",
    )


def painted(
    source: Path,
    style: Path,
    output: Path,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
) -> Path:
    asked = RenderOptions(
        source,
        style,
        output,
        painting=StyleOptions(strength=0),
        encoding=EncodeOptions(preset=None if output.suffix == ".webm" else "ultrafast"),
        start_seconds=start_seconds,
        end_seconds=end_seconds,
    )
    render(asked)
    return output


def flashes_seconds(path: Path) -> list[float]:
    """By the file's own clock."""
    clip = probe(path)
    light = [(float(f.pts * f.time_base), f.picture.mean()) for f in decode(clip)]
    before = [0.0, *(level for _, level in light)]
    return [t for (t, now), old in zip(light, before, strict=False) if now > 150 >= old]


def beeps_seconds(path: Path) -> list[float]:
    """By the file's own clock."""
    with av.open(str(path)) as container:
        until = 0.0
        heard = []
        for frame in container.decode(audio=0):
            begins = until if frame.time is None else frame.time
            until = begins + frame.samples / frame.sample_rate
            volume = np.abs(frame.to_ndarray().astype(np.float64)).max(0)
            if not frame.format.is_planar:
                volume = volume.reshape(-1, frame.layout.nb_channels).max(1)
            heard.append((begins, frame.sample_rate, volume))
    loudest = max(volume.max() for _, _, volume in heard)
    loud = [b + n / rate for b, rate, v in heard for n in np.flatnonzero(v > loudest / 3)]
    return [now for now, old in zip(loud, [-1.0, *loud], strict=False) if now > old + 0.2]


def assert_together(path: Path, count: int, *, lateness: float = 0.0) -> None:
    """That so many flashes have each its beep, less than half a frame away.

    lateness: of the source's own sound, in seconds.
    """
    light, sound = flashes_seconds(path), beeps_seconds(path)
    assert len(light) == len(sound) == count
    # AVI, entered in the middle, tells of sound to the nearest dozen milliseconds.
    np.testing.assert_allclose(np.subtract(sound, light) - lateness, 0, atol=0.015)


@pytest.mark.parametrize("ending", SOUNDING)
def test_sound_of_each_container_stays_with_its_picture(
    ending: str, style: Path, tmp_path: Path
) -> None:
    source = flashing(tmp_path / f"film.{ending}", SOUNDING[ending])
    own = float(np.mean(np.subtract(beeps_seconds(source), flashes_seconds(source))))
    assert abs(own) < FRAME_SECONDS / 2
    kept = ending if ending in WRITTEN else "mkv"
    for start, end, count in ((None, None, 3), (0.5, None, 2), (1.301, 2.2, 1)):
        output = painted(source, style, tmp_path / f"from {start}.{kept}", start, end)
        assert_together(output, count, lateness=own)


@pytest.mark.parametrize("ending", WRITTEN)
def test_sound_stays_with_its_picture_in_each_result(
    ending: str, style: Path, tmp_path: Path
) -> None:
    source = flashing(tmp_path / "film.ts", SOUNDING["ts"])
    for start, count in ((None, 3), (0.913, 2)):
        assert_together(painted(source, style, tmp_path / f"{start}.{ending}", start), count)


@pytest.mark.parametrize("ending", JOINED)
def test_sound_of_joined_films_stays_with_its_picture(
    ending: str, style: Path, tmp_path: Path
) -> None:
    once = flashing(tmp_path / f"once.{ending}", SOUNDING[ending])
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(JOINED[ending] * once.read_bytes())
    last = 3 * (JOINED[ending] - 1) + 0.2
    for start, end, count, result in (
        (None, 5.5, 6, "mkv"), (0.9, 2.9, 2, "mp4"), (2.0, 5.0, 3, "mp4"), (last, None, 3, "webm"),
    ):  # fmt: skip
        output = painted(joined, style, tmp_path / f"from {start}.{result}", start, end)
        assert_together(output, count)


@pytest.mark.parametrize("codec", ["truehd", "eac3", "pcm_bluray", "dca"])
def test_sound_of_joined_broadcasts_is_kept_as_what_it_is(
    codec: str, style: Path, tmp_path: Path
) -> None:
    once = flashing(
        tmp_path / "once.m2ts", f"-c:v mpeg2video -c:a {codec} -strict -2 -ar 48000 -ac 2"
    )
    joined = tmp_path / "joined.m2ts"
    joined.write_bytes(2 * once.read_bytes())
    output = painted(joined, style, tmp_path / "out.mkv", 2.0)
    assert_together(output, 4)
    kept = {"pcm_bluray": "aac", "dca": "dts"}.get(codec, codec)  # Matroska has no pcm_bluray.
    assert probe(output).audio == (kept,)


def test_sound_that_pauses_for_long_stays_with_its_picture(style: Path, tmp_path: Path) -> None:
    beeping = "aevalsrc='sin(6283*t)*(between(t,0.4,0.44)+between(t,14.4,14.44))':duration=15"
    flash = "drawbox=color=white:t=fill:enable='between(t,0.39,0.43)+between(t,14.39,14.43)'"
    dark = "color=black:size=96x64:rate=25:duration=15"
    told = "-c:v libx264 -preset ultrafast -g 25 -c:a mp2"
    whole = film(tmp_path / "whole.ts", told, f"{dark},{flash}", beeping)
    path = tmp_path / "pausing.ts"
    with av.open(str(whole)) as old, av.open(str(path), "w") as new:
        copies = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if not packet.size:
                continue
            if packet.stream.type == "audio":
                assert packet.pts is not None
                if 2.4 < packet.pts * packet.time_base < 15.4:
                    continue
            packet.stream = copies[packet.stream.index]
            new.mux(packet)
    assert_together(painted(path, style, tmp_path / "out.mkv"), 2)


@pytest.mark.parametrize("by_seconds", [-1.4, 20])
def test_sound_stays_with_its_picture_where_a_senders_clock_jumps(
    by_seconds: float, style: Path, tmp_path: Path
) -> None:
    told = "-c:v libx264 -preset veryfast -g 20 -bf 2 -c:a mp2"
    once = flashing(tmp_path / "once.ts", told)
    path = with_moved_clock(once, tmp_path / "jumps.ts", at_seconds=3, by_seconds=by_seconds)
    for start, count in ((None, 3), (0.9, 2), (2.1, 1)):
        assert_together(painted(path, style, tmp_path / f"{start}.mkv", start), count)
