"""How films are kept steady."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vidnst.options.fields import option, require_in_range

FlowMethod = Literal["dis", "raft"]


@dataclass(frozen=True)
class SteadyOptions:
    """How films by `fast` and `tuned` are kept steady. Each field is an option.

    steady: how much of the previous painted frame is blended in; 0 leaves each frame as painted.
    """

    steady: float = option(0.75, "how much flicker is taken away", low=0, high=1)
    lookahead: int = option(
        0, "frames to look ahead, 0 or 1: steadier, and a little slower", low=0, high=1
    )
    flow: FlowMethod = option(
        "dis",
        "what finds motion: dis, or raft with torchvision's weights",
        choices=get_args(FlowMethod),
    )

    def __post_init__(self) -> None:
        require_in_range(self)


@dataclass(frozen=True)
class FlowOptions:
    """Known optical flow, for every stylizer. Each field is an option.

    flow_dir: a folder of flow files (motion/files.py); None estimates the flow from the frames.
    """

    flow_dir: Path | None = option(
        None,
        "take motion from files such as backward_5_4.flo and forward_4_5.npy, as a renderer or "
        "another program wrote them",
    )
