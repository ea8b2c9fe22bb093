"""The live session: capture the newest frame, paint it, steady it, and send it to the outputs."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from vidnst.errors import OutputError, UsageError
from vidnst.frames.frame import Picture
from vidnst.live.browser import Page
from vidnst.live.camera import Camera, LiveFrame
from vidnst.live.holding import Holding
from vidnst.live.metrics import Figures, Report
from vidnst.live.outputs import Action, Output, Shown, Status
from vidnst.live.pace import Beat, Pace
from vidnst.live.painted import keep_scene, learned_from, read_scenes, require_keyframe_folder
from vidnst.live.painter import LivePainter
from vidnst.live.recording import Recording
from vidnst.live.stylizers import stylizers_of
from vidnst.live.virtual_camera import VirtualCamera
from vidnst.live.window import Window, has_screen
from vidnst.media.pictures import fitted, write_picture
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.step import Step
from vidnst.options.size import parse_size
from vidnst.options.webcam import OutputOptions, WebcamOptions

_MOST_LINES = 480
_STRENGTH_STEP = 0.1
_STEADY_STEP = 0.25
_WAIT_SECONDS = 0.05
"""The interval at which keys are polled while no frame comes."""
_NOTICED_SECONDS = 1.0


def webcam(
    options: WebcamOptions,
    *,
    on_notice: Callable[[str], None] = lambda notice: None,
    on_step: Callable[[Step], None] = lambda step: None,
    on_shown: Callable[[Shown], None] = lambda shown: None,
) -> Report:
    """Paint the camera's picture until the user quits, or a film used as the camera ends.

    on_notice: callback for messages to the user, one line each; on_step: for each step of learning
    from painted frames; on_shown: for each frame after it was sent to the outputs. A recording is
    finished however the session ends.

    Raises UsageError, MediaError, OutputError and WeightsError.
    """
    keep_freed_memory()
    outputs = options.outputs
    shows = outputs.window and has_screen()
    if not shows and not outputs.any_but_window:
        raise UsageError(
            "there is no screen to open a window on: give `http=8080` to look at the page "
            "http://127.0.0.1:8080/, or `record=FILE`, or `virtual_camera=True`"
        )
    known = read_scenes(options.painted) if options.painted else []
    if options.keyframes is not None:
        require_keyframe_folder(options.keyframes)
    learned = size_hw = None
    if known:
        # The camera is closed again meanwhile: learning takes a minute or two.
        with Camera(options.camera) as camera:
            size_hw = _shown_size(options, camera.first)
        on_notice(f"learning from {len(known)} painted frame{'s' if len(known) > 1 else ''}")
        learned = learned_from(known, options.teaching, size_hw=size_hw, on_step=on_step)
    with ExitStack() as stack:
        camera = stack.enter_context(Camera(options.camera))
        size_hw = size_hw or _shown_size(options, camera.first)
        opened = _open(outputs, stack, size_hw, fps=options.pacing.fps, window=shows)
        painter = stack.enter_context(
            LivePainter(
                stylizers_of(options, learned, size_hw=size_hw),
                options.painting,
                first=fitted(camera.first, size_hw),
                fades=learned is None,
            )
        )
        for output in opened:
            if isinstance(output, Page):
                on_notice(f"watch at {output.url}")
            elif isinstance(output, VirtualCamera):
                on_notice(f"virtual camera: {output.device}")
        session = _Session(options, camera, painter, opened, size_hw=size_hw, on_notice=on_notice)
        with closing(session):
            session.run(on_shown)
            return session.report()


def _open(
    options: OutputOptions,
    stack: ExitStack,
    size_hw: tuple[int, int],
    *,
    fps: float,
    window: bool,
) -> list[Output]:
    opened: list[Output] = []
    if window:
        opened.append(stack.enter_context(closing(Window(size_hw))))
    if options.http is not None:
        opened.append(stack.enter_context(closing(Page(options.http))))
    if options.virtual_camera:
        opened.append(stack.enter_context(closing(VirtualCamera(size_hw, fps=fps))))
    return opened


class _Session:
    """One live session: the loop, and what can be changed while it runs."""

    def __init__(
        self,
        options: WebcamOptions,
        camera: Camera,
        painter: LivePainter,
        outputs: list[Output],
        *,
        size_hw: tuple[int, int],
        on_notice: Callable[[str], None],
    ) -> None:
        self._options, self._camera, self._painter = options, camera, painter
        self._outputs, self._size_hw, self._on_notice = outputs, size_hw, on_notice
        self._names = [style.stem for style in options.styles] or [
            "painted" if options.painted else "camera"
        ]
        self._style, self._strength = 0, options.painting.strength
        self._holding = Holding(options.steadying, size_hw=size_hw)
        self._beat, self._pace = Beat(options.pacing.fps), Pace(options.pacing.fps)
        self._figures = Figures()
        self._side_by_side = False
        self._quits = False
        self._unwanted = 0
        self._newest: Shown | None = None
        self._source: Picture | None = None
        self._shown_seconds = self._started = time.monotonic()
        self._told_waiting = False
        self._recording: Recording | None = None
        if (record := options.outputs.record) is not None:
            self._record(record, overwrite=options.outputs.overwrite)

    def run(self, on_shown: Callable[[Shown], None]) -> None:
        """Run until the user quits, or a film used as the camera ends."""
        while not self._quits:
            frame = self._camera.newest(timeout=_WAIT_SECONDS)
            if frame is None:
                if self._camera.ended:
                    return
                self._wait()
            elif self._beat.takes(frame.captured_seconds):
                self._show(frame, on_shown)
            else:
                self._unwanted += 1
            for output in self._outputs:
                for action in output.actions():
                    try:
                        self._handle(action)
                    except OutputError as error:
                        # A file that cannot be saved does not end the session.
                        self._on_notice(str(error))

    def report(self) -> Report:
        figures = self._figures
        return Report(
            seconds=time.monotonic() - self._started,
            captured=self._camera.captured,
            shown=figures.shown,
            dropped=self._camera.dropped,
            unwanted=self._unwanted,
            latency_ms={str(p): figures.percentile_ms(p) for p in (50, 95, 99)},
        )

    def close(self) -> None:
        """Finish the recording."""
        if self._recording is not None:
            recording, self._recording = self._recording, None
            recording.close()
            self._on_notice(f"recorded {recording.path}")

    def _show(self, frame: LiveFrame, on_shown: Callable[[Shown], None]) -> None:
        started = time.monotonic()
        if frame.after_gap:
            self._holding.forget()
            if self._told_waiting:
                self._on_notice("the camera is back")
                self._told_waiting = False
        self._source = frame.picture
        picture = fitted(frame.picture, self._size_hw)
        if self._holding.opens_shot(picture):
            self._painter.begin_shot()
        paints = time.monotonic()
        painting = self._painter.paint(picture)
        painting_seconds = time.monotonic() - paints
        steadied = self._holding.held(picture, painting.bare, strength=self._strength)
        painted = painting.shown(steadied)
        looked_at = np.hstack([picture, painted]) if self._side_by_side else painted
        shown = Shown(painted, looked_at, frame.captured_seconds, self._status(waiting=False))
        for output in self._outputs:
            output.show(shown)
        if self._recording is not None:
            self._recording.show(shown)
        self._newest, self._shown_seconds = shown, time.monotonic()
        self._figures.add(frame.captured_seconds, self._shown_seconds)
        busy_seconds = self._shown_seconds - started
        if self._pace.add(busy_seconds, painting_seconds=painting_seconds):
            self._painter.change_level(self._pace.level)
        on_shown(shown)

    def _status(self, *, waiting: bool) -> Status:
        return Status(
            fps=self._figures.fps,
            latency_ms=self._figures.latency_ms,
            inner_hw=self._painter.inner_hw,
            style=self._names[self._painter.style],
            strength=self._strength,
            steady=self._holding.steady,
            recording=self._recording is not None,
            waiting=waiting,
            keyframes=self._options.keyframes is not None,
        )

    def _wait(self) -> None:
        """No frame came: report it once, and keep showing the last picture."""
        silent = time.monotonic() - self._shown_seconds > _NOTICED_SECONDS
        if self._newest is None or self._told_waiting or not (self._camera.waiting or silent):
            return
        self._told_waiting = True
        self._on_notice("the camera gives no picture: waiting for it")
        for output in self._outputs:
            output.show(replace(self._newest, status=self._status(waiting=True)))

    def _handle(self, action: Action) -> None:
        if action == "quit":
            self._quits = True
        elif action == "next-style":
            self._style = (self._style + 1) % len(self._names)
            self._painter.change_style(self._style)
        elif action in ("stronger", "weaker"):
            step = _STRENGTH_STEP if action == "stronger" else -_STRENGTH_STEP
            self._strength = min(max(round(self._strength + step, 2), 0.0), 1.0)
            self._painter.change_strength(self._strength)
        elif action in ("steadier", "livelier"):
            step = _STEADY_STEP if action == "steadier" else -_STEADY_STEP
            self._holding.change(min(max(self._holding.steady + step, 0.0), 1.0))
        elif action == "side-by-side":
            self._side_by_side = not self._side_by_side
        elif action == "snapshot":
            self._snapshot()
        elif action == "keyframe":
            self._keep_frame()
        elif self._recording is not None:
            self.close()
        else:
            self._record(self._named("mp4"), overwrite=False)

    def _snapshot(self) -> None:
        if self._newest is not None:
            path = self._named("png")
            write_picture(path, self._newest.painted)
            self._on_notice(f"saved {path}")

    def _keep_frame(self) -> None:
        folder = self._options.keyframes
        if folder is None:
            self._on_notice("a frame to paint needs a folder: `keyframes=FOLDER`")
        elif self._source is not None:
            self._on_notice(f"kept {keep_scene(folder, self._source)}: paint over it")

    def _record(self, path: Path, *, overwrite: bool) -> None:
        self._recording = Recording(path, size_hw=self._size_hw, overwrite=overwrite)
        self._on_notice(f"recording {path}")

    def _named(self, ending: str) -> Path:
        """An unused file name in the current folder."""
        style = self._names[self._painter.style]
        stem = f"webcam_{style}_{datetime.now():%Y%m%d-%H%M%S}"
        path, number = Path(f"{stem}.{ending}"), 1
        while path.exists():
            number += 1
            path = Path(f"{stem}_{number}.{ending}")
        return path


def _shown_size(options: WebcamOptions, first: Picture) -> tuple[int, int]:
    height, width = first.shape[:2]
    if options.size is None and height <= _MOST_LINES:
        return height, width
    return parse_size(options.size or str(_MOST_LINES), (height, width))
