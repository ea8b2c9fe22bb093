"""Paint the built-in styles anew, each in its technique, by numpy and OpenCV alone.

    python samples/make_styles.py [NAME ...]

Without a name all are painted. The same seeds give the same pictures.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
from painting import brushes, cut, drawn, prints
from painting.canvas import Image, finished

FOLDER = Path(__file__).parent / "styles"
PAINTERS: dict[str, Callable[[], Image]] = {
    "oil": brushes.oil, "woodcut": prints.woodcut, "ink": drawn.ink, "points": brushes.points,
    "glass": cut.glass, "linocut": prints.linocut, "watercolor": brushes.watercolor,
    "hatching": drawn.hatching, "papercut": cut.papercut, "pastel": brushes.pastel,
    "bauhaus": cut.bauhaus, "ukiyo": prints.ukiyo,
}  # fmt: skip
_MOST_BYTES = 150_000


def encoded(canvas: Image) -> bytes:
    """A JPEG, as good as so many bytes allow."""
    pixels = finished(canvas)[:, :, ::-1]
    for quality in range(92, 30, -2):
        data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= _MOST_BYTES:
            break
    return data


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PAINTERS:
        (FOLDER / f"{name}.jpg").write_bytes(encoded(PAINTERS[name]()))


if __name__ == "__main__":
    main()
