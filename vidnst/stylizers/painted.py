"""The painted stylizer: paints a film like a few of its frames that an artist painted."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from vidnst.errors import WeightsError
from vidnst.frames.frame import Picture, ShotFrame, Weights
from vidnst.motion.carry import Carrier, Known
from vidnst.nets.bake import ONE_STYLE, BakedNetwork
from vidnst.nets.device import chosen_device
from vidnst.nets.network import fitting
from vidnst.nets.perceptual import named_encoder
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures
from vidnst.nets.training.painted import teach_paintings
from vidnst.nets.training.teaching import Lesson
from vidnst.nets.weights import SHA256, read_weights, write_weights
from vidnst.options.compute import ComputeOptions
from vidnst.options.painted import PaintedFrame, PaintedOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.feed_forward import FeedForwardStylizer
from vidnst.stylizers.paintings import nearest_shot, own_shot, read_paintings, require_fitting
from vidnst.stylizers.tuned import cache_folder, digest_of, keep, without_brush

_SHOTS = "painted shots"
"""In a file's metadata: how many painted frames each shot has."""
_PTS = "their pts"
"""In a file's metadata: shot_pts of each shot."""


@dataclass(frozen=True, eq=False)
class PaintedShot:
    """A network trained on a shot's painted frames, and these frames.

    shot_pts: as in ShotFrame; None where it is not known.
    """

    network: BakedNetwork
    known: tuple[Known, ...]
    shot_pts: int | None = None


