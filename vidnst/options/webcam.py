"""All options of a webcam session, with defaults and ranges."""

from dataclasses import dataclass, field
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.options.fields import option, require_in_range
from vidnst.options.painted import PaintedOptions
from vidnst.options.scenes import PaintedScene
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import StyleOptions


@dataclass(frozen=True)
class PaceOptions:
    """The target frame rate. Each field is an option of the command line."""

    fps: float = option(
        24.0, "frames a second to hold, by painting smaller", low=1, high=240, value="RATE"
    )

    def __post_init__(self) -> None:
        require_in_range(self)


@dataclass(frozen=True)
class OutputOptions:
    """Where the painted picture goes. Each field is an option of the command line.

    window: open a window where there is a screen.
    """

    window: bool = option(True, "open no window")
    http: int | None = option(
        None,
        "serve a page on http://127.0.0.1:PORT/; 0 takes any port that is free",
        value="PORT",
    )
    virtual_camera: bool = option(False, "be a camera for other programs (needs pyvirtualcam)")
    record: Path | None = option(None, "write a film")
    overwrite: bool = option(False, "replace a film that exists")

    def __post_init__(self) -> None:
        if self.http is not None and not 0 <= self.http <= 65535:
            raise UsageError(f"`http` is {self.http}, but a port must lie in 0..65535")

    @property
    def any_but_window(self) -> bool:
        """Whether there is an output besides the window."""
        return self.http is not None or self.virtual_camera or self.record is not None


@dataclass(frozen=True)
class WebcamOptions:
    """One live session.

    camera: a number, a device, a stream's URL, or a film that stands in for a camera. styles: the
    style pictures, of which the session starts with the first. painted: in place of styles,
    paintings of what this camera sees, from which a network learns. keyframes: the folder for
    pictures to paint over; without styles and paintings, the camera's picture is shown as it is.
    size: of the painted picture; None takes the camera's, scaled to 480 lines where that is taller.
    """

    styles: tuple[Path, ...] = ()
    camera: str = "0"
    size: str | None = None
    weights: Path | None = None
    painting: StyleOptions = field(default_factory=StyleOptions)
    steadying: SteadyOptions = field(default_factory=SteadyOptions)
    pacing: PaceOptions = PaceOptions()
    outputs: OutputOptions = OutputOptions()
    painted: tuple[PaintedScene, ...] = ()
    teaching: PaintedOptions = PaintedOptions()
    keyframes: Path | None = None

    def __post_init__(self) -> None:
        if not self.styles and not self.painted and self.keyframes is None:
            raise UsageError(
                "`styles` is empty: name a picture or several, or `painted` frames, or a folder "
                "for `keyframes` to paint"
            )
        if self.painted:
            for name, given in (
                ("styles", self.styles),
                ("weights", self.weights),
                ("brush_size", self.painting.brush_size),
            ):
                if given:
                    raise UsageError(f"`painted` stands for itself: leave `{name}` out")
            if self.painting.color == "match":
                raise UsageError(
                    "`color=match` changes a style picture, which `painted` has none of: take "
                    "`color=luminance`"
                )
        if self.steadying.lookahead:
            raise UsageError("`lookahead` is for films: live there is no frame to look ahead to")
