"""Render a film or picture: decode, paint, encode, join. Used by command line, batch and page."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from vidnst.errors import OutputError, UsageError
from vidnst.film.delivery.deliver import Delivery, require_film
from vidnst.film.inputs import files_read, styles_read
from vidnst.film.manifest import manifest_of
from vidnst.film.plan import Film, plan_film
from vidnst.film.prepare import prepare
from vidnst.film.prepared import Prepared
from vidnst.film.profile import Profile
from vidnst.film.record import StepRecord
from vidnst.film.regions.prepass import still_weights
from vidnst.film.segments.job import Job
from vidnst.film.segments.join import join_segments
from vidnst.film.segments.write import segment_suffix
from vidnst.film.source import no_frame, painted_size
from vidnst.film.workers.choose import crew_for
from vidnst.film.workers.local import Listener, LocalRendering
from vidnst.film.workers.spread import SpreadRendering
from vidnst.frames.resize import resize
from vidnst.frames.shares import in_floats
from vidnst.media.clip import Clip, sequence_in
from vidnst.media.containers import default_picture
from vidnst.media.names import is_pattern
from vidnst.media.pictures import (
    PICTURE_ENDINGS,
    is_animated_png,
    is_picture,
    notes_on,
    picture_count,
    read_picture,
    write_picture,
)
from vidnst.media.result import PendingResult, check_target
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.step import Step
from vidnst.options.render import RenderOptions
from vidnst.stylizers.painting import paint_still
from vidnst.stylizers.registry import make_stylizer

_KEPT = "{} frames are kept: the same command goes on from there"


@dataclass(frozen=True)
class Progress:
    """Passed to the progress callback after each frame, and after each step of an optimization.

    frame_count: None where the clip's header does not give it. step: the step of training or of
    optimizing a picture; None after a frame.
    """

    frames_done: int
    frame_count: int | None
    step: Step | None = None
    notes: tuple[str, ...] = ()
    """Warnings for the user, each reported once."""


@dataclass(frozen=True)
class Report:
    """What a render made, and how long it took."""

    source: Path
    output: Path
    frames: int
    size_hw: tuple[int, int]
    seconds: float
    preparation_seconds: float
    resumed_frames: int = 0
    """How many of the frames an earlier run had painted."""
    milliseconds: dict[str, float] = field(default_factory=dict)
    """Per frame, by stage."""

    @property
    def frames_per_second(self) -> float:
        painted = self.frames - self.resumed_frames
        return painted / max(self.seconds - self.preparation_seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        plain = asdict(self) | {"source": str(self.source), "output": str(self.output)}
        return plain | {"frames_per_second": round(self.frames_per_second, 3)}


def render(
    options: RenderOptions, *, on_progress: Callable[[Progress], None] = lambda progress: None
) -> Report:
    """Paint a clip, numbered pictures or a still picture, and write the result.

    The result appears under its name only when it is complete. Finished segments of an interrupted
    film are kept in a hidden folder beside it, and the same call resumes from them.

    Raises UsageError, MediaError, OutputError and WeightsError.
    """
    keep_freed_memory()
    source = options.source
    if source.is_dir():
        options = replace(options, source=sequence_in(source) or source)
    elif is_picture(source) and not _becomes_a_film(options):
        return _render_picture(options, on_progress)
    return _render_clip(options, on_progress)


def _becomes_a_film(options: RenderOptions) -> bool:
    """Whether the source is an animated PNG that is rendered as a film."""
    output = options.output
    return output is not None and not is_picture(output) and is_animated_png(options.source)


def _render_clip(options: RenderOptions, on_progress: Callable[[Progress], None]) -> Report:
    started = time.perf_counter()
    said: dict[str, None] = {}  # No duplicates, however often the film is read.
    film = plan_film(
        options,
        on_damage=lambda words: said.setdefault(words),
        on_note=lambda words: on_progress(Progress(0, None, notes=(words,))),
    )
    read = files_read(options)
    check_target(film.output, read, overwrite=options.overwrite)
    _require_room_for_masks(options)
    delivery = Delivery(options, film.source, film.output, size_hw=film.size_hw)
    expected = _expected_frames(film.clip, options)
    profile = Profile()
    job = Job(film.output, manifest_of(film), resume=options.resume)
    try:
        with job:
            prepared = prepare(film, job.folder)
            resumed = job.frames
            notes = (*_begun(job), *prepared.notes, *film.accompaniment.notes)
            notes += notes_on(styles_read(options))
            on_progress(Progress(resumed, expected, notes=notes))
            began = _paint(
                film,
                job,
                prepared,
                profile,
                lambda done, step: on_progress(Progress(done, expected, step)),
            )
            if said:
                on_progress(Progress(job.frames, expected, notes=tuple(said)))
            records = [record for _, record in sorted(job.records.items())]
            if not records:
                raise no_frame(film.clip)
            if not film.is_sequence:
                with profile.stage("join"):
                    suffix = segment_suffix(film)
                    paths = [job.segment_path(n, suffix) for n in range(len(records))]
                    join_segments(film, paths, records, job.path)
            delivery.write(job.path)
            job.keep()
    except BaseException:
        if job.records:
            on_progress(Progress(job.frames, expected, notes=(_KEPT.format(job.frames),)))
        raise
    frames = job.frames
    return Report(
        source=options.source,
        output=film.output,
        frames=frames,
        size_hw=film.size_hw,
        seconds=time.perf_counter() - started,
        preparation_seconds=began - started,
        resumed_frames=resumed,
        milliseconds=profile.milliseconds(frames - resumed),
    )


def _render_picture(options: RenderOptions, on_progress: Callable[[Progress], None]) -> Report:
    started = time.perf_counter()
    if options.start_seconds is not None or options.end_seconds is not None:
        raise UsageError("`start_seconds` and `end_seconds` have no meaning for a still picture")
    if options.flow.flow_dir is not None:
        raise UsageError("`flow_dir` has no meaning for a still picture")
    require_film(options.delivery)
    if options.timing.changes:
        raise UsageError("keyframes and styles with times have no meaning for a still picture")
    picture = read_picture(options.source)
    source = options.source
    output = options.output or default_picture(source, options.style)
    if not is_picture(output) or is_pattern(output):
        count = picture_count(source)
        raise UsageError(
            f"{source} is a still picture"
            + (f" (of its {count} pictures only the first can be painted)" if count > 1 else "")
            + f": its result ends in one of {', '.join(PICTURE_ENDINGS)}"
        )
    read = files_read(options)
    check_target(output, read, overwrite=options.overwrite)
    source_hw = (picture.shape[0], picture.shape[1])
    size_hw = painted_size(options, source_hw)
    weights = None
    if options.regions.regions:
        weights = in_floats(still_weights(options.regions, size_hw, source_hw))
    record = StepRecord(output, plot=options.plot, save_steps=options.save_steps)
    for target in record.targets:
        check_target(target, read, overwrite=options.overwrite)

    of_still = options.stylizer.of_still()
    if of_still != options.stylizer:
        compute = replace(options.compute, backend="auto")
        options = replace(options, stylizer=of_still, compute=compute)

    def listen(step: Step) -> None:
        if step.doing is None:
            record.add(step)
        on_progress(Progress(0, 1, step))

    stylizer = make_stylizer(options, size_hw, listen, at_once=1)
    prepared = time.perf_counter()
    on_progress(Progress(0, 1, notes=notes_on((source, *styles_read(options)))))
    with PendingResult(output) as result:
        write_picture(result.path, paint_still(stylizer, resize(picture, size_hw), weights))
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


def _paint(film: Film, job: Job, prepared: Prepared, profile: Profile, listen: Listener) -> float:
    """Paint unfinished segments, in this process or with a crew; returns when painting began."""
    crew = crew_for(film, job, prepared, lambda step: listen(job.frames, step))
    rendering = (
        LocalRendering(film, job, prepared, profile)
        if crew is None
        else SpreadRendering(film, job, crew)
    )
    rendering.paint(listen)
    return rendering.began


def _require_room_for_masks(options: RenderOptions) -> None:
    """Raises OutputError where tracked masks would replace files."""
    folder = options.regions.write_masks
    if folder is None or not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise OutputError(f"`write_masks` {folder} is in the way: it is no folder")
    if not options.overwrite and any(folder.iterdir()):
        raise OutputError(
            f"`write_masks` {folder} is not empty (`overwrite` replaces what it holds)"
        )
    for region in options.regions.regions:
        pattern = folder / f"{region.name}_%06d.png"
        check_target(pattern, files_read(options), overwrite=options.overwrite)


def _begun(job: Job) -> tuple[str, ...]:
    if job.restarted:
        changed = ", ".join(job.restarted)
        return (f"what was there of {job.target} was made otherwise ({changed}): it starts anew",)
    if job.records:
        return (f"{job.target}: goes on after {job.frames} frames (`resume=False` starts anew)",)
    return ()


def _expected_frames(clip: Clip, options: RenderOptions) -> int | None:
    """The estimated number of frames, from the header; None where it does not tell."""
    total = clip.frame_count
    if total is None and clip.duration_seconds and clip.rate:
        total = round(clip.duration_seconds * clip.rate)
    if total is None or not clip.duration_seconds:
        return total
    start = min(options.start_seconds or 0, clip.duration_seconds)
    end = min(options.end_seconds or clip.duration_seconds, clip.duration_seconds)
    return max(1, round(total * (end - start) / clip.duration_seconds))
