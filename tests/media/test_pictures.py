"""Still pictures as they come: every kind of file is read upright, opaque and in sRGB."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

import vidnst
from helpers.jpeg12 import jpeg12
from helpers.pictures import gradient_picture
from vidnst.apps.cli.main import main
from vidnst.errors import MediaError
from vidnst.media.pictures import notes_on, read_picture, write_picture

TURNS = {
    1: lambda p: p, 2: lambda p: p[:, ::-1], 3: lambda p: p[::-1, ::-1], 4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2), 6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2), 8: lambda p: np.rot90(p, -1),
}  # fmt: skip
"""How an upright picture is stored, by EXIF orientation."""


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "rgb.png", "rgba.png", "a.webp", "a.tif"])
def test_a_turned_picture_is_read_upright(tmp_path: Path, name: str, orientation: int) -> None:
    upright = gradient_picture(48, 80)
    image = Image.fromarray(np.ascontiguousarray(TURNS[orientation](upright)))
    if name == "rgba.png":
        image.putalpha(255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / name, exif=exif, quality=95)
    read = read_picture(tmp_path / name).astype(int)
    assert read.shape == upright.shape
    assert np.abs(read - upright).mean() < 6


def bmp_of_32_bits(picture: np.ndarray, fourth: int) -> bytes:
    """A BMP of version 3 without a mask, whose fourth byte means nothing."""
    height, width = picture.shape[:2]
    pixels = np.dstack([picture[::-1, :, ::-1], np.full((height, width), fourth, np.uint8)])
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 32, 0, pixels.size, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + pixels.size, 0, 0, 54) + info + pixels.tobytes()


def tga_of_32_bits(picture: np.ndarray, fourth: int) -> bytes:
    height, width = picture.shape[:2]
    pixels = np.dstack([picture[:, :, ::-1], np.full((height, width), fourth, np.uint8)])
    return struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, width, height, 32, 0x20) + (
        pixels.tobytes()
    )


@pytest.mark.parametrize("fourth", [0, 7, 255])
@pytest.mark.parametrize("make", [bmp_of_32_bits, tga_of_32_bits])
def test_a_fourth_byte_that_means_nothing_is_passed_over(
    tmp_path: Path, make: Callable[[np.ndarray, int], bytes], fourth: int
) -> None:
    picture = gradient_picture(20, 30)
    (tmp_path / "a.bmp").write_bytes(make(picture, fourth))
    assert np.array_equal(read_picture(tmp_path / "a.bmp"), picture)


def wide_profile(gamma: bool = False) -> bytes:
    """The profile of sRGB with red and green exchanged, so that what it says is plain to see."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("name", ["a.png", "rgba.png", "a.jpg", "a.webp", "a.tif"])
def test_a_profile_is_converted_to_srgb(tmp_path: Path, name: str) -> None:
    image = Image.new("RGBA" if name == "rgba.png" else "RGB", (32, 32), (200, 40, 90))
    image.save(tmp_path / name, icc_profile=wide_profile(), quality=95)
    read = read_picture(tmp_path / name)[16, 16].astype(int)
    assert np.abs(read - (40, 200, 90)).max() <= 3


def test_a_damaged_profile_is_passed_over(tmp_path: Path) -> None:
    Image.fromarray(gradient_picture(20, 30)).save(tmp_path / "a.png", icc_profile=b"nonsense")
    assert np.array_equal(read_picture(tmp_path / "a.png"), gradient_picture(20, 30))


def test_floats_in_a_tiff_are_read(tmp_path: Path) -> None:
    picture = gradient_picture(20, 30)
    cv2.imwrite(str(tmp_path / "a.tif"), picture[:, :, ::-1].astype(np.float32) / 255)
    assert np.array_equal(read_picture(tmp_path / "a.tif"), picture)


def test_run_lengths_in_a_bmp_are_read(tmp_path: Path) -> None:
    rows = b"\x04\x01\x00\x00" + b"\x04\x00\x00\x00" + b"\x00\x01"
    palette = bytes((10, 20, 30, 0, 40, 50, 60, 0))
    info = struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 8, 1, len(rows), 0, 0, 2, 0)
    header = b"BM" + struct.pack("<IHHI", 62 + len(rows), 0, 0, 62)
    (tmp_path / "a.bmp").write_bytes(header + info + palette + rows)
    read = read_picture(tmp_path / "a.bmp")
    assert read[0, 0].tolist() == [30, 20, 10]
    assert read[1, 3].tolist() == [60, 50, 40]


def segments_of(image: Image.Image, **told: object) -> bytes:
    """What Pillow writes into a JPEG before its tables, without its own JFIF."""
    data = BytesIO()
    image.save(data, "jpeg", **told)
    whole, place, found = data.getvalue(), 2, b""
    while (marker := whole[place + 1]) != 0xDB:
        end = place + 2 + int.from_bytes(whole[place + 2 : place + 4], "big")
        found += whole[place:end] if marker != 0xE0 else b""
        place = end
    return found


