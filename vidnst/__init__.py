"""vidnst paints films: any video, in the style of any picture, steady from frame to frame.

    import vidnst
    vidnst.stylize_video("input.mp4", "wave.jpg", strength=0.8)
    painted = vidnst.Stylizer("wave.jpg").paint(picture)
    vidnst.render(vidnst.RenderOptions(Path("input.mp4"), Path("wave.jpg"), on=2))

All that is named here keeps its name and meaning; what stands in the modules below may move.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vidnst.errors import (
    MediaError,
    OutputError,
    TrainingError,
    UsageError,
    VidnstError,
    WeightsError,
)
from vidnst.options.compute import ComputeOptions
from vidnst.options.learning import TeachOptions, TuneOptions
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.output import DeliveryOptions, EncodeOptions
from vidnst.options.painted import PaintedFrame, PaintedOptions
from vidnst.options.regions import Region, RegionOptions
from vidnst.options.render import RenderOptions
from vidnst.options.schedule import TimeOptions
from vidnst.options.steady import FlowOptions, SteadyOptions
from vidnst.options.styles import Mixing, StyleOptions, WeightedStyle
from vidnst.options.stylizers import (
    Fast,
    Foreign,
    Gatys,
    Neighbor,
    Painted,
    StylizerOptions,
    Tuned,
)
from vidnst.options.workers import CrewOptions

if TYPE_CHECKING:
    from vidnst.apps.api import Stylizer, stylize_video
    from vidnst.film.render import Progress, Report, render
    from vidnst.nets.step import Step

# Read when torch is loaded, and handed down to every process we start. Threads that spin while
# they wait hold each other up for seconds where another program has the core; OpenMP's own
# variables of a kind, such as GOMP_SPINCOUNT, go before this one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.2.0"
__all__ = [
    "ComputeOptions",
    "CrewOptions",
    "DeliveryOptions",
    "EncodeOptions",
    "Fast",
    "FlowOptions",
    "Foreign",
    "Gatys",
    "GatysOptions",
    "MediaError",
    "Mixing",
    "Neighbor",
    "NeighborOptions",
    "OutputError",
    "Painted",
    "PaintedFrame",
    "PaintedOptions",
    "Progress",
    "Region",
    "RegionOptions",
    "RenderOptions",
    "Report",
    "SteadyOptions",
    "Step",
    "StyleOptions",
    "Stylizer",
    "StylizerOptions",
    "TeachOptions",
    "TimeOptions",
    "TrainingError",
    "TuneOptions",
    "Tuned",
    "UsageError",
    "VidnstError",
    "WeightedStyle",
    "WeightsError",
    "__version__",
    "render",
    "stylize_video",
]
_WITH_TORCH = {
    "Stylizer": "vidnst.apps.api",
    "stylize_video": "vidnst.apps.api",
    "Progress": "vidnst.film.render",
    "Report": "vidnst.film.render",
    "render": "vidnst.film.render",
    "Step": "vidnst.nets.step",
}
"""What is loaded only when it is asked for, and where it stands."""


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module 'vidnst' has no attribute {name!r}")
    return getattr(import_module(_WITH_TORCH[name]), name)
