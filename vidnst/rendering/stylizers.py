"""Which stylizer a render's options ask for."""

from collections.abc import Callable
from dataclasses import replace

from vidnst.backends.engine import chosen_device
from vidnst.mixing import Mixing, WeightedStyle
from vidnst.options import RenderOptions, TimeOptions
from vidnst.regions.masks import style_mask
from vidnst.regions.options import RegionOptions, RegionStyle
from vidnst.rendering.timing import has_own_style
from vidnst.source import read_styles, style_of
from vidnst.style.fast import FastStylizer
from vidnst.style.feed_forward import FeedForwardStylizer
from vidnst.style.foreign import ForeignStylizer
from vidnst.style.gatys import GatysStep, GatysStylizer
from vidnst.style.mix import MixingStylizer
from vidnst.style.tuned import RetrievedStylizer, TunedStylizer, is_tuned
from vidnst.style.tuning import TuneStep

Step = GatysStep | TuneStep
Stylizer = FeedForwardStylizer | GatysStylizer


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
    if options.timing.changes:
        return _changing(options, size_hw, on_step, at_once)
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
    styles = options.regions.styles or (RegionStyle(options.style, None),)
    if options.stylizer != "gatys" and len(styles) > 1:
        alone = replace(options, regions=RegionOptions(), mixing=Mixing(fine=options.mixing.fine))
        parts = [
            make_stylizer(replace(alone, style=style.picture), size_hw, on_step, at_once=at_once)
            for style in styles
        ]
        feeding = [part for part in parts if isinstance(part, FeedForwardStylizer)]
        return MixingStylizer(feeding, painting, compute, size_hw=size_hw, at_once=at_once)
    style = style_of(options)
    if options.stylizer == "gatys":
        return GatysStylizer(
            style,
            painting,
            options.gatys,
            size_hw=size_hw,
            on_step=on_step,
            device=chosen_device(compute.device),
            others=[read_styles([WeightedStyle(other.picture)]) for other in styles[1:]],
            style_masks=[style_mask(each) for each in styles],
        )
    if weights is not None and is_tuned(weights):
        return RetrievedStylizer(
            weights, style, painting, compute, size_hw=size_hw, at_once=at_once
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


def _changing(
    options: RenderOptions,
    size_hw: tuple[int, int],
    on_step: Callable[[Step], None],
    at_once: int | None,
) -> MixingStylizer:
    """For weights by rendering/timing.py: each style that comes, and the scene's own."""
    always = replace(options, timing=TimeOptions())
    wanted = [always]
    if len(options.timing.style_seconds) > 1:
        fine = Mixing(fine=options.mixing.fine)
        wanted = [replace(always, style=style.path, mixing=fine) for style in options.styles]
    if has_own_style(options):
        wanted.append(replace(always, painting=replace(options.painting, strength=0.0)))
    parts = [make_stylizer(each, size_hw, on_step, at_once=at_once) for each in wanted]
    feeding = [part for part in parts if isinstance(part, FeedForwardStylizer)]
    return MixingStylizer(
        feeding, options.painting, options.compute, size_hw=size_hw, at_once=at_once
    )
