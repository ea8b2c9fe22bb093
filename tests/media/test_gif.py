"""GIF: delays that players keep, the last one, and how often it is repeated."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from helpers.clips import MakeClip
from vidnst.film.render import render
from vidnst.media.gif import loop_count, shown_ticks
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions


def paint(source: Path, style: Path, output: Path) -> Path:
    render(RenderOptions(source, style, output, painting=StyleOptions(strength=0)))
    return output


def delays(path: Path) -> list[int]:
    """Of each frame, in hundredths of a second, from the file's own bytes (GIF89a, 23)."""
    found, rest = [], path.read_bytes()
    while (at := rest.find(b"\x21\xf9\x04")) >= 0:
        if rest[at + 7] == 0 and rest[at + 8] == 0x2C:
            found.append(int.from_bytes(rest[at + 4 : at + 6], "little"))
        rest = rest[at + 3 :]
    return found


@pytest.mark.parametrize("rate", ["24", "30000/1001", "50", "60", "90", "120", "240"])
def test_delays_are_no_shorter_than_players_keep(
    rate: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    frames = round(Fraction(rate) / 2)
    source = make_clip("source.mp4", rate=rate, frames=frames)
    found = delays(paint(source, style, tmp_path / "a.gif"))
    assert min(found) >= 2
    assert abs(Fraction(sum(found), 100) - frames / Fraction(rate)) <= Fraction(1, 100)
    assert len(found) >= min(frames, 18)


def test_frames_of_a_fast_film_are_shown_at_their_times() -> None:
    seconds = [Fraction(n, 60) for n in range(60)]
    shown, last = shown_ticks(seconds, Fraction(1))
    assert all(abs(Fraction(t[0], 100) - seconds[n]) < Fraction(1, 100) for n, t in shown.items())
    assert max(shown.values())[0] + last == 100
    assert len(shown) >= 40


def test_a_frame_shown_for_an_hour_is_told_in_parts() -> None:
    shown, last = shown_ticks([Fraction(0), Fraction(3600)], Fraction(7200))
    ticks = [tick for times in shown.values() for tick in times]
    steps = [b - a for a, b in zip(ticks, [*ticks[1:], ticks[-1] + last], strict=True)]
    assert all(2 <= step <= 65_535 for step in steps)
    assert sum(steps) == 720_000
    assert shown[1][0] == 360_000


@pytest.mark.parametrize(("options", "loop"), [({}, -1), ({"loop": 0}, 0), ({"loop": 1}, 1)])
def test_last_delay_and_loop_of_a_gif_are_kept(
    options: dict[str, Any], loop: int, style: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source.gif"
    pictures = [Image.new("RGB", (64, 48), (60 * n, 90, 200 - 40 * n)) for n in range(4)]
    times = [100, 50, 200, 1500]
    pictures[0].save(source, save_all=True, append_images=pictures[1:], duration=times, **options)
    output = paint(source, style, tmp_path / "a.gif")
    assert delays(output) == [10, 5, 20, 150]
    assert loop_count(output) == loop
    with av.open(str(output)) as container:
        assert len(list(container.decode(video=0))) == 4


@pytest.mark.parametrize("name", ["a.png", "a.apng", "a.avif"])
@pytest.mark.parametrize("result", ["out.mp4", "out.gif"])
def test_an_animated_picture_becomes_a_film_of_the_same_times(
    name: str, result: str, style: Path, tmp_path: Path
) -> None:
    pictures = [Image.new("RGB", (64, 48), (60 * n, 90, 200 - 40 * n)) for n in range(4)]
    times = [100, 50, 200, 1500]
    kind = "AVIF" if name == "a.avif" else "PNG"
    pictures[0].save(
        tmp_path / name, kind, save_all=True, append_images=pictures[1:], duration=times, loop=3
    )
    output = paint(tmp_path / name, style, tmp_path / result)
    with av.open(str(output)) as container:
        frames = list(container.decode(video=0))
        shown = [frame.time for frame in frames]
        assert container.duration is not None
        end = float(container.duration / av.time_base)
    assert shown == pytest.approx([0, 0.1, 0.15, 0.35], abs=0.002)
    assert end == pytest.approx(1.85, abs=0.002)
    for frame, picture in zip(frames, pictures, strict=True):
        middle = frame.to_ndarray(format="rgb24")[24, 32].astype(int)
        assert abs(middle - picture.getpixel((32, 24))).max() < 12
    if result == "out.gif":
        assert delays(output) == [10, 5, 20, 150]
        assert loop_count(output) == (0 if name == "a.avif" else 2)  # AVIF does not say.


def test_an_animated_png_played_once_is_not_repeated(style: Path, tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (64, 48), color) for color in ("red", "blue")]
    pictures[0].save(tmp_path / "a.png", save_all=True, append_images=pictures[1:], loop=1)
    assert loop_count(paint(tmp_path / "a.png", style, tmp_path / "a.gif")) == -1


def test_other_films_are_repeated_forever(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    assert loop_count(paint(make_clip("source.mp4", frames=3), style, tmp_path / "a.gif")) == 0
