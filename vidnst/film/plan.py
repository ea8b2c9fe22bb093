"""A film to be painted: what is read, how it is painted, and as what its segments are encoded."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path

import torch

from vidnst.errors import UsageError
from vidnst.film.delivery.deliver import first_number
from vidnst.film.flow import first_frame_number, require_flow
from vidnst.film.paint import FilmPainter, film_painter, longest_segment
from vidnst.film.prepared import NOTHING, Prepared
from vidnst.film.profile import Profile
from vidnst.film.regions.prepass import Sources, mask_sources, write_weights
from vidnst.film.regions.store import KeptWeights
from vidnst.film.segments.order import film_end, in_order, shown_times
from vidnst.film.segments.segment import Record, Segment, frames_from
from vidnst.film.source import excerpt_of, frames_at, painted_size, samples_of
from vidnst.film.timing import over_time
from vidnst.frames.frame import Frame, Picture
from vidnst.media.accompaniment import Accompaniment, settle
from vidnst.media.clip import Clip
from vidnst.media.color import has_alpha, result_tags, scaled_aspect
from vidnst.media.containers import Container, Encoding, choose_encoding, default_output
from vidnst.media.encode import Encoder
from vidnst.media.gif import write_gif
from vidnst.media.join import join_streams
from vidnst.media.names import is_pattern, numbered
from vidnst.media.pictures import is_picture
from vidnst.media.shots import ShotFrame
from vidnst.media.source import Reading, open_source
from vidnst.motion.files import FlowFolder
from vidnst.nets.memory import require_memory
from vidnst.nets.step import Step
from vidnst.options.render import RenderOptions
from vidnst.stylizers.registry import make_stylizer

_ONLY_IN_MOV = ("prores_ks", "dnxhd")
"""NUT takes all other codecs."""

_FILM_BYTES = 400
"""Of each pixel of a frame, in all stages together; measured from 4K on, rounded up."""


class Film:
    """One film and what is to become of it. Raises UsageError and MediaError where that cannot be.

    Making one is cheap: no frame is read, and no network.
    """

    def __init__(self, options: RenderOptions, prepared: Prepared = NOTHING) -> None:
        """prepared: what was made for it already, elsewhere."""
        self.options = options
        self.source = open_source(options.source)
        self.clip: Clip = self.source.facts
        self.output = options.output or default_output(options.source, options.style)
        if is_picture(self.output) and not self.is_sequence:
            raise UsageError(f"{self.output} is a still picture, but {options.source} is a film")
        if options.plot or options.save_steps:
            raise UsageError("`plot` and `save_steps` are for still pictures")
        self.size_hw = painted_size(options, self.clip.size_hw)
        self.encoding = choose_encoding(
            self.output,
            options.encoding,
            self.size_hw,
            transparent=has_alpha(self.clip.pixel_format),
        )
        self.longest = longest_segment(options, self.size_hw)
        """So many frames make a segment, at most; None where shots are painted whole."""
        self._excerpt = excerpt_of(self.clip, options)
        self.first_number = first_number(options, self.clip)
        """Of the first picture, where it becomes numbered ones."""
        self._said: dict[str, None] = {}
        flow_dir = options.flow.flow_dir
        self._flow = None if flow_dir is None else FlowFolder(flow_dir)
        self._masks: Sources = {}
        if not prepared.region_weights:
            self._masks = mask_sources(options.regions, self.size_hw, self.clip.size_hw)

    @cached_property
    def accompaniment(self) -> Accompaniment:
        """The sound and subtitles that go with it, found by trying."""
        return settle(self.clip, self.encoding.container, self._excerpt, audio=self.options.audio)

    @property
    def segment_suffix(self) -> str:
        """Of the files of segments, which keep any time to the tick."""
        return ".mov" if self.encoding.codec in _ONLY_IN_MOV else ".nut"

    @property
    def is_sequence(self) -> bool:
        """Whether it becomes numbered pictures, which need no joining."""
        return is_pattern(self.output)

    def painter(
        self,
        profile: Profile,
        prepared: Prepared,
        *,
        folder: Path,
        on_step: Callable[[Step], None] = lambda step: None,
        at_once: int | None = None,
    ) -> FilmPainter:
        """What paints it, with all learnt that is to be learnt from the whole clip.

        folder: to put things aside. Raises what making the stylizer raises.
        """
        options = replace(self.options, stylizer=prepared.stylizer or self.options.stylizer)
        stylizer = make_stylizer(options, self.size_hw, on_step, at_once=at_once)
        if stylizer.sequential is None:
            require_memory(self.size_hw, lambda pixels: _FILM_BYTES * pixels, torch.device("cpu"))
        if stylizer.clip_seconds:
            stylizer.begin_known(self.frames_at(stylizer.clip_seconds))
        if stylizer.clip_samples:
            stylizer.begin_clip(self.samples(stylizer.clip_samples))
        return film_painter(
            stylizer, options, profile, size_hw=self.size_hw, folder=folder, flow=self._flow
        )

    def samples(self, count: int) -> list[Picture]:
        """So many of its source's frames, RGB uint8 (H, W, 3), spread over it."""
        alpha = self.encoding.holds_alpha
        return samples_of(self.source, self.options, count, size_hw=self.size_hw, alpha=alpha)

    def frames_at(self, seconds: Sequence[float]) -> list[ShotFrame]:
        """The frames of its source that are shown at these times, from the clip's beginning."""
        return frames_at(
            self.source,
            self.options,
            seconds,
            size_hw=self.size_hw,
            alpha=self.encoding.holds_alpha,
        )

    def prepare(self, folder: Path) -> Prepared:
        """Find what its regions, if it has any, hold of each frame; or take it up from the folder.

        And see that flow from files is whole. Raises MediaError where masks and frames do not fit,
        UsageError where the flow and they do not.
        """
        options, path = self.options, folder / "weights.zip"
        prepared = NOTHING
        if self._flow is not None:
            prepared = Prepared(first_number=first_frame_number(self.source, self._excerpt))
            frames = self.frames_from(Segment(), prepared)
            sizes_hw = (self.clip.size_hw, self.size_hw)
            prepared = replace(prepared, notes=require_flow(self._flow, frames, sizes_hw))
        if not options.regions.regions:
            return prepared
        if not path.exists() or options.regions.write_masks is not None:
            begin = partial(self.frames_from, Segment(), NOTHING)
            write_weights(options.regions, self._masks, begin, path, self.size_hw)
        return replace(prepared, region_weights=path)

    def frames_from(self, segment: Segment, prepared: Prepared) -> Generator[Frame, None, None]:
        """Its source's frames from a segment's first on, with their shots marked, and weighed."""
        reading = Reading(
            self.size_hw,
            self._excerpt,
            alpha=self.encoding.holds_alpha,
            strict=self.options.strict,
            on_damage=lambda words: self._said.setdefault(words, None),
        )
        frames = frames_from(self.source, segment, reading)
        if prepared.region_weights is not None:
            kept = KeptWeights(prepared.region_weights)
            frames = _weighed(frames, kept, segment.first_frame)
        if prepared.first_number is not None:
            frames = _numbered(frames, prepared.first_number + segment.first_frame)
        # The result's time begins where the film does, or with the excerpt.
        cut = self._excerpt.start_seconds is not None
        begins = Fraction(0 if cut else self.clip.start_seconds)
        return over_time(frames, self.options, origin_seconds=begins)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the source, as found by reading it."""
        return tuple(self._said)

    def segment_writer(self, path: Path, segment: Segment) -> "SegmentWriter":
        """What writes a segment to a file; for numbered pictures path is their pattern."""
        if self.is_sequence:
            first = self.first_number + segment.first_frame
            return SegmentWriter(self._encoder(path, self.encoding, first), segment, path, first)
        container = Container(self.segment_suffix[1:], self.encoding.container.codecs)
        encoding = replace(self.encoding, container=container)
        if self.encoding.codec == "gif":  # Which frames it shows is known with all their times.
            encoding = replace(encoding, codec="ffv1", pixel_format="bgr0")
        return SegmentWriter(self._encoder(path, encoding), segment, path)

    def join(self, segments: Sequence[Path], records: Sequence[Record], target: Path) -> None:
        """Write target from the encoded segments, with what accompanies the film.

        Raises OutputError where the disk is full.
        """
        end = film_end(self.clip, records[-1], self._excerpt)
        if self.encoding.container.format == "gif":
            write_gif(self.clip, segments, shown_times(records), target, end=end)
            return
        film = target.with_name(f".film{target.suffix}")
        with self._encoder(film, self.encoding) as encoder:
            for packet, pts, dts, duration in in_order(segments, records, end=end):
                encoder.copy(packet, pts=pts, dts=dts, duration=duration)
        times = shown_times(records)
        join_streams(
            film,
            self.clip,
            target,
            self.encoding,
            last_frame=(times[-1] * self.clip.time_base, end * self.clip.time_base),
            beside=self.accompaniment,
            excerpt=self._excerpt,
        )
        film.unlink()

    def _encoder(self, path: Path, encoding: Encoding, number: int = 1) -> Encoder:
        return Encoder(
            path,
            encoding,
            size_hw=self.size_hw,
            sample_aspect=scaled_aspect(self.clip, self.size_hw),
            rate=self.clip.rate,
            time_base=self.clip.time_base,
            color=result_tags(self.clip),
            first_number=number,
        )


def _weighed(
    frames: Generator[Frame, None, None], weights: KeptWeights, first_frame: int
) -> Generator[Frame, None, None]:
    with closing(frames):
        for index, frame in enumerate(frames, first_frame):
            yield replace(frame, weights=weights.of_frame(index))


def _numbered(
    frames: Generator[Frame, None, None], first_number: int
) -> Generator[Frame, None, None]:
    with closing(frames):
        for number, frame in enumerate(frames, first_number):
            yield replace(frame, number=number)


class SegmentWriter:
    """Encodes a segment's frames and keeps account of them."""

    def __init__(
        self, encoder: Encoder, segment: Segment, path: Path, first_number: int | None = None
    ) -> None:
        """first_number: where path is a pattern, the number of the first picture."""
        self.segment = segment
        self._encoder, self._path, self._first_number = encoder, path, first_number
        self._pts: list[int] = []
        self._durations: list[int] = []

    @property
    def frame_count(self) -> int:
        return len(self._pts)

    @property
    def files(self) -> list[Path]:
        """What it is written to."""
        if self._first_number is None:
            return [self._path]
        numbers = range(self._first_number, self._first_number + self.frame_count)
        return [numbered(self._path, number) for number in numbers]

    def write(self, frame: Frame) -> None:
        """Raises what the encoder raises."""
        self._encoder.write(frame)
        self._pts.append(frame.pts)
        self._durations.append(frame.duration)

    def finish(self, following: Segment | None) -> Record:
        """Write what the encoder still holds; following: the segment that comes next."""
        self._encoder.close()
        return Record(
            self.segment,
            tuple(self._pts),
            tuple(self._durations),
            self._encoder.order,
            following,
        )

    def abandon(self) -> None:
        """Close the file, which is of no use."""
        self._encoder.abandon()