@pytest.mark.parametrize("components", [1, 3])
def test_a_jpeg_of_12_bits_is_read(tmp_path: Path, components: int) -> None:
    y, x = np.mgrid[:48, :80]
    planes = [x * 45 + y * 8, 2048 + y * 20, 2048 - x * 10][:components]
    (tmp_path / "a.jpg").write_bytes(jpeg12(planes))
    light, blue, red = [*(plane / 16 for plane in planes), 128.0, 128.0][:3]
    light, blue, red = (np.broadcast_to(each, (48, 80)) for each in (light, blue, red))
    blue, red = blue - 128, red - 128
    wanted = [light + 1.402 * red, light - 0.344136 * blue - 0.714136 * red, light + 1.772 * blue]
    assert np.abs(read_picture(tmp_path / "a.jpg") - np.dstack(wanted).clip(0, 255)).max() <= 2


def test_a_jpeg_of_12_bits_is_read_upright_and_in_its_profile(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    segments = segments_of(Image.new("RGB", (8, 8)), exif=exif, icc_profile=wide_profile())
    y, _ = np.mgrid[:48, :80]
    light = 1000 + y * 20
    (tmp_path / "a.jpg").write_bytes(jpeg12([light, 0 * y + 2048, 0 * y + 3000], segments))
    read = read_picture(tmp_path / "a.jpg").astype(int)
    assert read.shape == (80, 48, 3)
    red, green, _ = read[40, 24]
    assert green > red + 60, "the profile exchanges red and green"
    assert read[40, 4, 1] > read[40, 44, 1] + 20, "the top row is the rightmost column"


def test_a_jpeg_of_12_bits_that_cannot_be_read_is_refused_with_its_reason(tmp_path: Path) -> None:
    whole = jpeg12([np.full((16, 16), 99)])
    arithmetic = whole.replace(b"\xff\xc1", b"\xff\xc9")
    for data in (arithmetic, whole[: whole.index(b"\xff\xda")]):
        (tmp_path / "a.jpg").write_bytes(data)
        with pytest.raises(MediaError, match="12 bits"):
            read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.avif", "a.gif"])
def test_of_an_animation_the_first_picture_is_taken_and_told(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    first.save(tmp_path / name, save_all=True, append_images=[second])
    red, _, blue = read_picture(tmp_path / name)[16, 16]
    assert red > 200
    assert blue < 60
    (note,) = notes_on([tmp_path / name])
    assert "holds 2 pictures: the first is taken" in note


def test_pictures_that_no_film_can_be_made_of_are_told(
    style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    first.save(tmp_path / "a.webp", save_all=True, append_images=[second])
    arguments = [str(tmp_path / "a.webp"), "--style", str(style), "--strength", "0"]
    assert main([*arguments, "-o", str(tmp_path / "a.mp4")]) == 2
    assert "of its 2 pictures only the first can be painted" in capsys.readouterr().err
    assert main(arguments) == 0
    assert "holds 2 pictures: the first is taken" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.webp", f"a_{style.stem}.webp"]


@pytest.mark.parametrize("damage", ["cut", "bytes"])
def test_a_damaged_jpeg_says_nothing_under_quiet(
    style: Path, tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = BytesIO()
    Image.fromarray(gradient_picture(64, 96)).save(data, "jpeg", quality=95)
    jpeg = data.getvalue()
    cut = jpeg[: len(jpeg) * 2 // 3]
    (tmp_path / "a.jpg").write_bytes(cut if damage == "cut" else jpeg[:-2] + b"xyz" + jpeg[-2:])
    arguments = [str(tmp_path / "a.jpg"), "--style", str(tmp_path / "a.jpg"), "--quiet"]
    assert main([*arguments, "--strength", "0", "-o", str(tmp_path / "b.png")]) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.numeric
@pytest.mark.parametrize("size_hw", [(64, 96), (100, 100), (240, 320)])
@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 30, 30)])
def test_a_picture_of_one_color_gets_the_styles_and_its_noise_makes_no_strokes(
    style: Path, color: tuple[int, int, int], size_hw: tuple[int, int]
) -> None:
    flat = np.full((*size_hw, 3), color, np.uint8)
    noisy = flat + np.random.default_rng(0).integers(-2, 3, flat.shape)
    stylizer = vidnst.Stylizer(style)
    painted = stylizer.paint(flat).astype(int)
    wanted = read_picture(style).reshape(-1, 3)
    assert (np.abs(painted.mean((0, 1)) - wanted.mean(0)) < wanted.std(0)).all()
    near = stylizer.paint(noisy.clip(0, 255).astype(np.uint8)).astype(int)
    assert np.abs(near - painted).mean() < 6


@pytest.mark.numeric
def test_one_color_painted_in_another_is_finite(tmp_path: Path) -> None:
    paths = [tmp_path / "gray.png", tmp_path / "red.png"]
    for path, color in zip(paths, [(128, 128, 128), (200, 30, 30)], strict=True):
        write_picture(path, np.full((64, 96, 3), color, np.uint8))
    painted = vidnst.Stylizer(paths[1]).paint(read_picture(paths[0])).astype(int)
    assert np.abs(painted.mean((0, 1)) - (200, 30, 30)).max() < 100
    assert painted.std((0, 1)).max() < 24


def test_luminance_keeps_the_colors_of_the_picture(style: Path) -> None:
    picture = gradient_picture(64, 96) // 2 + 64
    painted = vidnst.Stylizer(style, color="luminance").paint(picture)
    chroma = [cv2.cvtColor(p, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(int) for p in (picture, painted)]
    assert np.abs(chroma[0] - chroma[1]).mean() < 8
    assert not np.array_equal(painted, picture)
