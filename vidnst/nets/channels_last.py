"""Faster versions of torch operations that are slow on channels-last tensors on a CPU."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

NORM_EPSILON = 1e-5


def reflect(features: Tensor) -> Tensor:
    """Pad (B, C, H, W) by one pixel on each side, reflected; H and W must be 2 or more.

    The same as F.pad(features, (1, 1, 1, 1), "reflect"); its gradient takes a third of the time.
    """
    learning = features.requires_grad and torch.is_grad_enabled()
    # The inner loop of F.pad is over channels: it is fast only where there are many.
    if learning or features.shape[1] <= 32:
        result: Tensor = _Reflect.apply(features)
        return result
    padded = F.pad(features, (1, 1, 1, 1), mode="reflect")
    return padded.contiguous(memory_format=torch.channels_last)


def instance_norm(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Bring each channel of (B, C, H, W) to mean `shift` and deviation `scale`, each (B, C).

    The same as addcmul(shift, F.instance_norm(features), scale), but it stays channels-last, and
    its gradient takes a fifth of the time.
    """
    normalized: Tensor = _InstanceNorm.apply(features, scale, shift)
    return normalized


def doubled(features: Tensor) -> Tensor:
    """Double height and width of (B, C, H, W) by bilinear interpolation.

    The same as F.interpolate(features, scale_factor=2, mode="bilinear"), in half the time where no
    gradient is needed.
    """
    if features.requires_grad and torch.is_grad_enabled():
        return F.interpolate(features, scale_factor=2.0, mode="bilinear")
    batch, channels, height, width = features.shape
    pixels = features.permute(0, 2, 3, 1)
    # Each new line lies a quarter of the way from an old one to its neighbor, or on the edge.
    lines = pixels.new_empty(batch, height, 2, width, channels)
    lines[:, 0, 0] = pixels[:, 0]
    lines[:, 1:, 0] = torch.lerp(pixels[:, 1:], pixels[:, :-1], 0.25)
    lines[:, :-1, 1] = torch.lerp(pixels[:, :-1], pixels[:, 1:], 0.25)
    lines[:, -1, 1] = pixels[:, -1]
    pixels = lines.view(batch, 2 * height, width, channels)
    columns = pixels.new_empty(batch, 2 * height, width, 2, channels)
    columns[:, :, 0, 0] = pixels[:, :, 0]
    columns[:, :, 1:, 0] = torch.lerp(pixels[:, :, 1:], pixels[:, :, :-1], 0.25)
    columns[:, :, :-1, 1] = torch.lerp(pixels[:, :, :-1], pixels[:, :, 1:], 0.25)
    columns[:, :, -1, 1] = pixels[:, :, -1]
    return columns.view(batch, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)


def averaged(features: Tensor, side: int) -> Tensor:
    """Average (B, C, H, W) over squares of `side` pixels; an incomplete last row or column is left.

    The same as F.avg_pool2d(features, side); its gradient takes half of the time.
    """
    result: Tensor = _Averaged.apply(features, side)
    return result


def space_to_depth(pictures: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, 4 C, H / 2, W / 2): each 2x2 block of pixels as channels, row by row.

    As F.pixel_unshuffle, but in a channel order that keeps the channels of a pixel contiguous.
    """
    batch, channels, height, width = pictures.shape
    rows = pictures.permute(0, 2, 3, 1).reshape(batch, height // 2, 2, width // 2, 2 * channels)
    blocks = torch.stack([rows[:, :, 0], rows[:, :, 1]], 3)
    return blocks.flatten(3).permute(0, 3, 1, 2)


def depth_to_space(features: Tensor) -> Tensor:
    """(B, 4 C, H, W) -> (B, C, 2 H, 2 W): the inverse of space_to_depth."""
    batch, channels, height, width = features.shape
    blocks = features.permute(0, 2, 3, 1).reshape(batch, height, width, 2, channels // 2)
    rows = torch.stack([blocks[:, :, :, 0], blocks[:, :, :, 1]], 2)
    pixels = rows.reshape(batch, 2 * height, 2 * width, channels // 4)
    return pixels.permute(0, 3, 1, 2)


class _Reflect(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        batch, channels, height, width = features.shape
        padded = features.new_empty(batch, height + 2, width + 2, channels)
        inner = features.permute(0, 2, 3, 1)
        padded[:, 1:-1, 1:-1] = inner
        padded[:, 0, 1:-1] = inner[:, 1]
        padded[:, -1, 1:-1] = inner[:, -2]
        padded[:, :, 0] = padded[:, :, 2]
        padded[:, :, -1] = padded[:, :, -3]
        return padded.permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        padded = gradients[0].permute(0, 2, 3, 1)
        inner = padded[:, 1:-1, 1:-1].clone(memory_format=torch.contiguous_format)
        # The padding in reverse: columns with their corners first, then rows.
        columns = {1: padded[:, :, 0].clone(), -2: padded[:, :, -1].clone()}
        for place, column in columns.items():
            column[:, 2] += column[:, 0]
            column[:, -3] += column[:, -1]
            inner[:, :, place] += column[:, 1:-1]
        inner[:, 1] += padded[:, 0, 1:-1]
        inner[:, -2] += padded[:, -1, 1:-1]
        return inner.permute(0, 3, 1, 2)


class _Averaged(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, side: int) -> Tensor:
        ctx.side, ctx.size = side, features.shape[2:]
        return F.avg_pool2d(features, side)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        side, (height, width) = ctx.side, ctx.size
        pixels = (gradients[0] / side**2).permute(0, 2, 3, 1)
        batch, lines, columns, channels = pixels.shape
        # Columns first: what is then copied line by line is long, and long copies are fast.
        wide = pixels[:, :, :, None].expand(-1, -1, -1, side, -1).reshape(batch, lines, 1, -1)
        spread = wide.expand(-1, -1, side, -1).reshape(batch, lines * side, -1, channels)
        below, beside = height - lines * side, width - columns * side
        if below or beside:
            spread = F.pad(spread, (0, 0, 0, beside, 0, below))
        return spread.permute(0, 3, 1, 2), None


class _InstanceNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2).float()
        pixels = pixels - pixels.mean(1, keepdim=True)
        inverse = torch.rsqrt(pixels.square().mean(1, keepdim=True) + NORM_EPSILON)
        normalized = pixels.mul_(inverse).to(x.dtype)
        ctx.save_for_backward(normalized, inverse, scale)
        y = torch.addcmul(shift[:, None].to(x.dtype), normalized, scale[:, None].to(x.dtype))
        return y.reshape(x.shape[0], *x.shape[2:], x.shape[1]).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        normalized, inverse, scale = ctx.saved_tensors
        (gradient,) = gradients
        height, width = gradient.shape[2:]
        pixels = gradient.permute(0, 2, 3, 1).flatten(1, 2)
        of_shift = pixels.sum(1, dtype=torch.float32)
        of_scale = (pixels * normalized).sum(1, dtype=torch.float32)
        # x's gradient is a g - b n - c: linear in the output's gradient and the normalized x.
        factor = inverse * scale[:, None]
        mean, slope = (t[:, None] / (height * width) * factor for t in (of_shift, of_scale))
        dtype = normalized.dtype
        of_x = torch.addcmul(-mean.to(dtype), pixels, factor.to(dtype))
        of_x = of_x.addcmul_(normalized, slope.to(dtype), value=-1)
        of_x = of_x.reshape(len(pixels), height, width, -1)
        return of_x.permute(0, 3, 1, 2), of_scale, of_shift
