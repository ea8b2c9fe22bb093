"""The plan of a film's render: its source, its painted size and its encoding."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.film.delivery.deliver import first_number
from vidnst.film.prepared import NOTHING, Prepared
from vidnst.film.regions.prepass import Sources, mask_sources
from vidnst.film.source import excerpt_of, painted_size
from vidnst.media.accompaniment import Accompaniment, settle
from vidnst.media.clip import Clip
from vidnst.media.color import has_alpha
from vidnst.media.containers import Encoding, choose_encoding, default_output
from vidnst.media.excerpt import Excerpt
from vidnst.media.names import is_pattern
from vidnst.media.pictures import is_picture
from vidnst.media.shots import frames_ahead
from vidnst.media.source import Source, open_source
from vidnst.motion.files import FlowFolder
from vidnst.options.render import RenderOptions

_FEWEST_FRAMES = 48


@dataclass(frozen=True, eq=False)
class Film:
    """One film and how it is rendered; immutable while it is painted.

    longest: the most frames in a segment; None where shots are painted whole. first_number: of the
    first picture, where the result is numbered pictures. flow: None where motion is estimated from
    the frames. masks: of its regions, unless their weights are prepared already. on_damage:
    callback for warnings about the source, called each time it is read. on_note: callback for other
    warnings.
    """

    options: RenderOptions
    source: Source
    output: Path
    size_hw: tuple[int, int]
    encoding: Encoding
    excerpt: Excerpt
    longest: int | None
    first_number: int
    flow: FlowFolder | None = None
    masks: Sources = field(default_factory=dict)
    on_damage: Callable[[str], None] = lambda words: None
    on_note: Callable[[str], None] = lambda words: None

    @property
    def clip(self) -> Clip:
        """The properties of its source."""
        return self.source.facts

    @cached_property
    def accompaniment(self) -> Accompaniment:
        """The sound and subtitles that are muxed into it, determined by trial."""
        return settle(self.clip, self.encoding.container, self.excerpt, audio=self.options.audio)

    @property
    def is_sequence(self) -> bool:
        """Whether it becomes numbered pictures, which need no joining."""
        return is_pattern(self.output)


def plan_film(
    options: RenderOptions,
    prepared: Prepared = NOTHING,
    on_damage: Callable[[str], None] = lambda words: None,
    on_note: Callable[[str], None] = lambda words: None,
) -> Film:
    """Plan a film. This is cheap: no frame is decoded and no network loaded.

    prepared: results of the preparation, where another process has done it. Raises UsageError and
    MediaError where the film cannot be rendered.
    """
    source = open_source(options.source)
    clip = source.facts
    output = options.output or default_output(options.source, options.style)
    if is_picture(output) and not is_pattern(output):
        raise UsageError(f"{output} is a still picture, but {options.source} is a film")
    if options.plot or options.save_steps:
        raise UsageError("`plot` and `save_steps` are for still pictures")
    size_hw = painted_size(options, clip.size_hw)
    transparent = has_alpha(clip.pixel_format)
    flow_dir = options.flow.flow_dir
    weighed = prepared.region_weights is not None
    return Film(
        options,
        source,
        output,
        size_hw,
        encoding=choose_encoding(output, options.encoding, size_hw, transparent=transparent),
        excerpt=excerpt_of(clip, options),
        longest=longest_segment(options, size_hw),
        first_number=first_number(options, clip),
        flow=None if flow_dir is None else FlowFolder(flow_dir),
        masks={} if weighed else mask_sources(options.regions, size_hw, clip.size_hw),
        on_damage=on_damage,
        on_note=on_note,
    )


def longest_segment(options: RenderOptions, size_hw: tuple[int, int]) -> int | None:
    """The most frames of a shot in a segment; None where shots are painted whole."""
    longest = options.stylizer.longest_segment(max(_FEWEST_FRAMES, 2 * frames_ahead(size_hw)))
    if longest is None:
        return None
    # A multiple of `on`, so that each segment begins with a frame that is painted, not held.
    return options.on * max(1, longest // options.on)
