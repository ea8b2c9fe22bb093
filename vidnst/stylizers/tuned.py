"""The tuned stylizer: the network, tuned to one style and to frames of this clip."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import platformdirs

from vidnst.errors import OutputError, WeightsError
from vidnst.frames.frame import Picture
from vidnst.nets.bake import ONE_STYLE, BakedNetwork
from vidnst.nets.device import chosen_device
from vidnst.nets.perceptual import named_encoder
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures, style_pictures
from vidnst.nets.training.tuning import tune
from vidnst.nets.weights import SHA256, read_metadata
from vidnst.options.compute import ComputeOptions
from vidnst.options.learning import TuneOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.feed_forward import FeedForwardStylizer
from vidnst.stylizers.looks import Look, load_looks, look_colors, nearest_look, save_looks

_MOST_PIXELS = 40_000_000
"""Limit on the pixels of the frames held in memory for tuning, at twelve bytes each."""

TAUGHT = "lessons"
"""The metadata key, in the file of a taught network, of the stylizer that painted its lessons."""

_KEPT_NAME = re.compile(r"[0-9a-f]{16,64}\.safetensors")
_MOST_KEPT = 100
"""The number of tuned networks kept in the cache, of some megabytes each."""


class TunedStylizer(FastStylizer):
    """Paints frames of one size with a network tuned to the style and to this clip.

    It is tuned to the frames given to begin_clip. Tuned networks are kept in the user's cache and
    reused for the same frames, style and settings.
    """

    clip_samples = 16
    shot_samples = 1
    """Enough to recognize the shot's look."""

    def __init__(
        self,
        style: Picture | StylePictures,
        options: StyleOptions,
        tuning: TuneOptions,
        compute: ComputeOptions = ComputeOptions(),
        *,
        size_hw: tuple[int, int],
        at_once: int | None = None,
        weights: Path | None = None,
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> None:
        """style: RGB uint8 (H, W, 3), or several mixed. size_hw: of the frames that will come.

        Raises MediaError for frames larger than most_pixels, WeightsError for unfit weights.
        """
        super().__init__(style, options, compute, size_hw=size_hw, at_once=at_once, weights=weights)
        self._base = digest_of(weights.read_bytes() if weights else repr(SHA256).encode())
        self._tuning = tuning
        self._on_step = on_step
        self._looks: list[Look] = []

    def tuned(self, samples: Sequence[Picture]) -> tuple[list[Look], dict[str, str]]:
        """The networks tuned to frames of a clip, cached or new, and metadata for the cache key.

        samples: RGB uint8 (H, W, 3) each.
        """
        made_of = self._made_of(samples)
        path = cache_folder() / f"{digest_of(json.dumps(made_of).encode())}.safetensors"
        try:
            looks, metadata = load_looks(path)
            if metadata.items() >= made_of.items():
                path.touch()
                return looks, made_of
        except (WeightsError, OSError):
            pass  # Not there, or damaged.
        looks = self._learned(samples)
        keep(path, lambda: save_looks(path, looks, made_of))
        # Rounded as they would be if loaded from the cache.
        return [replace(look, network=look.network.half().float()) for look in looks], made_of

    def _learned(self, samples: Sequence[Picture]) -> list[Look]:
        network = tune(
            self.bake(samples, strength=1.0),
            self._wanted_style(samples),
            [frame.float() for frame in self._spread(samples, _MOST_PIXELS)],
            named_encoder("slim", pooling="max"),
            self._tuning,
            style_side=self._style_side(),
            dtype=self._dtype,
            device=chosen_device(self._compute.device),
            on_step=self._on_step,
        )
        return [Look(look_colors(samples), network)]  # It is tuned to all shots at once.

    def of_clip(self, samples: Sequence[Picture]) -> BakedNetwork | None:
        self._looks, _ = self.tuned(samples)
        return self._looks[0].network

    def of_shot(self, samples: Sequence[Picture]) -> BakedNetwork | None:
        return network_of_shot(self._looks, samples)

    def _blend_weight(self) -> float:
        return self.options.strength

    def _made_of(self, samples: Sequence[Picture]) -> dict[str, str]:
        """Everything that determines the network: its cache key and metadata."""
        height, width = self._inner_hw
        return {
            "base": self._base,
            "style": style_digest(self._style, self.options),
            "frames": digest_of(*(sample.tobytes() for sample in samples)),
            "size": f"{width}x{height}",
            "settings": json.dumps(asdict(self._tuning)),
        }


class RetrievedStylizer(FeedForwardStylizer):
    """Paints frames of one size with networks that `vidnst tune` wrote."""

    shot_samples = 1

    def __init__(
        self,
        weights: Path,
        style: Picture | StylePictures,
        options: StyleOptions,
        compute: ComputeOptions = ComputeOptions(),
        *,
        size_hw: tuple[int, int],
        at_once: int | None = None,
    ) -> None:
        """style: RGB uint8 (H, W, 3), or several mixed.

        Raises WeightsError where the file was tuned to another style than this one.
        """
        self._looks, metadata = load_looks(weights)
        super().__init__(
            without_brush(options) if TAUGHT in metadata else options,
            compute,
            size_hw=size_hw,
            at_once=at_once,
        )
        if metadata.get("style") != style_digest(style_pictures(style), options):
            raise WeightsError(
                f"{weights} was tuned to another style picture than this one, or to others in the "
                "mixture, or with another `color`"
            )
        self._use(self._looks[0].network)

    def of_shot(self, samples: Sequence[Picture]) -> BakedNetwork | None:
        return network_of_shot(self._looks, samples)


def network_of_shot(looks: Sequence[Look], samples: Sequence[Picture]) -> BakedNetwork | None:
    """As FeedForwardStylizer.of_shot: None for a clip of one look, which has one network."""
    return nearest_look(looks, samples).network if len(looks) > 1 else None


def without_brush(options: StyleOptions) -> StyleOptions:
    """Options for a network whose marks get their size from its lessons."""
    return replace(options, brush_size=None)


def is_tuned(weights: Path) -> bool:
    """Whether a weights file holds a tuned network. Raises WeightsError where it cannot be read."""
    return read_metadata(weights).get("kind") == ONE_STYLE


def style_digest(style: StylePictures, options: StyleOptions) -> str:
    """The hash that identifies a style in a weights file."""
    parts: list[bytes] = []
    if len(style.pictures) > 1:
        parts.append(repr(style.shares).encode())
    for picture in style.pictures:
        parts += [repr(picture.shape).encode(), picture.tobytes()]
    if style.fine is not None:
        parts += [b"fine", style_digest(style.fine, StyleOptions()).encode()]
    if options.color == "match":
        parts.append(b"match")
    return digest_of(*parts)


def digest_of(*parts: bytes) -> str:
    """The sha256 of the concatenated parts, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def cache_folder() -> Path:
    """The folder of cached networks, inside $VIDNST_CACHE or else the user's cache folder."""
    place = os.environ.get("VIDNST_CACHE")
    return (Path(place) if place else platformdirs.user_cache_path("vidnst")) / "tuned"


def keep(path: Path, save: Callable[[], None]) -> None:
    """Save networks to a path in the cache, and evict the oldest files.

    Errors of the file system are ignored.
    """
    try:
        # For the user alone: names tell what was painted, and another account must add nothing.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        save()
        # Only files with names of ours: the folder may contain others.
        own = [p for p in path.parent.iterdir() if _KEPT_NAME.fullmatch(p.name) and p.is_file()]
        kept = sorted(own, key=lambda p: p.stat().st_mtime)
        for old in kept[:-_MOST_KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, OutputError):
        pass
