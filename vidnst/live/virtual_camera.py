"""A virtual camera for other programs to read, through pyvirtualcam."""

from typing import Any

from vidnst.errors import OutputError, UsageError
from vidnst.live.outputs import Action, Shown


class VirtualCamera:
    """Sends painted frames to a virtual camera."""

    def __init__(self, size_hw: tuple[int, int], *, fps: float) -> None:
        """Raises UsageError without pyvirtualcam, OutputError where there is no virtual camera."""
        try:
            import pyvirtualcam
        except ImportError as error:
            raise UsageError(
                'virtual cameras need pyvirtualcam: pip install "vidnst[webcam]"'
            ) from error
        height, width = size_hw
        try:
            self._camera: Any = pyvirtualcam.Camera(width, height, fps)
        except RuntimeError as error:
            raise OutputError(
                f"there is no virtual camera to send to ({error}): on Linux load v4l2loopback "
                "(modprobe v4l2loopback), on Windows and macOS install OBS"
            ) from error
        self.device = str(self._camera.device)

    def show(self, shown: Shown) -> None:
        self._camera.send(shown.painted)

    def actions(self) -> list[Action]:
        return []

    def close(self) -> None:
        self._camera.close()
