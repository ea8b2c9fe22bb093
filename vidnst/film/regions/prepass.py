"""Before the first frame is painted: all masks are read, tracked, checked and weighed."""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

from vidnst.errors import MediaError, OutputError, UsageError
from vidnst.film.regions.store import WeightsWriter
from vidnst.film.regions.track import Tracker
from vidnst.film.regions.weigh import Planes, Weigher
from vidnst.frames.frame import Frame, Picture
from vidnst.media.masks import Mask, MaskSource
from vidnst.media.pictures import write_picture
from vidnst.options.regions import RegionOptions

Frames = Callable[[], Generator[Frame, None, None]]
Sources = Mapping[str, MaskSource]


def mask_sources(
    options: RegionOptions, size_hw: tuple[int, int], source_hw: tuple[int, int]
) -> Sources:
    """Where the masks of each region come from.

    size_hw: of the painted frames; source_hw: before they were scaled to that. Raises MediaError
    and UsageError where a mask is missing or of another shape.
    """
    return {
        region.name: MaskSource(region.mask, size_hw, source_hw, drawn=options.track)
        for region in options.regions
        if region.mask is not None
    }


def still_weights(
    options: RegionOptions, size_hw: tuple[int, int], source_hw: tuple[int, int]
) -> Planes:
    """The styles' weights on a still picture, uint8 (K, H, W) in 1/255. Raises as write_weights."""
    if options.track:
        raise UsageError("`track` has no meaning for a still picture")
    sources = mask_sources(options, size_hw, source_hw)
    for source in sources.values():
        if not source.is_still:
            raise UsageError(f"{source.path} is a film of masks, but what is painted is a picture")
    weigher = Weigher(options, size_hw)
    planes = weigher.weigh({name: source.still() for name, source in sources.items()})
    weigher.check()
    return planes


def write_weights(
    options: RegionOptions, sources: Sources, frames: Frames, path: Path, size_hw: tuple[int, int]
) -> None:
    """Write the weights of a film's frames to path.

    frames: a function that reads the film from its start, with shots marked. Raises
    MediaError where a region is empty or wholly covered, or has fewer or more masks than the film
    has frames.
    """
    weigher = Weigher(options, size_hw)
    with WeightsWriter(path) as writer:
        if not options.track and all(source.is_still for source in sources.values()):
            writer.add(weigher.weigh({name: source.still() for name, source in sources.items()}))
        else:
            found = _tracked if options.track else _read
            with closing(found(sources, frames)) as masks_of_frames:
                for index, masks in enumerate(masks_of_frames):
                    writer.add(weigher.weigh(masks))
                    if options.write_masks is not None:
                        _write_masks(options.write_masks, index, masks)
        weigher.check()


def _read(sources: Sources, frames: Frames) -> Generator[dict[str, Mask], None, None]:
    """The masks of each frame in turn."""
    with ExitStack() as open_files:
        film = open_files.enter_context(closing(frames()))
        given = {n: open_files.enter_context(closing(s.masks())) for n, s in sources.items()}
        for index in count():
            ended = next(film, None) is None
            masks = {name: next(masks, None) for name, masks in given.items()}
            for name, mask in masks.items():
                if (mask is None) != ended and not (ended and sources[name].is_still):
                    wrong = "more masks than the film has frames" if ended else "too few masks"
                    raise MediaError(
                        f"{sources[name].path} has {wrong} ({index}): give one for each frame"
                    )
            if ended:
                return
            yield {name: mask for name, mask in masks.items() if mask is not None}


def _tracked(sources: Sources, frames: Frames) -> Generator[dict[str, Mask], None, None]:
    """The masks of each frame in turn: as drawn, or tracked from an earlier frame of the shot.

    Tracked masks are dropped at a cut; those drawn on a shot's first frame replace them.
    """
    drawn = {name: source.drawn() for name, source in sources.items()}
    tracker: Tracker | None = None
    masks: dict[str, Mask] = {}
    index = 0
    with closing(frames()) as film:
        for index, frame in enumerate(film):
            nothing = frame.picture[..., 0] * 0
            if frame.opens_shot or tracker is None:
                tracker, masks = None, dict.fromkeys(sources, nothing)
            else:
                masks = tracker.follow(frame.picture)
            new = {name: given[index] for name, given in drawn.items() if index in given}
            if new or tracker is None:
                masks = masks | new
                tracker = Tracker(frame.picture, masks) if _any(masks.values()) else None
            yield masks
    for name, given in drawn.items():
        if max(given) > index:
            raise MediaError(
                f"{sources[name].path}: a mask is drawn on frame {max(given)}, but the last "
                f"frame is {index} (the first is 0)"
            )


def _any(masks: Iterable[Mask]) -> bool:
    return any(mask.any() for mask in masks)


def _write_masks(folder: Path, index: int, masks: Mapping[str, Mask]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"`write_masks` {folder}: {error.strerror}") from error
    for name, mask in masks.items():
        picture: Picture = mask[..., None].repeat(3, 2)
        path = folder / f"{name}_{index:06d}.png"
        if path.is_symlink():
            path.unlink()  # Replace the link, not its target.
        write_picture(path, picture)
