"""What film people take away: editors' codecs, transparency, numbered pictures, timecode."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from helpers.clips import TONE, MakeClip
from helpers.media_facts import facts
from helpers.pictures import gradient_picture
from vidnst.errors import UsageError
from vidnst.film.render import Report, render
from vidnst.frames.frame import Picture
from vidnst.media.alpha import continued
from vidnst.media.clip import probe
from vidnst.media.color import BT709, from_rgb
from vidnst.media.containers import choose_encoding
from vidnst.media.decode import decode
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions

SOURCE_ITSELF = StyleOptions(strength=0)
DISC = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*lt(hypot(X-48,Y-32),24)'"


def paint(source: Path, style: Path, output: Path, **options: object) -> Report:
    return render(RenderOptions(source=source, style=style, output=output, **options))  # type: ignore[arg-type]


def coded(path: Path) -> tuple[str | None, str, str]:
    """Profile, the container's tag for the codec, and pixel format."""
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        return context.profile, context.codec_tag, next(container.decode(video=0)).format.name


def pixels_of(path: Path, pixel_format: str) -> np.ndarray:
    """The first frame as FFmpeg converts it, BT.709."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.reformat(
            format=pixel_format, src_colorspace=1, src_color_range=1, dst_color_range=2
        ).to_ndarray()


@pytest.mark.parametrize(
    ("ending", "codec", "pix_fmt", "expected"),
    [
        ("mov", "prores", None, ("HQ", "apch", "yuv422p10le")),
        ("mkv", "prores", None, ("HQ", "apch", "yuv422p10le")),
        ("mov", "prores4444", None, ("4444", "ap4h", "yuva444p12le")),
        ("mov", "dnxhr", None, ("DNXHR HQ", "AVdh", "yuv422p")),
        ("mov", "dnxhr", "yuv422p10le", ("DNXHR HQX", "AVdh", "yuv422p10le")),
        ("mp4", "h265", "yuv420p10le", ("Main 10", "hvc1", "yuv420p10le")),
        ("mov", "h265", None, ("Main", "hvc1", "yuv420p")),
        ("mp4", "av1", "yuv420p10le", ("Main", "av01", "yuv420p10le")),
        ("mp4", "vp9", None, ("Profile 0", "vp09", "yuv420p")),
    ],
)
def test_codecs_are_what_they_are_called(
    ending: str,
    codec: str,
    pix_fmt: str | None,
    expected: tuple[str, str, str],
    make_clip: MakeClip,
    style: Path,
    tmp_path: Path,
) -> None:
    filters = (
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,"
        "setparams=color_primaries=bt709:color_trc=bt709"
    )
    source = make_clip("source.mp4", "-vf", filters, size="256x144", frames=3, inputs=TONE)
    output = tmp_path / f"out.{ending}"
    encoding = EncodeOptions(codec, pix_fmt=pix_fmt)
    paint(source, style, output, painting=SOURCE_ITSELF, encoding=encoding)
    assert coded(output) == expected
    result = facts(output)
    assert result.frame_count == 3
    assert (result.matrix, result.primaries, result.transfer) == (1, 1, 1)
    assert result.audio == ["aac"]
    difference = pixels_of(output, "rgb24").astype(int) - pixels_of(source, "rgb24")
    assert np.abs(difference).mean() < 5


def exact_yuv(picture: Picture, bits: int) -> np.ndarray:
    """ITU-R BT.709, limited range, unrounded: (3, H, W)."""
    r, g, b = np.moveaxis(picture / 255, -1, 0)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    levels = 219 * luma + 16, 224 * (b - luma) / 1.8556 + 128, 224 * (r - luma) / 1.5748 + 128
    return np.stack(levels) * 2.0 ** (bits - 8)


def test_eight_bits_become_ten_without_loss() -> None:
    picture = gradient_picture(64, 96)
    frame = from_rgb(picture, "yuv444p10le", BT709)
    planes = [np.frombuffer(bytes(p), np.uint16).reshape(64, -1)[:, :96] for p in frame.planes]
    error = np.stack(planes) - exact_yuv(picture, 10)
    # Rounding alone is a quarter on average.
    assert np.abs(error).mean() < 0.27
    assert np.abs(error).max() < 0.6
    deep = from_rgb(picture, "rgb48be", BT709).to_ndarray()
    assert np.array_equal(deep, picture.astype(np.uint16) * 257)
    assert from_rgb(picture, "gbrp10le", BT709).to_ndarray().max() == 1023


def test_full_range_prores_keeps_its_contrast(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    full = "scale=out_range=full:out_color_matrix=bt709,format=yuv444p"
    source = make_clip(
        "full.mkv", "-vf", full, "-c:v", "ffv1", "-color_range", "pc", "-colorspace", "bt709",
        frames=2,
    )  # fmt: skip
    output = tmp_path / "out.mov"
    paint(source, style, output, painting=SOURCE_ITSELF, encoding=EncodeOptions("prores"))
    there, expected = (next(decode(probe(path))).picture for path in (output, source))
    assert np.median(np.abs(there.astype(int) - expected)) <= 2


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size_hw", "message"),
    [
        ("a.mp4", "h264", "yuva420p", (64, 96), "cannot hold transparency"),
        ("a.mov", "prores", "rgba", (64, 96), "cannot hold transparency"),
        ("a.mov", "prores4444", "yuv422p10le", (64, 96), "it takes yuv444p10le, yuva444p10le"),
        ("a.mp4", "prores", None, (64, 96), "cannot hold prores"),
        ("a.mov", "dnxhr", None, (64, 96), "needs 256x120 pixels or more, not 96x64"),
        ("%04d.png", None, "gray", (64, 96), "png cannot encode"),
        ("%04d.jpg", None, None, (64, 96), "numbered pictures are written as"),
        ("a.mp4", "h265", "yuv999", (64, 96), "pixel format 'yuv999'"),
    ],
)
def test_what_no_codec_holds_is_refused(
    name: str, codec: str | None, pix_fmt: str | None, size_hw: tuple[int, int], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        choose_encoding(Path(name), EncodeOptions(codec, pix_fmt=pix_fmt), size_hw)


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc"])
def test_graphics_card_encoders_work_or_say_what_they_need(codec: str) -> None:
    try:
        told = choose_encoding(Path("a.mp4"), EncodeOptions(codec), (64, 96)).codec
    except UsageError as error:
        told = str(error)
    assert told == codec or "NVIDIA graphics card" in told or "no encoder named" in told


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("out.mov", EncodeOptions("prores4444")),
        ("out.mkv", EncodeOptions("ffv1")),
        ("out/%03d.png", EncodeOptions()),
        ("out/%03d.png", EncodeOptions(pix_fmt="rgba64be")),
        ("out/%03d.tif", EncodeOptions()),
        ("out/%03d.dpx", EncodeOptions()),
    ],
)
def test_transparency_is_kept(
    name: str, encoding: EncodeOptions, make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    source = make_clip("source.mov", "-vf", DISC, "-c:v", "qtrle", frames=2)
    output = tmp_path / name
    paint(source, style, output, encoding=encoding)
    first = output.parent / "001" if "%" in name else output
    first = first.with_suffix(output.suffix)
    alpha, expected = (pixels_of(path, "rgba")[:, :, 3] for path in (first, source))
    assert np.array_equal(alpha, expected)
    assert set(np.unique(alpha)) == {0, 255}


def test_transparent_parts_take_the_colors_around_before_painting() -> None:
    picture = gradient_picture(64, 96)
    alpha = np.zeros((64, 96), np.uint8)
    alpha[16:48, 24:72] = 255
    alpha[28:36, 40:56] = 60
    hidden = np.where(alpha[:, :, None] > 0, picture, 0)
    hidden[16], alpha[16, 24:72] = 0, 128  # an edge with black in it
    filled = continued(hidden, alpha)
    seen = alpha > 0
    seen[16] = False
    assert np.array_equal(filled[seen], picture[seen]), "translucent parts inside stay"
    assert np.abs(filled[16, 30:66].astype(int) - picture[17, 30:66]).mean() < 12
    # Right of the edge it goes on as it was there.
    beside = filled[20:44, 72].astype(int) - filled[20:44, 71]
    assert np.abs(beside).mean() < 24
    assert filled.min(axis=2)[alpha == 0].max() > 0
    unseen = np.zeros_like(alpha)
    assert np.array_equal(continued(hidden, unseen), hidden)


def test_painted_edges_are_not_darkened_by_what_is_transparent(
    make_clip: MakeClip, style: Path, tmp_path: Path
) -> None:
    # The same film with black and with its own colors where nobody sees them.
    black = DISC.replace("'r(X,Y)'", "'r(X,Y)*lt(hypot(X-48,Y-32),24)'").replace(
        "'g(X,Y)'", "'g(X,Y)*lt(hypot(X-48,Y-32),24)'"
    )
    pictures = []
    for name, filters in (("own", DISC), ("black", black)):
        source = make_clip(f"{name}.mov", "-vf", filters, "-c:v", "qtrle", frames=1)
        paint(source, style, tmp_path / name / "%03d.png")
        picture = cv2.imread(str(tmp_path / name / "001.png"), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        pictures.append(picture)
    assert np.array_equal(pictures[0], pictures[1])
