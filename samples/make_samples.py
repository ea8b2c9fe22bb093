"""Make the samples anew: a style painted by code, and a short film with motion, a cut and sound.

    python samples/make_samples.py [FOLDER]

Needs what vidnst needs. The same seed gives the same pictures.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]

RATE = 24
SIZE_HW = (360, 640)
SHOT_SECONDS = (2.75, 2.25)
SOUND_RATE = 48000


def smooth_noise(size_hw: tuple[int, int], grain: float, rng: np.random.Generator) -> Image:
    """Noise with lumps of about `grain` pixels, mean 0, standard deviation 1."""
    height, width = size_hw
    coarse = rng.standard_normal((max(2, int(height / grain) + 2), max(2, int(width / grain) + 2)))
    noise = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return (noise - noise.mean()) / noise.std()


# --- the style ---------------------------------------------------------------------------------


def crests(x: Image, index: int) -> Image:
    """Height of the line of wave `index` over x in 0..1, both in parts of the picture."""
    base = 0.50 + 0.115 * index
    swell = 0.055 * np.sin(2 * np.pi * (x * (1.1 + 0.25 * index) + 0.37 * index))
    peak = 0.16 * np.exp(-(((x - 0.26 - 0.21 * index) / 0.10) ** 2)) * (index < 3)
    return base - swell - peak


def underpainting(size_hw: tuple[int, int]) -> tuple[Image, Image]:
    """The composition in flat color (H, W, 3) in 0..1, and the direction of strokes in radians."""
    height, width = size_hw
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width, y / height
    cream, ochre, rose = (
        np.array(c, np.float32)
        for c in ((0.95, 0.88, 0.70), (0.90, 0.62, 0.28), (0.82, 0.42, 0.32))
    )
    rise = np.clip(y / 0.6, 0, 1)[..., None]
    color = cream * (1 - rise) + ochre * rise
    sun_distance = np.hypot((x - 0.72) * width / height, y - 0.24)
    glow = np.exp(-((sun_distance / 0.22) ** 2))[..., None]
    color = color * (1 - 0.5 * glow) + 0.5 * glow * rose
    color[sun_distance < 0.105] = (0.84, 0.20, 0.12)
    # The sky turns about the sun.
    angle = np.arctan2(y - 0.24, (x - 0.72) * width / height) + np.pi / 2
    angle += 0.5 * np.sin(9 * sun_distance)
    blues = (
        (0.36, 0.58, 0.66),
        (0.16, 0.40, 0.58),
        (0.08, 0.25, 0.46),
        (0.05, 0.14, 0.32),
        (0.03, 0.08, 0.20),
    )
    for index, blue in enumerate(blues):
        line = crests(x, index)
        inside = y > line
        depth = np.clip((y - line) / 0.16, 0, 1)[..., None]
        shade = np.array(blue, np.float32) * (1.25 - 0.55 * depth)
        ripples = np.sin(2 * np.pi * (depth[..., 0] * 3.5 + 1.5 * x))[..., None]
        shade = shade + 0.09 * (ripples > 0.35) * (1 - depth)
        color = np.where(inside[..., None], shade, color)
        slope = np.gradient(crests(x[:1], index)[0], 1 / width) * height / width
        along = np.arctan(slope)[None] + 0.35 * np.sin(9 * depth[..., 0])
        angle = np.where(inside, along, angle)
        foam = (y > line - 0.004) & (y < line + 0.016 + 0.016 * np.sin(60 * x + index) ** 2)
        color[foam] = (0.97, 0.96, 0.90)
    return np.clip(color, 0, 1).astype(np.float32), angle.astype(np.float32)


def paint_strokes(color: Image, angle: Image, rng: np.random.Generator) -> Image:
    """Lay brush strokes of shrinking size over a canvas, each with bristles and its own pigment."""
    height, width = color.shape[:2]
    canvas = cv2.GaussianBlur(color, (0, 0), 12)
    for length, thickness, count in ((70, 13, 1400), (44, 8, 4200), (28, 5, 9000), (15, 3, 14000)):
        soft = cv2.GaussianBlur(color, (0, 0), thickness * 0.35)
        detail = np.abs(
            cv2.Laplacian(cv2.GaussianBlur(color.mean(2), (0, 0), thickness / 2), cv2.CV_32F)
        )
        wanted = detail > np.quantile(detail, {13: 0.0, 8: 0.15, 5: 0.45, 3: 0.72}[thickness])
        for px, py in zip(
            rng.integers(0, width, count), rng.integers(0, height, count), strict=True
        ):
            if not wanted[py, px]:
                continue
            pigment = soft[py, px] * rng.uniform(0.86, 1.14) + rng.normal(0, 0.03, 3)
            points, at = [], np.array([px, py], np.float64)
            for _ in range(6):
                points.append(at.copy())
                column, row = np.clip(at.astype(int), 0, (width - 1, height - 1))
                turn = angle[row, column] + rng.normal(0, 0.05)
                at += length / 5 * np.array([np.cos(turn), np.sin(turn)])
            line = np.array(points) - (points[-1] - points[0]) / 2
            across = np.array([-(line[-1] - line[0])[1], (line[-1] - line[0])[0]])
            across /= np.linalg.norm(across) + 1e-6
            bristles = max(3, thickness // 2)
            for bristle in np.linspace(-0.5, 0.5, bristles):
                shade = np.clip(pigment * (1 + 0.22 * bristle + rng.normal(0, 0.05)), 0, 1)
                track = np.round((line + across * bristle * thickness) * 8).astype(np.int32)
                cv2.polylines(
                    canvas, [track[:, None]], False, shade.tolist(),
                    max(1, round(thickness / bristles * 1.3)), cv2.LINE_AA, 3,
                )  # fmt: skip
    return canvas


def make_style(path: Path) -> None:
    rng = np.random.default_rng(7)
    color, angle = underpainting((512, 768))
    angle = angle + 0.25 * smooth_noise(angle.shape[:2], 60, rng)
    painted = paint_strokes(color, angle, rng)
    # Impasto: light from the upper left on the relief of the paint.
    relief = cv2.GaussianBlur(painted.mean(2), (0, 0), 0.8)
    painted = painted + 0.55 * (relief - np.roll(relief, (-1, -1), (0, 1)))[..., None]
    pixels = np.rint(np.clip(painted, 0, 1) * 255).astype(np.uint8)
    cv2.imwrite(str(path), pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


# --- the film ----------------------------------------------------------------------------------


class Layer:
    """A wide textured strip of land that the camera passes by."""

    def __init__(
        self, color: tuple[float, float, float], top: float, rough: float, speed: float, seed: int
    ):
        rng = np.random.default_rng(seed)
        height, width = SIZE_HW[0], 1500
        line = top + 0.0 * np.zeros(width, np.float32)
        for octave in range(1, 7):
            grain = 420 / 2**octave
            line += rough / 1.9**octave * smooth_noise((2, width), grain, rng)[0]
        y = np.mgrid[0:height, 0:width][0] / height
        texture = 0.5 * smooth_noise((height, width), 26, rng) + 0.5 * smooth_noise(
            (height, width), 5, rng
        )
        depth = np.clip((y - line) / 0.35, 0, 1)
        shade = (1.1 - 0.45 * depth + 0.10 * texture)[..., None] * np.array(color)
        self.picture = np.clip(shade, 0, 1).astype(np.float32)
        self.cover = np.clip((y - line) * height, 0, 1).astype(np.float32)[..., None]
        self.speed = speed

    def over(self, behind: Image, shift: float) -> Image:
        matrix = np.array([[1, 0, -60 - shift * self.speed], [0, 1, 0]], np.float32)
        size = SIZE_HW[::-1]
        cover = cv2.warpAffine(self.cover, matrix, size, borderMode=cv2.BORDER_REFLECT)[..., None]
        picture = cv2.warpAffine(self.picture, matrix, size, borderMode=cv2.BORDER_REFLECT)
        return behind * (1 - cover) + picture * cover


def sky(
    top: tuple[float, float, float], bottom: tuple[float, float, float], clouds: Image, shift: float
) -> Image:
    height, width = SIZE_HW
    rise = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** 0.8
    colors = np.array(top, np.float32) * (1 - rise) + np.array(bottom, np.float32) * rise
    moved = clouds[:height, int(shift) : int(shift) + width, None]
    return np.broadcast_to(colors, (height, width, 3)) * (1 - moved) + np.float32(0.97) * moved


def mountain_shot(count: int) -> Iterator[Image]:
    """A pan over hills under moving clouds, a balloon rising."""
    rng = np.random.default_rng(3)
    noise = smooth_noise((400, 900), 90, rng) + 0.5 * smooth_noise((400, 900), 30, rng)
    clouds = np.clip(noise * 0.45 - 0.12, 0, 0.85).astype(np.float32)
    layers = [
        Layer((0.55, 0.62, 0.74), 0.50, 0.085, 0.5, 11),
        Layer((0.34, 0.46, 0.48), 0.60, 0.070, 1.1, 12),
        Layer((0.30, 0.44, 0.22), 0.72, 0.055, 2.2, 13),
        Layer((0.52, 0.42, 0.18), 0.87, 0.045, 4.2, 14),
    ]
    for index in range(count):
        frame = sky((0.28, 0.52, 0.85), (0.90, 0.86, 0.78), clouds, index * 0.6)
        for layer in layers[:2]:
            frame = layer.over(frame, index)
        balloon(frame, 190 + 1.9 * index, 215 - 1.55 * index + 4 * np.sin(index / 9))
        for layer in layers[2:]:
            frame = layer.over(frame, index)
        yield frame


def balloon(frame: Image, x: float, y: float) -> None:
    """Draw a striped balloon with a basket, its middle at (x, y)."""
    for stripe, color in enumerate(((0.86, 0.18, 0.14), (0.96, 0.80, 0.25), (0.86, 0.18, 0.14))):
        axes = (round((34 - 12 * stripe) * 8), 38 * 8)
        cv2.ellipse(frame, (round(x * 8), round(y * 8)), axes, 0, 0, 360, color, -1, cv2.LINE_AA, 3)
    for side in (-1, 1):
        start, end = (round(x + 20 * side), round(y + 30)), (round(x + 7 * side), round(y + 58))
        cv2.line(frame, start, end, (0.25, 0.16, 0.10), 1, cv2.LINE_AA)
    corner = (round(x - 8), round(y + 57))
    cv2.rectangle(
        frame, corner, (corner[0] + 16, corner[1] + 11), (0.42, 0.26, 0.13), -1, cv2.LINE_AA
    )


def sea_shot(count: int) -> Iterator[Image]:
    """Evening at sea: a sailing boat on running waves, the sun going down."""
    rng = np.random.default_rng(5)
    height, width = SIZE_HW
    noise = smooth_noise((400, 900), 120, rng) + 0.6 * smooth_noise((400, 900), 36, rng)
    clouds = np.clip(noise * 0.35 - 0.15, 0, 0.6).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    foam = smooth_noise((height, width * 2), 4, rng)
    for index in range(count):
        frame = np.ascontiguousarray(
            sky((0.20, 0.22, 0.45), (0.98, 0.58, 0.30), clouds, index * 0.5)
        )
        cv2.circle(
            frame,
            (450 * 8, round((150 + 0.5 * index) * 8)),
            34 * 8,
            (1.0, 0.86, 0.55),
            -1,
            cv2.LINE_AA,
            3,
        )
        for wave in range(5):
            level = 205 + 34 * wave
            phase = index * (0.10 + 0.03 * wave) + 2.1 * wave
            line = level + (4 + 2.6 * wave) * np.sin(x / (46 + 9 * wave) + phase)
            line += (2 + wave) * np.sin(x / 17 - 1.4 * phase)
            if wave == 2:
                boat(
                    frame,
                    120 + 2.6 * index,
                    float(line[0, int(min(width - 1, 120 + 2.6 * index))]) - 2,
                    index,
                )
            depth = np.clip((y - line) / 60, 0, 1)
            shift = int(index * (1 + 0.7 * wave)) % width
            glint = 0.10 * np.clip(foam[:, shift : shift + width] - 1.3, 0, 1) * (1 + wave / 3)
            tone = np.array((0.16 + 0.03 * wave, 0.30, 0.44 - 0.03 * wave), np.float32) * (
                1.35 - 0.12 * wave
            )
            shade = tone * (1.15 - 0.5 * depth)[..., None] + glint[..., None]
            cover = np.clip(y - line, 0, 1)[..., None]
            frame = np.ascontiguousarray(frame * (1 - cover) + shade * cover)
            crest = np.clip(1 - np.abs(y - line - 1.5) / (1.2 + 0.3 * wave), 0, 1)[..., None]
            frame = frame * (1 - 0.6 * crest) + 0.6 * crest * np.float32((1.0, 0.90, 0.78))
        yield frame


def boat(frame: Image, x: float, y: float, index: int) -> None:
    tilt = np.deg2rad(5 * np.sin(index / 7))
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    shapes = (
        (((-44, -6), (44, -6), (30, 12), (-32, 12)), (0.36, 0.15, 0.10)),
        (((-2, -110), (-2, -10), (-38, -10)), (0.96, 0.93, 0.86)),
        (((3, -100), (3, -12), (40, -12)), (0.90, 0.34, 0.22)),
        (((-2, -116), (2, -116), (2, -6), (-2, -6)), (0.25, 0.16, 0.12)),
    )
    for points, color in shapes:
        moved = (np.array(points) @ turn.T + (x, y)) * 8
        cv2.fillPoly(frame, [np.round(moved).astype(np.int32)], color, cv2.LINE_AA, 3)


def melody(seconds: float) -> npt.NDArray[np.int16]:
    """A few plucked notes, another chord at the cut, in stereo (2, N)."""
    time = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    sound = np.zeros((2, len(time)))
    first = [
        (0.25 * i, note) for i, note in enumerate((57, 64, 69, 73, 76, 73, 69, 64, 57, 64, 69))
    ]
    second = [
        (SHOT_SECONDS[0] + 0.25 * i, n) for i, n in enumerate((53, 60, 65, 69, 72, 69, 65, 60, 53))
    ]
    for start, note in first + second:
        since = np.clip(time - start, 0, None)
        pitch = 440 * 2 ** ((note - 69) / 12)
        tone = sum(np.sin(2 * np.pi * pitch * k * since) / k**2 for k in (1, 2, 3))
        pluck = tone * np.exp(-3.2 * since) * np.minimum(1, since * 300) * (time >= start)
        pan = 0.5 + 0.3 * np.sin(start * 5)
        sound += 0.16 * np.stack([pluck * (1 - pan), pluck * pan])
    sound *= np.minimum(1, (seconds - time) * 6)
    return np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)


def make_clip(path: Path) -> None:
    counts = [round(seconds * RATE) for seconds in SHOT_SECONDS]
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        film = container.add_stream("libx264", rate=RATE, options={"crf": "21", "preset": "slow"})
        film.height, film.width = SIZE_HW
        film.pix_fmt = "yuv420p"
        film.codec_context.color_range = 1
        film.codec_context.colorspace = film.codec_context.color_primaries = 1
        film.codec_context.color_trc = 1
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        grain = np.random.default_rng(9)
        index = 0
        for shot, count in zip((mountain_shot, sea_shot), counts, strict=True):
            for picture in shot(count):
                noisy = picture + grain.normal(0, 0.008, picture.shape)
                pixels = np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                    format="yuv420p", dst_colorspace=1, dst_color_range=1
                )
                frame.pts, frame.time_base = index, Fraction(1, RATE)
                container.mux(film.encode(frame))
                index += 1
        container.mux(film.encode(None))
        samples = melody(sum(counts) / RATE)
        for start in range(0, samples.shape[1], 1024):
            block = np.ascontiguousarray(samples[:, start : start + 1024].T.reshape(1, -1))
            audio = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
            audio.sample_rate, audio.pts = SOUND_RATE, start
            audio.time_base = Fraction(1, SOUND_RATE)
            container.mux(sound.encode(audio))
        container.mux(sound.encode(None))


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    make_style(folder / "wave.jpg")
    make_clip(folder / "clip.mp4")
