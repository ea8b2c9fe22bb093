"""Makes the stylizer that a render's options select."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import torch

from vidnst.frames.frame import Picture, ShotFrame
from vidnst.media.masks import style_mask
from vidnst.motion.files import FlowFolder
from vidnst.motion.flow import EstimatedFlow
from vidnst.nets.device import chosen_device
from vidnst.nets.step import Step
from vidnst.options.regions import RegionOptions
from vidnst.options.render import RenderOptions
from vidnst.options.schedule import TimeOptions
from vidnst.options.styles import Mixing
from vidnst.options.stylizers import (
    STYLIZERS,
    Fast,
    Foreign,
    Gatys,
    Neighbor,
    Painted,
    StylizerOptions,
    Tuned,
)
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.feed_forward import FeedForwardStylizer
from vidnst.stylizers.foreign import ForeignStylizer
from vidnst.stylizers.looks import Look, save_looks
from vidnst.stylizers.mixed import MixingStylizer
from vidnst.stylizers.optimized.gatys import GatysMethod
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.neighbor import NeighborMethod
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer
from vidnst.stylizers.painted import PaintedStylizer, load_painted, save_painted
from vidnst.stylizers.styles import style_of
from vidnst.stylizers.stylizer import Stylizer
from vidnst.stylizers.taught import TaughtStylizer
from vidnst.stylizers.tuned import RetrievedStylizer, TunedStylizer, is_tuned


@dataclass(frozen=True)
class Request:
    """What a stylizer is made for.

    size_hw: of the frames. on_step: the callback for each step of an optimization. at_once: how
    many threads will paint, at most. on_note: the callback for warnings.
    """

    options: RenderOptions
    size_hw: tuple[int, int]
    on_step: Callable[[Step], None] = lambda step: None
    at_once: int | None = None
    on_note: Callable[[str], None] = lambda words: None


class _Size(TypedDict):
    size_hw: tuple[int, int]
    at_once: int | None


Maker = Callable[[Any, Request], Stylizer]
"""Makes a stylizer from its options, which the request contains as well.

