"""The image transformation network of Johnson et al. 2016, as its peers run it.

Written from the paper's supplementary material, table 1, with the usual later changes: instance
norm in place of batch norm, and upsampling by nearest neighbor and convolution in place of strided
transposed convolution. Only its speed is measured, so its weights stay random.
"""

import torch.nn.functional as F
from torch import Tensor, nn


def _layer(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReflectionPad2d(size // 2),
        nn.Conv2d(inputs, outputs, size, stride),
        nn.InstanceNorm2d(outputs, affine=True),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = _layer(channels, channels, 3), _layer(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class JohnsonNetwork(nn.Module):
    """RGB (B, 3, H, W) to RGB: 9x9-32, 3x3-64/2, 3x3-128/2, five residual blocks, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([_layer(3, 32, 9), _layer(32, 64, 3, 2), _layer(64, 128, 3, 2)])
        self.residual = nn.Sequential(*(_Residual(128) for _ in range(5)))
        self.up = nn.ModuleList([_layer(128, 64, 3), _layer(64, 32, 3)])
        self.out = nn.Sequential(nn.ReflectionPad2d(4), nn.Conv2d(32, 3, 9))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.down:
            x = F.relu(layer(x))
        x = self.residual(x)
        for layer in self.up:
            x = F.relu(layer(F.interpolate(x, scale_factor=2.0, mode="nearest")))
        return self.out(x)
