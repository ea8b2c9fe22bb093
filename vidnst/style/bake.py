"""Bake one style into the network: what is left is a plain stack of convolutions.

With the style known and the norms' statistics measured on some frames and then frozen, every norm
is a scale and a shift, and folds into the convolution before it. The result is faster, paints the
same in tiles as in one piece, and does not pump in brightness as per-frame statistics do (ReReVST:
Wang et al. 2020, section III).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidnst.style.network import StyleNetwork


class BakedNetwork(nn.Module):
    """Paint RGB frames (B, 3, H, W) in [0, 1] in one style; H and W are multiples of STRIDE."""

    def __init__(self, network: StyleNetwork, code: Tensor, frames: Tensor) -> None:
        """Freeze network at the style code (1, N) and the statistics of frames (B, 3, H, W)."""
        super().__init__()
        folded = network.fold_norms(frames, code)

        def bake(convolution: nn.Module, norm: str) -> nn.Conv2d:
            assert isinstance(convolution, nn.Conv2d)
            scale, shift = folded[norm]
            return _convolution(convolution.weight * scale[:, None, None, None], shift, convolution)

        self.enter = bake(network.enter, "enter")
        self.shrink = bake(network.shrink, "shrink")
        self.residual = nn.ModuleList(
            nn.ModuleList(
                [
                    bake(convolution, f"residual{index}{letter}")
                    for letter, convolution in zip("ab", block.children(), strict=True)
                ]
            )
            for index, block in enumerate(network.residual)
        )
        # One norm follows the sum of these two; its shift goes with the second.
        self.grow = _grown_by_phases(network.grow.weight * folded["grow"][0][:, None, None, None])
        self.skip = bake(network.skip, "grow")
        self.mix = bake(network.mix, "mix")
        assert network.leave.bias is not None
        self.leave = _convolution(network.leave.weight, network.leave.bias, network.leave)
        self.requires_grad_(False).eval()

    def forward(self, frame: Tensor) -> Tensor:
        fine = F.relu(self.enter(F.pixel_unshuffle(frame, 2)))
        x = F.relu(self.shrink(fine))
        for block in self.residual:
            first, second = block.children()
            x = x + second(F.relu(first(x)))
        x = F.relu(F.pixel_shuffle(self.grow(x), 2) + self.skip(fine))
        x = F.relu(self.mix(x))
        return torch.sigmoid(F.pixel_shuffle(self.leave(x), 2).float())


def _convolution(weight: Tensor, bias: Tensor, like: nn.Conv2d) -> nn.Conv2d:
    outputs, inputs, size, _ = weight.shape
    convolution = nn.Conv2d(
        inputs,
        outputs,
        size,
        like.stride[0],
        size // 2,
        padding_mode=like.padding_mode,
    )
    with torch.no_grad():
        convolution.weight.copy_(weight)
        assert convolution.bias is not None
        convolution.bias.copy_(bias)
    return convolution


def _grown_by_phases(weight: Tensor) -> nn.Conv2d:
    """Doubling by nearest neighbor and then convolving (O, I, 3, 3), as one convolution before.

    Each output pixel of a 2x2 group sees its own 2x2 of the small picture, so the four phases are
    four small kernels whose results pixel_shuffle interleaves. Reflecting at the doubled picture's
    border repeats its edge, which the small picture's padding does here.
    """
    outputs, inputs = weight.shape[:2]
    phases = torch.zeros(outputs, 2, 2, inputs, 3, 3)
    for row in (0, 1):
        for column in (0, 1):
            for i in range(3):
                for j in range(3):
                    # Tap i of phase `row` reads doubled row 2y + row + i - 1, which is small row:
                    y, x = (row + i - 1) // 2 + 1, (column + j - 1) // 2 + 1
                    phases[:, row, column, :, y, x] += weight[:, :, i, j].cpu()
    convolution = nn.Conv2d(inputs, 4 * outputs, 3, 1, 1, bias=False, padding_mode="replicate")
    with torch.no_grad():
        convolution.weight.copy_(phases.reshape(4 * outputs, inputs, 3, 3))
    return convolution
