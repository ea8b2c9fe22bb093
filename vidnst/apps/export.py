"""Write the network for one style as an ONNX file, and check it against PyTorch."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidnst.errors import UsageError, WeightsError
from vidnst.film.source import scene_of
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_style
from vidnst.media.result import PendingResult, check_target
from vidnst.nets.engines.onnx_graph import baked_parts, portable_graph, styled_parts
from vidnst.nets.engines.onnxruntime import onnx_session
from vidnst.nets.network import STRIDE
from vidnst.nets.single import SingleNetwork
from vidnst.options.render import RenderOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

_LEAST_PSNR = 60.0
_CHECKED_HW = (93, 130)
"""No multiples of the stride, because the file must take any size."""
_SIZE_OF_STYLE_HW = (512, 512)
"""Without a clip, the brush size is that for frames of this size."""


@dataclass(frozen=True)
class Exported:
    """What was written; psnr: of the file's result against PyTorch's, in dB."""

    output: Path
    psnr: float


def export(
    style: Path,
    output: Path,
    *,
    clip: Path | None = None,
    weights: Path | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write the network for a style picture as an ONNX file that takes frames of any size.

    clip: a film or picture whose statistics are baked in, as when it is rendered; without it every
    frame is normed by itself, which suits any scene, and is slower. weights: instead of the shipped
    ones.

    Raises UsageError, MediaError, OutputError and WeightsError.
    """
    if output.suffix != ".onnx":
        raise UsageError(f"{output}: an exported network's name ends in .onnx")
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise UsageError(f"export needs {missing[0]}: pip install 'vidnst[onnxruntime]'")
    check_target(output, (style, *([clip] if clip else [])), overwrite=overwrite)
    samples: list[Picture] = []
    size_hw = _SIZE_OF_STYLE_HW
    if clip is not None:
        samples, size_hw = scene_of(RenderOptions(clip, style), FastStylizer.shot_samples)
    stylizer = FastStylizer(
        read_style(style), StyleOptions(), size_hw=size_hw, weights=weights, dtype=torch.float32
    )
    height, width = _CHECKED_HW
    frame = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    # The same padding as in the file.
    whole = torch.nn.functional.pad(
        frame, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate"
    )
    with torch.inference_mode():
        if samples:
            baked = stylizer.bake(samples, strength=1.0)
            parts, expected = baked_parts(baked), baked(whole)
        else:
            parts = styled_parts(stylizer.network.shape, stylizer.styled())
            expected = SingleNetwork(stylizer.network.shape, stylizer.styled())(whole)
    model = portable_graph(stylizer.network.shape, parts)
    with PendingResult(output) as result:
        result.path.write_bytes(model.SerializeToString())
        psnr = _psnr(_run(result.path, frame), expected[..., :height, :width])
        if psnr < _LEAST_PSNR:
            raise WeightsError(
                f"{output} would paint otherwise than PyTorch ({psnr:.1f} dB, not {_LEAST_PSNR:g})"
            )
        result.keep()
    return Exported(output, psnr)


def _run(path: Path, frame: Tensor) -> Tensor:
    session = onnx_session(path.read_bytes())
    return torch.from_numpy(session.run(None, {"frame": frame.numpy()})[0])


def _psnr(found: Tensor, expected: Tensor) -> float:
    error = float((found - expected).square().mean())
    return float(-10 * np.log10(max(error, 1e-20)))
