"""The paintings, read once: their codes, and what the teachers see in them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vidnst.style.code import style_code
from vidnst.style.losses import Moments, moments
from vidnst.style.perceptual import PerceptualEncoder
from vidnst.training.pictures import as_float


@dataclass(frozen=True)
class Styles:
    """All paintings read once: their codes, and what each teacher sees in them."""

    codes: Tensor
    moments: list[dict[str, Moments]]

    def of(self, teacher: int, indices: Tensor) -> dict[str, Moments]:
        return {
            layer: Moments(m.mean[indices], m.covariance[indices])
            for layer, m in self.moments[teacher].items()
        }


@torch.no_grad()
def read_styles(
    squares: Tensor,
    encoder: PerceptualEncoder,
    teachers: list[PerceptualEncoder],
    device: torch.device,
) -> Styles:
    encoder = encoder.to(device)
    codes: list[Tensor] = []
    seen: list[dict[str, list[Moments]]] = [{la: [] for la in t.style_layers} for t in teachers]
    for start in range(0, len(squares), 16):
        pictures = as_float(squares[start : start + 16].to(device))
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        codes.append(style_code(encoder, pictures))
        for teacher, collected in zip(teachers, seen, strict=True):
            for layer, features in teacher(pictures, teacher.style_layers).items():
                collected[layer].append(moments(features))
    joined = [
        {
            layer: Moments(
                torch.cat([m.mean for m in parts]), torch.cat([m.covariance for m in parts])
            )
            for layer, parts in collected.items()
        }
        for collected in seen
    ]
    return Styles(torch.cat(codes), joined)