class PaintedStylizer(FeedForwardStylizer):
    """Paints frames of one size with a network for each shot, trained on its painted frames.

    What is visible in a painted frame is warped from that painting along the motion; the network
    paints the rest. A shot without a painted frame is painted as teaching.unpainted says.
    """

    shot_samples = 5

    def __init__(
        self,
        frames: Sequence[PaintedFrame],
        options: StyleOptions,
        teaching: PaintedOptions = PaintedOptions(),
        compute: ComputeOptions = ComputeOptions(),
        *,
        style: StylePictures | None = None,
        size_hw: tuple[int, int],
        at_once: int | None = None,
        scales: tuple[float, ...] = (1.0,),
        on_step: Callable[[Step], None] = lambda step: None,
        on_note: Callable[[str], None] = lambda words: None,
    ) -> None:
        """style: of shots without a painted frame, needed for unpainted="style". size_hw: of the
        frames that will come. scales: to learn at, shares of that size. on_note: callback for
        warnings about the paintings.

        Raises UsageError for paintings of another aspect ratio or two of one time, MediaError where
        one cannot be read.
        """
        super().__init__(without_brush(options), compute, size_hw=size_hw, at_once=at_once)
        require_fitting(frames, size_hw)
        self._frames, self._teaching, self._on_step = frames, teaching, on_step
        self._on_note = on_note
        self._styled: FastStylizer | None = None
        """What paints the shots without a painted frame, where they get a style."""
        if teaching.unpainted == "style":
            assert style is not None
            self._styled = FastStylizer(style, self.options, compute, size_hw=size_hw)
        self._scales = scales
        self.clip_seconds = tuple(frame.seconds for frame in frames)
        self._shots: list[PaintedShot] = []
        self._shot_pts: int | None = None
        self._own = True
        """Whether the shot has a painted frame of its own."""
        self._carrier = Carrier(())
        """Of the shot's painted frames, at the network's size."""

    def begin_known(self, frames: Sequence[ShotFrame]) -> None:
        """Train on the painted frames. Raises what read_paintings raises."""
        shots = read_paintings(self._frames, frames, on_note=self._on_note)
        self.learn(
            [shot.known for shot in shots],
            [shot.shot_pts for shot in shots],
            rounds=[[frame.round for frame in shot.frames] for shot in shots],
        )

    def learn(
        self,
        shots: Sequence[Sequence[Known]],
        shot_pts: Sequence[int | None] | None = None,
        *,
        rounds: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """Train a network on the painted frames of each shot, at least one.

        shot_pts: names the shots as in ShotFrame. rounds: of each frame, as in PaintedFrame; None
        learns all of a shot at once.
        """
        self._shots = []
        for number, known in enumerate(shots):
            doing = "learning" if len(shots) == 1 else f"learning shot {number + 1} of {len(shots)}"
            pts = None if shot_pts is None else shot_pts[number]
            of_each = [0] * len(known) if rounds is None else rounds[number]
            so_far = [
                [k for k, r in zip(known, of_each, strict=True) if r <= last]
                for last in sorted(set(of_each))
            ]
            self._shots.append(PaintedShot(self._network_of(so_far, doing), tuple(known), pts))

    def use(self, shots: Sequence[PaintedShot]) -> None:
        """Paint with networks trained before."""
        self._shots, self.clip_seconds = list(shots), ()

    @property
    def shots(self) -> Sequence[PaintedShot]:
        """The trained networks and their painted frames."""
        return self._shots

    def enter_shot(self, shot_pts: int) -> None:
        self._shot_pts = shot_pts

    def of_shot(self, samples: Sequence[Picture]) -> BakedNetwork | None:
        shot = own_shot(self._shots, self._shot_pts)
        self._own = shot is not None
        self.leaves_shot = not self._own and self._teaching.unpainted == "scene"
        if shot is None and self._teaching.unpainted != "nearest":
            self._carrier = Carrier(())
            return None if self._styled is None else self._styled.of_shot(samples)
        shot = shot or nearest_shot(self._shots, samples)
        self._carrier = Carrier(shot.known, self._padded)
        return shot.network

    def _blend_weight(self) -> float:
        if self._own or self._styled is None:
            return super()._blend_weight()
        return self._styled._blend_weight()

    def _run(self, padded: Picture, weights: Weights) -> Picture:
        return self._carrier.to(padded).over(super()._run(padded, weights))

    def _network_of(self, rounds: Sequence[Sequence[Known]], doing: str) -> BakedNetwork:
        """The network trained on painted frames of a shot, cached or new.

        rounds: the frames up to each round. What a round starts from is part of its cache key, and
        never depends on what the cache holds: the same frames and rounds give the same network.
        """
        paths: list[Path] = []
        for known in rounds:
            parts = (part.tobytes() for k in known for part in (k.scene, k.painting))
            made_of = {
                "known": digest_of(*parts),
                "size": json.dumps(self.size_hw),
                "settings": json.dumps({"painted_steps": self._teaching.painted_steps}),
                "base": digest_of(repr(SHA256).encode()),
                "start": paths[-1].name if paths else "",
            }
            if self._scales != (1.0,):
                made_of["scales"] = json.dumps(self._scales)
            key = digest_of(json.dumps(made_of).encode())
            paths.append(cache_folder() / f"{key}.safetensors")
        network, done = _latest(paths)
        for path, known in zip(paths[done:], rounds[done:], strict=True):
            taught = self._taught(known, network, doing)
            keep(path, partial(save_painted, path, [PaintedShot(taught, ())]))
            # Rounded as it would be if loaded from the cache.
            network = taught.half().float()
        assert network is not None
        return network

    def _taught(
        self, known: Sequence[Known], start: BakedNetwork | None, doing: str
    ) -> BakedNetwork:
        """start: a network taught by some of the frames; None begins with the one for any style."""
        steps = self._teaching.painted_steps
        if start is None:
            style = known[0].painting
            fast = FastStylizer(style, self.options, self._compute, size_hw=self.size_hw)
            start = fast.bake([each.scene for each in known], strength=1.0)
        else:
            steps = max(1, steps // 2)
        return teach_paintings(
            start,
            [self._lesson(each, scale) for scale in self._scales for each in known],
            named_encoder("slim", pooling="max").requires_grad_(False),
            steps=steps,
            dtype=self._dtype,
            device=chosen_device(self._compute.device),
            doing=doing,
            on_step=self._on_step,
        )

    def _lesson(self, known: Known, scale: float) -> Lesson:
        self.paint_at(scale)
        lesson = Lesson(*(self._to_network(each).float() for each in (known.scene, known.painting)))
        self.paint_at(1.0)
        return lesson


def _latest(paths: Sequence[Path]) -> tuple[BakedNetwork | None, int]:
    """The cached network of the last round that has one, and how many rounds that is."""
    for number, path in reversed(list(enumerate(paths, 1))):
        try:
            (shot,) = load_painted(path)
            path.touch()
            return shot.network, number
        except (WeightsError, OSError):
            pass  # Not there, or damaged.
    return None, 0


def save_painted(path: Path, shots: Sequence[PaintedShot]) -> None:
    """Write a safetensors file, atomically. Raises OutputError."""
    tensors: dict[str, Tensor] = {}
    for index, shot in enumerate(shots):
        for name, tensor in shot.network.convolutions.state_dict().items():
            tensors[f"{index}.network.{name}"] = tensor
        for number, known in enumerate(shot.known):
            # Whole numbers up to 255 are exact in float16.
            tensors[f"{index}.scene.{number}"] = torch.from_numpy(known.scene)
            tensors[f"{index}.painting.{number}"] = torch.from_numpy(known.painting)
    shape = json.dumps(asdict(shots[0].network.shape))
    counts = json.dumps([len(shot.known) for shot in shots])
    pts = json.dumps([shot.shot_pts for shot in shots])
    write_weights(path, tensors, {"kind": ONE_STYLE, "shape": shape, _SHOTS: counts, _PTS: pts})


def load_painted(path: Path) -> list[PaintedShot]:
    """Read what save_painted wrote.

    Raises WeightsError where the file is missing, damaged or of another kind or shape.
    """
    tensors, metadata = read_weights(path)
    if not {_SHOTS, _PTS} <= metadata.keys():
        raise WeightsError(f"{path} holds nothing that was learned from painted frames")
    with fitting(path, metadata, ONE_STYLE) as shape:
        return [
            PaintedShot(
                BakedNetwork(shape, _named(tensors, f"{index}.network."))
                .requires_grad_(False)
                .eval(),
                tuple(
                    Known(
                        tensors[f"{index}.scene.{number}"].byte().numpy(),
                        tensors[f"{index}.painting.{number}"].byte().numpy(),
                    )
                    for number in range(count)
                ),
                shot_pts,
            )
            for index, (count, shot_pts) in enumerate(
                zip(json.loads(metadata[_SHOTS]), json.loads(metadata[_PTS]), strict=True)
            )
        ]


def _named(tensors: Mapping[str, Tensor], start: str) -> dict[str, Tensor]:
    return {k.removeprefix(start): t for k, t in tensors.items() if k.startswith(start)}