Raises UsageError, MediaError and WeightsError.
"""


def register(options: type[StylizerOptions], make: Maker) -> None:
    """Register a third-party stylizer, for RenderOptions(stylizer=options()) and by its name.

    It must be registered in each worker process that paints.
    """
    STYLIZERS[options.name] = options
    _MAKERS[options] = make


def make_stylizer(
    options: RenderOptions,
    size_hw: tuple[int, int],
    on_step: Callable[[Step], None],
    *,
    at_once: int | None = None,
    on_note: Callable[[str], None] = lambda words: None,
) -> Stylizer:
    """The stylizer for frames of size_hw.

    at_once: how many threads will paint, at most. on_note: callback for warnings. Raises
    UsageError, MediaError and WeightsError.
    """
    make = _MAKERS[type(options.stylizer)]
    return make(options.stylizer, Request(options, size_hw, on_step, at_once, on_note))


def learned_looks(
    options: RenderOptions,
    size_hw: tuple[int, int],
    samples: Callable[[int], Sequence[Picture]],
    on_step: Callable[[Step], None],
) -> tuple[list[Look], dict[str, str]]:
    """The networks tuned to a film, and metadata on what determined them.

    samples: returns a number of frames of it. Raises what make_stylizer and samples raise.
    """
    assert isinstance(options.stylizer, Tuned)
    stylizer = _tuned(options.stylizer, Request(options, size_hw, on_step))
    return stylizer.tuned(samples(stylizer.clip_samples))


def learn(
    options: RenderOptions,
    size_hw: tuple[int, int],
    path: Path,
    *,
    samples: Callable[[int], Sequence[Picture]],
    frames_at: Callable[[Sequence[float]], Sequence[ShotFrame]],
    on_step: Callable[[Step], None],
    on_note: Callable[[str], None] = lambda words: None,
) -> StylizerOptions:
    """Train a stylizer on a film, write the networks to path, and return options that use them.

    samples: returns a number of frames of the film; frames_at: those at times in seconds. on_note:
    callback for warnings. Raises what make_stylizer and they raise, and OutputError.
    """
    asked = options.stylizer
    if not isinstance(asked, Painted):
        save_looks(path, *learned_looks(options, size_hw, samples, on_step))
        return Fast(weights=path)
    stylizer = _painted(asked, Request(options, size_hw, on_step, on_note=on_note))
    stylizer.begin_known(frames_at(stylizer.clip_seconds))
    save_painted(path, stylizer.shots)
    return replace(asked, learned=path)


def _feed_forward(
    alone: Callable[..., FeedForwardStylizer],
    asked: StylizerOptions,
    request: Request,
) -> Stylizer:
    """A stylizer with a network for each style, made by `alone`."""
    options = request.options
    parts = [alone(asked, replace(request, options=one)) for one in _each_alone(options)]
    if len(parts) == 1:
        return parts[0]
    return MixingStylizer(
        parts,
        options.painting,
        options.compute,
        size_hw=request.size_hw,
        at_once=request.at_once,
    )


def _fast(asked: Fast, request: Request) -> FeedForwardStylizer:
    options = request.options
    style, painting, compute = style_of(options), options.painting, options.compute
    size: _Size = {"size_hw": request.size_hw, "at_once": request.at_once}
    if asked.weights is not None and is_tuned(asked.weights):
        return RetrievedStylizer(asked.weights, style, painting, compute, **size)
    return FastStylizer(style, painting, compute, weights=asked.weights, **size)


def _foreign(asked: Foreign, request: Request) -> FeedForwardStylizer:
    return ForeignStylizer(
        asked.network,
        request.options.painting,
        request.options.compute,
        size_hw=request.size_hw,
        value_range=asked.value_range,
        at_once=request.at_once,
    )


def _painted(asked: Painted, request: Request) -> PaintedStylizer:
    options = request.options
    stylizer = PaintedStylizer(
        () if asked.learned else asked.frames,
        options.painting,
        asked.teaching,
        options.compute,
        style=style_of(options) if asked.takes_styles else None,
        size_hw=request.size_hw,
        at_once=request.at_once,
        on_step=request.on_step,
        on_note=request.on_note,
    )
    if asked.learned is not None:
        stylizer.use(load_painted(asked.learned))
    return stylizer


def _learning(asked: Tuned, request: Request) -> FeedForwardStylizer:
    """A stylizer that tunes networks, or one that uses networks tuned before."""
    if asked.weights is not None and is_tuned(asked.weights):
        return _fast(Fast(asked.weights), request)
    return _tuned(asked, request)


def _tuned(asked: Tuned, request: Request) -> TunedStylizer:
    options = request.options
    style, painting, compute = style_of(options), options.painting, options.compute
    size: _Size = {"size_hw": request.size_hw, "at_once": request.at_once}
    if not asked.is_taught:
        return TunedStylizer(
            style,
            painting,
            asked.tuning,
            compute,
            weights=asked.weights,
            on_step=request.on_step,
            **size,
        )
    return TaughtStylizer(
        style,
        painting,
        asked.teaching,
        compute,
        neighbor=asked.neighbor,
        gatys=asked.gatys,
        weights=asked.weights,
        on_step=request.on_step,
        **size,
    )


def _optimized(asked: Neighbor | Gatys, request: Request) -> Stylizer:
    options = request.options
    flow_dir = options.flow.flow_dir
    task = Task(
        [style_of(each) for each in _each_alone(options)],
        options.painting,
        request.size_hw,
        style_masks=[style_mask(region) for region in options.regions.styles],
        device=torch.device(chosen_device(options.compute.device)),
        on_step=request.on_step,
        flow=EstimatedFlow() if flow_dir is None else FlowFolder(flow_dir),
    )
    if isinstance(asked, Neighbor):
        return OptimizingStylizer(NeighborMethod(task, asked.neighbor, asked.gatys))
    return OptimizingStylizer(GatysMethod(task, asked.gatys))


_MAKERS: dict[type[StylizerOptions], Maker] = {
    Fast: partial(_feed_forward, _fast),
    Foreign: _foreign,
    Painted: _painted,
    Tuned: partial(_feed_forward, _learning),
    Neighbor: _optimized,
    Gatys: _optimized,
}


def _each_alone(options: RenderOptions) -> list[RenderOptions]:
    """The options for each style alone: the regions' styles, those scheduled over time, or one.

    Last, where the strength varies over time, the scene's own style: a strength of 0.
    """
    alone = replace(
        options,
        regions=RegionOptions(),
        timing=TimeOptions(),
        mixing=Mixing(fine=options.mixing.fine),
    )
    if len(options.regions.styles) > 1:
        each = [replace(alone, style=region.picture) for region in options.regions.styles]
    elif len(options.timing.style_seconds) > 1:
        each = [replace(alone, style=style.path) for style in options.styles]
    else:
        each = [replace(alone, mixing=options.mixing)]
    if options.has_own_style:
        each.append(replace(each[0], painting=replace(options.painting, strength=0.0)))
    return each
