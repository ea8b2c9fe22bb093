"""Sound of all kinds: kept, brought to what the container takes, or told to be left out."""

from pathlib import Path

import av
import pytest

from helpers.clips import MakeClip
from helpers.media_facts import facts
from vidnst.film.render import Progress, render
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions


def paint(source: Path, style: Path, output: Path, **options: object) -> list[str]:
    """Paint, and return what was told before the first frame was done."""
    notes: list[str] = []

    def listen(progress: Progress) -> None:
        if progress.notes:
            assert progress.frames_done == 0
            notes.extend(progress.notes)

    plain = StyleOptions(strength=0)
    render(RenderOptions(source, style, output, painting=plain, **options), on_progress=listen)  # type: ignore[arg-type]
    return notes


def sine(layout: str, rate: int = 48_000, seconds: float = 1) -> tuple[str, ...]:
    tone = f"sine=sample_rate={rate}:duration={seconds},aformat=channel_layouts={layout}"
    return ("-f", "lavfi", "-i", tone)


@pytest.mark.parametrize("ending", ["mkv", "mp4", "webm", "mov"])
@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("s.mov", "adpcm_ima_qt", 44_100), ("s.flv", "nellymoser", 22_050), ("s.mp4", "aac", 7350),
        ("s.avi", "adpcm_ms", 11_025), ("s.mkv", "pcm_f64le", 192_000), ("s.avi", "mp3", 8000),
    ],
)  # fmt: skip
def test_sound_that_no_container_holds_is_transcoded(
    name: str, codec: str, rate: int, ending: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip(name, "-c:a", codec, inputs=sine("mono", rate), frames=6)
    assert paint(source, style, tmp_path / f"a.{ending}") == []
    result = facts(tmp_path / f"a.{ending}")
    assert len(result.audio) == 1
    assert result.frame_count == 6


@pytest.mark.parametrize("ending", ["webm", "mp4"])
@pytest.mark.parametrize(
    "layout",
    ["5.1(side)", "5.0(side)", "quad(side)", "2.1", "7.1(wide)", "6.1", "4.1", "hexadecagonal"],
)
def test_channels_are_brought_to_a_layout_that_the_encoder_takes(
    layout: str, ending: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("s.mov", "-c:a", "pcm_s24le", inputs=sine(layout), frames=3)
    paint(source, style, tmp_path / f"a.{ending}")
    with av.open(str(tmp_path / f"a.{ending}")) as container:
        heard = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert heard == pytest.approx(1, abs=0.1)


def test_sound_without_anything_in_the_excerpt_is_left_out(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("s.mkv", "-c:a", "aac", inputs=sine("mono", seconds=0.3), frames=24)
    for ending in ("webm", "mp4", "mkv"):
        paint(source, style, tmp_path / f"a.{ending}", start_seconds=1.2)
        assert facts(tmp_path / f"a.{ending}").frame_count == 9


def test_sound_that_cannot_be_decoded_is_told_and_left_out(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("s.mov", "-c:a", "adpcm_ima_qt", inputs=sine("mono"), frames=6)
    data = source.read_bytes()
    assert data.count(b"ima4") == 1
    source.write_bytes(data.replace(b"ima4", b"xyz4"))
    notes = paint(source, style, tmp_path / "a.mp4")
    assert len(notes) == 1
    assert "it is left out" in notes[0]
    assert facts(tmp_path / "a.mp4").audio == []
