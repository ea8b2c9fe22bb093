"""The way of a frame: decode, paint, encode, join. The only code that knows this order."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from vidnst.ahead import ahead, in_parallel, with_one_before
from vidnst.allocator import keep_freed_memory
from vidnst.backends.engine import chosen_device
from vidnst.errors import UsageError
from vidnst.frames import Frame
from vidnst.media.clip import Clip, is_sequence, probe, sequence_in, sequence_numbers
from vidnst.media.color import result_tags, scaled_aspect
from vidnst.media.containers import choose_encoding, container_of, default_output
from vidnst.media.decode import decode
from vidnst.media.encode import Encoder
from vidnst.media.join import join_streams
from vidnst.media.pictures import (
    PICTURE_ENDINGS,
    is_picture,
    read_picture,
    read_style,
    resize,
    write_picture,
)
from vidnst.media.result import PendingResult, check_target
from vidnst.media.shots import in_shots, mark_shots
from vidnst.memory import require_memory
from vidnst.options import RenderOptions
from vidnst.profile import Profile
from vidnst.source import excerpt_of, no_frame, painted_size, samples_of
from vidnst.stabilize import Linker, Links, Stabilizer
from vidnst.style.fast import FastStylizer
from vidnst.style.feed_forward import FeedForwardStylizer
from vidnst.style.film import paint_film
from vidnst.style.foreign import ForeignStylizer
from vidnst.style.gatys import GatysStep, GatysStylizer
from vidnst.style.record import StepRecord
from vidnst.style.tuned import RetrievedStylizer, TunedStylizer, is_tuned
from vidnst.style.tuning import TuneStep

Step = GatysStep | TuneStep

_FILM_BYTES = 400
"""Of each pixel of a frame, in all stages together; measured from 4K on, rounded up."""


@dataclass(frozen=True)
class Progress:
    """Handed to the listener after each frame; frame_count is None where the clip does not say.

    Also after each step of tuning or of Gatys' optimization, which is then there.
    """

    frames_done: int
    frame_count: int | None
    step: GatysStep | None = None
    tuning: TuneStep | None = None


@dataclass(frozen=True)
class Report:
    """What a render made, and how long it took."""

    source: Path
    output: Path
    frames: int
    size_hw: tuple[int, int]
    seconds: float
    preparation_seconds: float
    milliseconds: dict[str, float] = field(default_factory=dict)
    """Of each stage, a frame."""

    @property
    def frames_per_second(self) -> float:
        return self.frames / max(self.seconds - self.preparation_seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        plain = asdict(self) | {"source": str(self.source), "output": str(self.output)}
        return plain | {"frames_per_second": round(self.frames_per_second, 3)}


def render(
    options: RenderOptions, *, on_progress: Callable[[Progress], None] = lambda progress: None
) -> Report:
    """Paint a clip, numbered pictures or a still picture, and write the result.

    The result appears under its name only when it is whole; if anything fails, nothing stays.

    Raises UsageError, MediaError, OutputError and WeightsError.
    """
    keep_freed_memory()
    source = options.source
    if source.is_dir():
        options = replace(options, source=sequence_in(source) or source)
    elif is_picture(source):
        return _render_picture(options, on_progress)
    return _render_clip(options, on_progress)


def _render_clip(options: RenderOptions, on_progress: Callable[[Progress], None]) -> Report:
    started = time.perf_counter()
    clip = probe(options.source)
    output = options.output or default_output(clip, options.style)
    if is_picture(output):
        raise UsageError(f"{output} is a still picture, but {options.source} is a film")
    container = container_of(output)
    check_target(output, (options.source, options.style), overwrite=options.overwrite)
    size_hw = painted_size(options, clip.size_hw)
    encoding = choose_encoding(output, options.encoding, size_hw)
    if options.plot or options.save_steps:
        raise UsageError("--plot and --save-steps are for still pictures")
    expected = _expected_frames(clip, options)
    done = 0

    def listen(step: Step) -> None:
        on_progress(_progress(done, expected, step))

    stylizer = _make_stylizer(options, size_hw, listen)
    if isinstance(stylizer, FeedForwardStylizer):
        require_memory(size_hw, lambda pixels: _FILM_BYTES * pixels, torch.device("cpu"))
        count = stylizer.clip_samples
        stylizer.begin_clip(samples_of(clip, options, count, size_hw=size_hw) if count else [])
    excerpt = excerpt_of(clip, options)
    numbers = sequence_numbers(clip.path) if is_sequence(clip.path) else [1]
    with PendingResult(output) as result:
        profile = Profile()
        paint = _painter(stylizer, options, profile, size_hw=size_hw, folder=result.folder)
        joins = container.format not in ("gif", "image2")
        film = result.folder / f"film{output.suffix}" if joins else result.path
        prepared = time.perf_counter()
        on_progress(Progress(0, expected))
        decoded = profile.each("decode", decode(clip, size_hw=size_hw, **excerpt))
        shots = profile.each(
            "find shots", mark_shots(decoded), outside="decoder waits for painters"
        )
        with (
            closing(ahead(shots)) as marked,
            closing(paint(marked)) as frames,
            Encoder(
                film,
                encoding,
                size_hw=size_hw,
                sample_aspect=scaled_aspect(clip, size_hw),
                rate=clip.rate,
                time_base=clip.time_base,
                color=result_tags(clip),
                first_number=numbers[0],
            ) as encoder,
        ):
            for frame in frames:
                with profile.stage("encode"):
                    encoder.write(frame)
                done += 1
                on_progress(Progress(done, expected))
        if not done:
            raise no_frame(clip)
        if joins:
            with profile.stage("join"):
                join_streams(film, clip, result.path, encoding, audio=options.audio, **excerpt)
        result.keep()
    return Report(
        source=options.source,
        output=output,
        frames=done,
        size_hw=size_hw,
        seconds=time.perf_counter() - started,
        preparation_seconds=prepared - started,
        milliseconds=profile.milliseconds(done),
    )


def _render_picture(options: RenderOptions, on_progress: Callable[[Progress], None]) -> Report:
    started = time.perf_counter()
    if options.start_seconds is not None or options.end_seconds is not None:
        raise UsageError("--start and --end have no meaning for a still picture")
    picture = read_picture(options.source)
    source = options.source
    output = options.output or source.with_name(
        f"{source.stem}_{options.style.stem}{source.suffix}"
    )
    if not is_picture(output):
        raise UsageError(
            f"{source} is a still picture: its result ends in one of {', '.join(PICTURE_ENDINGS)}"
        )
    check_target(output, (source, options.style), overwrite=options.overwrite)
    size_hw = painted_size(options, (picture.shape[0], picture.shape[1]))
    record = StepRecord(output, plot=options.plot, save_steps=options.save_steps)
    for target in record.targets:
        check_target(target, (source, options.style), overwrite=options.overwrite)

    def listen(step: Step) -> None:
        if isinstance(step, GatysStep):
            record.add(step)
        on_progress(_progress(0, 1, step))

    stylizer = _make_stylizer(options, size_hw, listen, at_once=1)
    picture = resize(picture, size_hw)
    if isinstance(stylizer, FeedForwardStylizer):
        stylizer.begin_clip([picture])
        stylizer.begin_shot([picture])
    prepared = time.perf_counter()
    on_progress(Progress(0, 1))
    with PendingResult(output) as result:
        write_picture(result.path, stylizer.paint(picture))
        result.keep()
    record.finish()
    on_progress(Progress(1, 1))
    return Report(
        source=source,
        output=output,
        frames=1,
        size_hw=size_hw,
        seconds=time.perf_counter() - started,
        preparation_seconds=prepared - started,
    )


def _progress(done: int, count: int | None, step: Step) -> Progress:
    if isinstance(step, TuneStep):
        return Progress(done, count, tuning=step)
    return Progress(done, count, step=step)


def _make_stylizer(
    options: RenderOptions,
    size_hw: tuple[int, int],
    on_step: Callable[[Step], None],
    *,
    at_once: int | None = None,
) -> FeedForwardStylizer | GatysStylizer:
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
    style = read_style(options.style)
    if options.stylizer == "gatys":
        device = chosen_device(compute.device)
        return GatysStylizer(
            style, painting, options.gatys, size_hw=size_hw, on_step=on_step, device=device
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


Painter = Callable[[Iterator[Frame]], Generator[Frame, None, None]]
"""From marked frames to painted ones, in order."""


def _painter(
    stylizer: FeedForwardStylizer | GatysStylizer,
    options: RenderOptions,
    profile: Profile,
    *,
    size_hw: tuple[int, int],
    folder: Path,
) -> Painter:
    """What paints a film; `folder` is there to put things aside."""
    if isinstance(stylizer, GatysStylizer):

        def paint_all(frames: Iterator[Frame]) -> Generator[Frame, None, None]:
            return profile.each("paint", paint_film(stylizer, frames, folder=folder))

        return paint_all
    steadying = options.steadying
    holds = steadying.steady > 0 and options.painting.strength > 0
    linker = Linker(steadying, size_hw=size_hw) if holds else None
    stabilizer = Stabilizer(steadying)

    def paint(pair: tuple[Frame | None, Frame]) -> tuple[Frame, Links | None]:
        before, frame = pair
        with profile.stage("paint"):
            painted = replace(frame, picture=stylizer.paint(frame.picture))
        if linker is None or before is None:
            return painted, None
        with profile.stage("flow"):
            return painted, linker.links(before.picture, frame.picture)

    def paint_shots(frames: Iterator[Frame]) -> Generator[Frame, None, None]:
        for shot in in_shots(frames, samples=stylizer.shot_samples):
            with profile.stage("begin shots"):
                stylizer.begin_shot(shot.samples)
            painted = in_parallel(
                paint,
                with_one_before(shot.frames),
                workers=stylizer.parallel,
                begin_worker=stylizer.begin_worker,
            )
            with closing(profile.each("encoder waits for painters", painted)) as arrived:
                if linker is None:
                    yield from (frame for frame, _ in arrived)
                else:
                    yield from profile.each("hold", stabilizer.steady(arrived))

    return paint_shots


def _expected_frames(clip: Clip, options: RenderOptions) -> int | None:
    """How many frames will come, as far as the header tells."""
    total = clip.frame_count
    if total is None and clip.duration_seconds and clip.rate:
        total = round(clip.duration_seconds * clip.rate)
    if total is None or not clip.duration_seconds:
        return total
    start = min(options.start_seconds or 0, clip.duration_seconds)
    end = min(options.end_seconds or clip.duration_seconds, clip.duration_seconds)
    return max(1, round(total * (end - start) / clip.duration_seconds))
