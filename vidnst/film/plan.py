"""A film to be painted: what is read, at which size it is painted, and as what it is encoded."""

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
    """One film and what is to become of it; nothing of it changes while it is painted.

    longest: so many frames make a segment, at most; None where shots are painted whole.
    first_number: of the first picture, where it becomes numbered ones. flow: None where motion is
    found in the pictures. masks: of its regions, unless they were weighed elsewhere. on_damage:
    hears what the user should know of the source, each time it is read.
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

    @property
    def clip(self) -> Clip:
        """What its source tells of itself."""
        return self.source.facts

    @cached_property
    def accompaniment(self) -> Accompaniment:
        """The sound and subtitles that go with it, found by trying."""
        return settle(self.clip, self.encoding.container, self.excerpt, audio=self.options.audio)

    @property
    def is_sequence(self) -> bool:
        """Whether it becomes numbered pictures, which need no joining."""
        return is_pattern(self.output)


def plan_film(
    options: RenderOptions,
    prepared: Prepared = NOTHING,
    on_damage: Callable[[str], None] = lambda words: None,
) -> Film:
    """Plan a film, which is cheap: no frame is read, and no network.

    prepared: what was made for it already, elsewhere. Raises UsageError and MediaError where it
    cannot be.
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
    )


def longest_segment(options: RenderOptions, size_hw: tuple[int, int]) -> int | None:
    """So many frames of a shot make a segment, at most; None where shots are painted whole."""
    longest = options.stylizer.longest_segment(max(_FEWEST_FRAMES, 2 * frames_ahead(size_hw)))
    if longest is None:
        return None
    # A segment ends with what is held, so that the next begins with what is painted.
    return options.on * max(1, longest // options.on)
