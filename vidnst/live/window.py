"""A window on the screen, through OpenCV."""

import os
import sys

import cv2
import numpy as np

from vidnst.frames.frame import Picture
from vidnst.live.outputs import KEYS, Action, Shown, Status

_TITLE = "vidnst"
_KIND = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def has_screen() -> bool:
    """Whether a window can be opened: OpenCV can, and there is a screen."""
    if cv2.currentUIFramework() == "":
        return False
    if sys.platform == "linux":
        # Without a display, Qt aborts the whole process.
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


class Window:
    """Shows frames with their status; its keys are actions. Use it in the main thread only."""

    def __init__(self, size_hw: tuple[int, int]) -> None:
        # Silence warnings of OpenCV's Qt about missing fonts, which are not used here.
        os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")
        cv2.namedWindow(_TITLE, _KIND)
        self._size_hw = (0, 0)
        self._resize(size_hw)
        self._open = True
        self._drawn = False

    def show(self, shown: Shown) -> None:
        self._resize((shown.looked_at.shape[0], shown.looked_at.shape[1]))
        cv2.imshow(_TITLE, _with_figures(shown.looked_at, shown.status))
        self._drawn = True

    def actions(self) -> list[Action]:
        """The actions of the keys pressed; closing the window is `quit`."""
        asked: list[Action] = []
        while (key := cv2.waitKey(1)) != -1:
            if (action := KEYS.get(chr(key & 0xFF))) is not None:
                asked.append(action)
        if self._drawn and cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1:
            asked.append("quit")
        return asked

    def _resize(self, size_hw: tuple[int, int]) -> None:
        """Resize the window where the picture's size changes; otherwise keep the user's size."""
        if size_hw != self._size_hw:
            self._size_hw = size_hw
            cv2.resizeWindow(_TITLE, size_hw[1], size_hw[0])

    def close(self) -> None:
        if self._open:
            self._open = False
            cv2.destroyAllWindows()


def _with_figures(picture: Picture, status: Status) -> Picture:
    """A copy as BGR uint8 (H, W, 3), with a line of figures."""
    drawn = np.ascontiguousarray(picture[:, :, ::-1])
    height, width = status.inner_hw
    text = (
        f"{status.fps:.1f} fps  {status.latency_ms:.0f} ms  {width}x{height}  {status.style} "
        f"{status.strength:.1f}  steady {status.steady:.2f}"
        f"{'  REC' if status.recording else ''}{'  no camera' if status.waiting else ''}"
    )
    scale = max(0.4, picture.shape[0] / 900)
    bar = drawn[: round(36 * scale)]
    bar[:] = bar // 3
    place = (8, round(25 * scale))
    cv2.putText(drawn, text, place, _FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
    return drawn
