"""What all painters stand on: sizes, coordinates, noise, colors, and the finished picture.

Everything is painted at twice the picture's size and then shrunk, which makes all edges smooth.
"""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
"""(H, W) or (H, W, 3), colors RGB in 0..1."""
Mask = npt.NDArray[np.bool_]

HEIGHT, WIDTH = 1152, 1536
SIZE_HW = (HEIGHT, WIDTH)
Y, X = (np.mgrid[0:HEIGHT, 0:WIDTH] / HEIGHT).astype(np.float32)
"""Of each pixel, in heights of the picture: y in 0..1 downward, x in 0..4/3."""


def noise(rng: np.random.Generator, grain_px: float, stretch: float = 1) -> Image:
    """Noise with lumps of about grain_px, wider by `stretch`; mean 0, standard deviation 1."""
    rows, columns = int(HEIGHT / grain_px) + 3, int(WIDTH / grain_px / stretch) + 3
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    fine = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return (fine - fine.mean()) / fine.std()


def cloudy(rng: np.random.Generator, grain_px: float, octaves: int = 4) -> Image:
    """Noise of several scales, each half as large and as strong as the one before."""
    total = sum(noise(rng, grain_px / 2**i) / 2**i for i in range(octaves))
    return (total / np.std(total)).astype(np.float32)


def soften(image: Image, sigma_px: float) -> Image:
    return cv2.GaussianBlur(image, (0, 0), sigma_px)


def rgb(code: str) -> Image:
    """A color written as six hexadecimal digits."""
    return np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / 255


def palette(codes: str) -> Image:
    """Colors (N, 3), written one after the other."""
    return np.array([rgb(code) for code in codes.split()])


def moved(image: Image, right_px: float, down_px: float) -> Image:
    """The same somewhere else; its edges go on."""
    matrix = np.array([[1, 0, right_px], [0, 1, down_px]], np.float32)
    return cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)


def plain(code: str) -> Image:
    """A canvas of one color."""
    return np.full((*SIZE_HW, 3), rgb(code), np.float32)


def over(below: Image, color: Image, cover: Image | Mask) -> Image:
    """Lay a color, or a picture, on another where cover is 1."""
    share = np.asarray(cover, np.float32)[..., None]
    return below * (1 - share) + color * share


def ramp(low: float, high: float, value: Image) -> Image:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bent(image: Image, rng: np.random.Generator, grain_px: float, by_px: float) -> Image:
    """The same, its edges made unsteady by noise."""
    map_x = X * HEIGHT + by_px * noise(rng, grain_px)
    map_y = Y * HEIGHT + by_px * noise(rng, grain_px)
    return cv2.remap(
        image,
        map_x.astype(np.float32),
        map_y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )


def finished(canvas: Image) -> npt.NDArray[np.uint8]:
    """The picture, RGB uint8, half as large."""
    small = cv2.resize(canvas, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)
