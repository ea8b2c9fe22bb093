"""What is handed over with a film: numbers and timecode, a comparison, a contact sheet."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from helpers.clips import TONE, MakeClip
from helpers.media_facts import facts
from helpers.pictures import gradient_picture
from vidnst.apps.cli.main import main
from vidnst.errors import MediaError, OutputError, UsageError
from vidnst.film.delivery.contact_sheet import chosen_frames
from vidnst.film.render import Report, render
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.pictures import read_picture
from vidnst.media.timecode import frames_of, timecode_of
from vidnst.options.output import CompareAs, DeliveryOptions, EncodeOptions, StartNumber
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions

SOURCE_ITSELF = StyleOptions(strength=0)
NTSC = Fraction(30000, 1001)
UNEVEN = (
    "-vf", "settb=1/12288,setpts='(0.3+0.04*N+0.005*N*N)/TB',geq=lum='40+14*N':cb=128:cr=128",
    "-fps_mode", "vfr", "-enc_time_base", "1/12288",
)  # fmt: skip
"""Each frame a little later after the one before, and brighter; the first is not at 0."""


def paint(source: Path, style: Path, output: Path, **options: object) -> Report:
    return render(
        RenderOptions(source=source, style=style, output=output, painting=SOURCE_ITSELF, **options)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("timecode", "rate", "frames"),
    [
        ("00:00:59;29", NTSC, 1799),
        ("00:01:00;02", NTSC, 1800),
        ("00:10:00;00", NTSC, 17982),
        ("23:59:59;29", NTSC, 2589407),
        ("00:01:00;04", Fraction(60000, 1001), 3600),
        ("01:00:00:00", NTSC, 108000),
        ("10:00:00:05", Fraction(25), 900005),
    ],
)
def test_timecode_is_counted_in_frames(timecode: str, rate: Fraction, frames: int) -> None:
    assert frames_of(timecode, rate) == frames
    assert timecode_of(frames, rate, drops=";" in timecode) == timecode


@pytest.mark.parametrize("timecode", ["00:01:00;00", "00:00:00:30", "00:60:00:00", "1:2:3", ""])
def test_what_is_no_timecode_is_refused(timecode: str) -> None:
    with pytest.raises(MediaError, match="is no timecode of"):
        frames_of(timecode, NTSC)


@pytest.mark.parametrize("ending", ["mov", "mp4", "mkv"])
def test_timecode_is_kept_and_moves_with_an_excerpt(
    ending: str, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.mov", "-timecode", "01:00:59;28", rate="30000/1001")
    assert probe(source).timecode == "01:00:59;28"
    paint(source, style, tmp_path / f"whole.{ending}")
    assert probe(tmp_path / f"whole.{ending}").timecode == "01:00:59;28"
    paint(source, style, tmp_path / f"part.{ending}", start_seconds=0.1)
    assert probe(tmp_path / f"part.{ending}").timecode == "01:01:00;03"


@pytest.mark.parametrize(
    ("start_number", "start_seconds", "first"),
    [(1001, None, 1001), (0, None, 0), ("timecode", None, 107999), ("timecode", 0.1, 108002)],
)
def test_pictures_are_numbered_as_asked(
    start_number: StartNumber,
    start_seconds: float | None,
    first: int,
    make_clip: MakeClip,
    style: Path,
    tmp_path: Path,
) -> None:
    source = make_clip("source.mov", "-timecode", "01:00:03;17", rate="30000/1001", frames=6)
    delivery = DeliveryOptions(start_number=start_number)
    output = tmp_path / "out" / "%06d.png"
    paint(source, style, output, delivery=delivery, start_seconds=start_seconds)
    assert min(path.name for path in output.parent.iterdir()) == f"{first:06d}.png"


@pytest.mark.parametrize(
    ("ending", "pix_fmt", "dtype"),
    [
        ("png", "rgb48be", np.uint16),
        ("tif", None, np.uint8),
        ("tif", "rgb48le", np.uint16),
        ("tiff", None, np.uint8),
    ],
)
def test_numbered_pictures_of_any_kind_go_in_and_out(
    ending: str, pix_fmt: str | None, dtype: type, style: Path, tmp_path: Path
) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    picture = gradient_picture(48, 64)
    deep: np.ndarray = picture[:, :, ::-1].astype(dtype) * (257 if dtype is np.uint16 else 1)
    for number in range(1000, 1004):
        cv2.imwrite(str(frames / f"shot_{number}.{ending}"), deep)
    render(RenderOptions(frames, style, painting=SOURCE_ITSELF))
    kept = tmp_path / f"frames_{style.stem}" / f"001000.{ending}"
    assert np.abs(read_picture(kept).astype(int) - picture).max() <= (dtype is np.uint16)
    output = tmp_path / "out" / f"%04d.{ending}"
    paint(
        frames / f"shot_%04d.{ending}",
        style,
        output,
        encoding=EncodeOptions(pix_fmt=pix_fmt),
        start_seconds=0.08,
    )
    names = sorted(path.name for path in output.parent.iterdir())
    assert names == [f"1002.{ending}", f"1003.{ending}"], "each picture keeps its number"
    written = cv2.imread(str(output.parent / names[0]), cv2.IMREAD_UNCHANGED)
    assert written is not None
    assert written.dtype == dtype
    assert np.abs(written.astype(int) - deep).max() <= (257 if dtype is np.uint16 else 0)
    assert written.max() == np.iinfo(dtype).max


def test_still_tiffs_go_in_and_out(style: Path, tmp_path: Path) -> None:
    picture = gradient_picture(48, 64)
    cv2.imwrite(str(tmp_path / "photo.tif"), picture[:, :, ::-1].astype(np.uint16) * 257)
    report = render(RenderOptions(tmp_path / "photo.tif", style, painting=SOURCE_ITSELF))
    assert report.output.suffix == ".tif"
    assert np.array_equal(read_picture(report.output), picture)


@pytest.mark.parametrize(
    ("result", "ending", "how"),
    [
        ("mp4", "mp4", "side"),
        ("mkv", "webm", "split"),
        ("gif", "mkv", "side"),
        ("mov", "mov", "split"),
    ],
)
def test_a_comparison_shows_each_frame_beside_its_source(
    result: str, ending: str, how: CompareAs, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.mp4", *UNEVEN, inputs=TONE)
    output, target = tmp_path / f"out.{result}", tmp_path / f"both.{ending}"
    paint(source, style, output, delivery=DeliveryOptions(compare=target, compare_as=how))
    film, both = facts(output), facts(target)
    assert both.size_hw == ((64, 192) if how == "side" else (64, 96))
    assert both.audio == ([] if result == "gif" else ["opus" if ending == "webm" else "aac"])
    assert both.frame_count == film.frame_count == 12
    for there, here in zip(both.pts_seconds, film.pts_seconds, strict=True):
        assert abs(there - here) <= Fraction(1, 1000)
    for frame in decode(probe(target)):
        left, right = np.split(frame.picture[:40].astype(int), 2, axis=1)
        assert abs(left[:, :-4].mean() - right[:, 4:].mean()) < 3, "the next is brighter by 16"


def test_an_excerpt_is_compared_at_its_own_times(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.mp4", *UNEVEN, inputs=TONE)
    target = tmp_path / "both.mkv"
    paint(
        source,
        style,
        tmp_path / "out.mov",
        delivery=DeliveryOptions(compare=target),
        encoding=EncodeOptions("prores4444"),
        size="32",
        start_seconds=0.41,
        end_seconds=0.9,
    )
    assert facts(target).frame_count == facts(tmp_path / "out.mov").frame_count == 5
    for frame in decode(probe(target)):
        left, right = np.split(frame.picture[:16].astype(int), 2, axis=1)
        assert abs(left.mean() - right.mean()) < 3


def test_a_contact_sheet_shows_every_shot(make_clip: MakeClip, style: Path, tmp_path: Path) -> None:
    colors = (
        "geq=lum='60*floor(N/8)+40':cb='128+60*mod(floor(N/8),2)':cr='188-60*mod(floor(N/8),2)'"
    )
    source = make_clip("source.mp4", "-vf", colors, frames=24)
    sheet = tmp_path / "sheet.png"
    paint(source, style, tmp_path / "out.mp4", delivery=DeliveryOptions(contact_sheet=sheet))
    tiles = read_picture(sheet)
    shown = {tuple(tiles[100, x]) for x in range(160, tiles.shape[1], 326)}
    shown |= {tuple(tiles[-100, x]) for x in range(160, tiles.shape[1], 326)}
    assert len([color for color in shown if max(color) > 8]) == 3


def test_a_contact_sheet_is_never_crowded() -> None:
    assert chosen_frames([0, 10, 30], 50) == {5, 20, 40}
    assert len(chosen_frames(list(range(0, 1000, 10)), 1000)) == 20
    assert len(chosen_frames([0], 1000)) == 12
    assert chosen_frames([0], 2) == {0, 1}


@pytest.mark.parametrize(
    ("output", "delivery", "message"),
    [
        ("out.mp4", {"start_number": 5}, "`start_number` is for numbered pictures"),
        ("o/%03d.png", {"start_number": "timecode"}, "has no timecode"),
        ("o/%03d.png", {"compare": "both.mp4"}, "pictures without"),
        ("out.mp4", {"compare": "both.gif"}, "name a film"),
        ("out.mp4", {"compare": "both.png"}, "no container has the ending"),
        ("out.mp4", {"compare": "out.mp4"}, "is asked for twice"),
        ("out.mp4", {"compare": "nowhere/both.mp4"}, "does not exist"),
        ("out.mp4", {"compare": "source.mp4"}, "is the source itself"),
        ("out.mp4", {"contact_sheet": "style.png"}, "exists already"),
        ("out.mp4", {"contact_sheet": "nowhere/sheet.png"}, "does not exist"),
    ],
)
def test_what_cannot_be_delivered_is_told_before_work_begins(
    output: str,
    delivery: dict[str, object],
    message: str,
    make_clip: MakeClip,
    style: Path,
    tmp_path: Path,
) -> None:
    source = make_clip("source.mp4", frames=2)
    (tmp_path / "style.png").write_bytes(b"there")
    wanted = {k: tmp_path / v if "." in str(v) else v for k, v in delivery.items()}  # type: ignore[operator]
    before = set(tmp_path.rglob("*"))
    with pytest.raises((UsageError, OutputError), match=message):
        paint(source, style, tmp_path / output, delivery=DeliveryOptions(**wanted))  # type: ignore[arg-type]
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.mp4", "--start-number", "first"], "must be a number or timecode"),
        (["a.mp4", "--start-number", "9999999999"], "must lie in 0..999999999"),
        (["a.mp4", "--compare-as", "split"], "--compare-as is for --compare"),
        (["a.mp4", "--contact-sheet", "sheet.jpg"], "is a .png"),
        (["photo.png", "--contact-sheet", "sheet.png"], "no meaning for a still picture"),
        (["photo.png", "--start-number", "3"], "no meaning for a still picture"),
    ],
)
def test_contradicting_flags_are_bad_usage(
    arguments: list[str],
    message: str,
    photo: Path,
    style: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(photo.parent)
    assert main([*arguments, "--style", str(style)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_flags_reach_what_they_name(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip("source.mp4", frames=3)
    arguments = [
        str(source), "--style", str(style), "--quiet", "-o", str(tmp_path / "out.mov"),
        "--codec", "prores", "--compare", str(tmp_path / "both.mp4"), "--compare-as", "split",
        "--contact-sheet", str(tmp_path / "sheet.png"),
    ]  # fmt: skip
    assert main(arguments) == 0
    with av.open(str(tmp_path / "both.mp4")) as container:
        assert container.streams.video[0].width == 96
    assert read_picture(tmp_path / "sheet.png").shape[1] > 320
    assert not list(tmp_path.glob(".vidnst-*"))
