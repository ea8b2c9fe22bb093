"""Tune a network to a style and a clip or picture, and write it to a file."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.film.inputs import files_read
from vidnst.film.source import scene_of
from vidnst.media.result import check_target
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.step import Step
from vidnst.options.regions import RegionOptions
from vidnst.options.render import RenderOptions
from vidnst.options.schedule import TimeOptions
from vidnst.stylizers.looks import save_looks
from vidnst.stylizers.registry import learned_looks
from vidnst.stylizers.tuned import TunedStylizer, is_tuned


@dataclass(frozen=True)
class TuneReport:
    """What was written, and how long it took."""

    source: Path
    output: Path
    seconds: float


def tune_clip(
    options: RenderOptions, *, on_step: Callable[[Step], None] = lambda step: None
) -> TuneReport:
    """Tune to options.source and options.style and write options.output, a safetensors file.

    Rendering the same film with Tuned then finds it in the cache; Tuned.weights takes the file.

    Raises UsageError, MediaError, OutputError and WeightsError.
    """
    started = time.perf_counter()
    keep_freed_memory()
    source = options.source
    output = options.output or Path(f"{source.stem}_{options.style.stem}.safetensors")
    if output.suffix != ".safetensors":
        raise UsageError(f"{output}: a tuned network's name ends in .safetensors")
    check_target(output, files_read(options), overwrite=options.overwrite)
    for role, path in options.stylizer.files:
        if role == "weights" and is_tuned(path):
            raise UsageError(f"{path} is tuned already: tuning starts from a trained one")
    whole = replace(options, regions=RegionOptions(), timing=TimeOptions())
    scene, size_hw = scene_of(options, TunedStylizer.clip_samples)
    looks, made_of = learned_looks(whole, size_hw, lambda count: scene, on_step)
    save_looks(output, looks, made_of)
    return TuneReport(source, output, time.perf_counter() - started)
