"""All that a render reads: one list for overwrite checks, manifests, workers and project files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vidnst.errors import MediaError
from vidnst.media.digest import content_digest, files_at
from vidnst.options.render import RenderOptions


@dataclass(frozen=True)
class Input:
    """A file, a folder of pictures or of flow, or numbered pictures, and its role."""

    path: Path
    role: str

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files, one by one. Raises MediaError for a folder without pictures."""
        return files_at(self.path)

    @property
    def digest(self) -> str:
        """Its content_digest; empty also for a folder without pictures."""
        try:
            return content_digest(self.path)
        except MediaError:
            return ""


def inputs_of(options: RenderOptions) -> tuple[Input, ...]:
    """All inputs that these options name."""
    return tuple(_inputs(options))


def _inputs(options: RenderOptions) -> Iterator[Input]:
    yield Input(options.source, "source")
    if options.stylizer.takes_styles:
        yield from (Input(style.path, "style") for style in options.styles)
    if options.mixing.fine is not None:
        yield Input(options.mixing.fine, "fine style")
    yield from (Input(path, role) for role, path in options.stylizer.files)
    if options.flow.flow_dir is not None:
        yield Input(options.flow.flow_dir, "flow")
    for region in options.regions.regions:
        for role, path in (
            ("mask", region.mask),
            ("region style", region.style),
            ("style mask", region.style_mask),
        ):
            if path is not None:
                yield Input(path, role)


def files_read(options: RenderOptions) -> tuple[Path, ...]:
    """The files that are read, which no result may replace. Raises as Input.files does."""
    return tuple(file for each in inputs_of(options) for file in each.files)


def styles_read(options: RenderOptions) -> tuple[Path, ...]:
    """The style pictures. Raises as Input.files does."""
    return tuple(f for each in inputs_of(options) if "style" in each.role for f in each.files)
