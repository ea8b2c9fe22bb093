"""Make the workers that a render's options ask for."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from vidnst.errors import UsageError
from vidnst.film.plan import Film
from vidnst.film.prepared import Prepared
from vidnst.film.read import known_frames, samples
from vidnst.film.segments.job import Job
from vidnst.film.workers.spread import Crew
from vidnst.film.workers.worker import Order
from vidnst.nets.step import Step
from vidnst.options.workers import CrewOptions
from vidnst.stylizers.registry import learn


def crew_for(
    film: Film, job: Job, prepared: Prepared, on_step: Callable[[Step], None]
) -> Crew | None:
    """The workers that are to paint a film; None where this process paints it alone.

    on_step: callback for the steps of tuning, which this process does once for all workers. Raises
    UsageError and OutputError where these workers cannot be started.
    """
    wanted = film.options.crew
    if wanted.cluster is None and wanted.workers is None:
        return None
    if job.next_segment is None:
        return None
    options = replace(film.options, output=film.output, crew=CrewOptions())
    if options.stylizer.learns_from_clip:
        if len(options.regions.styles) > 1:
            raise UsageError(
                "`stylizer=tuned` paints several styles in one process: leave out `workers` "
                "and `cluster`"
            )
        learned = learn(
            options,
            film.size_hw,
            job.folder / "learned.safetensors",
            samples=partial(samples, film),
            frames_at=partial(known_frames, film),
            on_step=on_step,
            on_note=film.on_note,
        )
        prepared = replace(prepared, stylizer=learned)
    # A worker may have another working directory.
    order = Order(options, prepared).with_paths(Path.absolute)
    # The number of threads changes rounding in sums, which an optimization amplifies.
    all_cores = torch.get_num_threads()
    if wanted.cluster is not None:
        from vidnst.film.workers.cluster import RayCrew

        threads = all_cores if options.stylizer.optimizes else wanted.cpus_per_worker
        return RayCrew(order, wanted, threads=threads)
    from vidnst.film.workers.processes import LocalCrew

    assert wanted.workers is not None
    threads = all_cores if options.stylizer.optimizes else max(1, all_cores // wanted.workers)
    return LocalCrew(order, size=wanted.workers, threads=threads)
