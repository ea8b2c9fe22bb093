"""Networks for the looks of one film: shots with similar colors share one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture
from vidnst.nets.bake import ONE_STYLE, BakedNetwork, load_baked
from vidnst.nets.network import fitting
from vidnst.nets.weights import read_metadata, read_weights, write_weights

Colors = npt.NDArray[np.float64]
"""Mean and standard deviation of frames' red, green and blue, (6,), in [0, 1]."""

_LOOKS = "looks"
"""In a weights file of several networks: the colors of each."""
_APART = 0.25
"""Colors further apart than this are two looks: a street by day and by night, not its two ends."""


@dataclass(frozen=True, eq=False)
class Look:
    """A network, and the colors of the frames that it was trained on."""

    colors: Colors
    network: BakedNetwork


def look_colors(frames: Iterable[Picture]) -> Colors:
    """The mean colors of frames, RGB uint8 (H, W, 3) each, which count equally at any size."""
    each = [np.concatenate([f.mean((0, 1)), f.std((0, 1))]) for f in frames]
    return np.asarray(np.mean(each, 0) / 255)


def grouped(frames: Sequence[Picture], most: int) -> list[list[int]]:
    """Cluster frames, RGB uint8 (H, W, 3), by look: their indices, in at most `most` groups.

    The two groups with the nearest mean colors are merged until all are further apart than _APART.
    """
    each = [look_colors([frame]) for frame in frames]
    groups = [[index] for index in range(len(frames))]
    while len(groups) > 1:
        means = np.stack([np.mean([each[i] for i in group], 0) for group in groups])
        apart = np.linalg.norm(means[:, None] - means[None], axis=2)
        apart[np.tril_indices(len(groups))] = np.inf
        first, second = np.unravel_index(int(apart.argmin()), apart.shape)
        if len(groups) <= most and apart[first, second] > _APART:
            break
        groups[first] = sorted(groups[first] + groups.pop(int(second)))
    return groups


def nearest_look(looks: Sequence[Look], frames: Sequence[Picture]) -> Look:
    """The look whose colors are nearest to frames, RGB uint8 (H, W, 3); without any, the first."""
    if not frames:
        return looks[0]
    wanted = look_colors(frames)
    return min(looks, key=lambda look: float(np.linalg.norm(look.colors - wanted)))


def save_looks(path: Path, looks: Sequence[Look], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file in float16, atomically."""
    if len(looks) == 1:
        looks[0].network.save(path, metadata)
        return
    tensors = {
        f"{index}.{name}": tensor
        for index, look in enumerate(looks)
        for name, tensor in look.network.convolutions.state_dict().items()
    }
    described = {
        "kind": ONE_STYLE,
        "shape": json.dumps(asdict(looks[0].network.shape)),
        _LOOKS: json.dumps([look.colors.tolist() for look in looks]),
    }
    write_weights(path, tensors, described | dict(metadata))


def load_looks(path: Path) -> tuple[list[Look], dict[str, str]]:
    """Read what save_looks wrote, and the metadata it was saved with.

    Raises WeightsError where the file is missing, damaged or of another kind or shape.
    """
    if _LOOKS not in read_metadata(path):
        network, metadata = load_baked(path)
        return [Look(np.zeros(6), network)], metadata
    tensors, metadata = read_weights(path)
    looks = []
    with fitting(path, metadata, ONE_STYLE) as shape:
        for index, colors in enumerate(json.loads(metadata[_LOOKS])):
            start = f"{index}."
            own = {k.removeprefix(start): t for k, t in tensors.items() if k.startswith(start)}
            network = BakedNetwork(shape, own).requires_grad_(False).eval()
            looks.append(Look(np.asarray(colors, np.float64), network))
    return looks, metadata
