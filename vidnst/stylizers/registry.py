"""Which stylizer a render's options ask for."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from vidnst.media.masks import style_mask
from vidnst.nets.device import chosen_device
from vidnst.nets.step import Step
from vidnst.options.regions import RegionOptions
from vidnst.options.render import OPTIMIZING, RenderOptions
from vidnst.options.schedule import TimeOptions
from vidnst.options.styles import Mixing
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.feed_forward import FeedForwardStylizer
from vidnst.stylizers.foreign import ForeignStylizer
from vidnst.stylizers.mixed import MixingStylizer
from vidnst.stylizers.optimized.gatys import GatysStylizer
from vidnst.stylizers.optimized.neighbor import NeighborStylizer
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer
from vidnst.stylizers.styles import style_of
from vidnst.stylizers.taught import TaughtStylizer
from vidnst.stylizers.tuned import RetrievedStylizer, TunedStylizer, is_tuned

Stylizer = FeedForwardStylizer | OptimizingStylizer


def make_stylizer(
    options: RenderOptions,
    size_hw: tuple[int, int],
    on_step: Callable[[Step], None],
    *,
    at_once: int | None = None,
) -> Stylizer:
    """The stylizer for frames of size_hw; at_once: how many threads will paint, at most.

    Raises UsageError, MediaError and WeightsError.
    """
    painting, compute, weights = options.painting, options.compute, options.weights
    if options.network is not None:
        return ForeignStylizer(
            options.network,
            painting,
            compute,
            size_hw=size_hw,
            value_range=options.network_range,
            at_once=at_once,
        )
    each = _each_alone(options)
    if options.stylizer not in OPTIMIZING and len(each) > 1:
        parts = [make_stylizer(one, size_hw, on_step, at_once=at_once) for one in each]
        feeding = [part for part in parts if isinstance(part, FeedForwardStylizer)]
        return MixingStylizer(feeding, painting, compute, size_hw=size_hw, at_once=at_once)
    style = style_of(each[0])
    if options.stylizer in OPTIMIZING:
        optimizing = (
            partial(NeighborStylizer, style, painting, options.neighbor)
            if options.stylizer == "neighbor"
            else partial(GatysStylizer, style, painting)
        )
        return optimizing(
            options.gatys,
            size_hw=size_hw,
            on_step=on_step,
            device=chosen_device(compute.device),
            others=[style_of(other) for other in each[1:]],
            style_masks=[style_mask(region) for region in options.regions.styles],
        )
    if weights is not None and is_tuned(weights):
        return RetrievedStylizer(
            weights, style, painting, compute, size_hw=size_hw, at_once=at_once
        )
    if options.is_taught:
        return TaughtStylizer(
            style,
            painting,
            options.teaching,
            compute,
            size_hw=size_hw,
            neighbor=options.neighbor,
            gatys=options.gatys,
            at_once=at_once,
            weights=weights,
            on_step=on_step,
        )
    if options.stylizer == "tuned":
        return TunedStylizer(
            style,
            painting,
            options.tuning,
            compute,
            size_hw=size_hw,
            at_once=at_once,
            weights=weights,
            on_step=on_step,
        )
    return FastStylizer(style, painting, compute, size_hw=size_hw, at_once=at_once, weights=weights)


def _each_alone(options: RenderOptions) -> list[RenderOptions]:
    """What would paint in each of the styles alone: the regions', those that come in turn, or one.

    After them, where it is painted, the scene's own.
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
