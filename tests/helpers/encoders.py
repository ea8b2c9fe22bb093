"""Small encoders."""

import torch

from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.training.start import fresh_encoder

SMALL_CHANNELS = {"1_1": 16, "1_2": 16, "2_1": 32, "2_2": 32, "3_1": 64, "3_2": 64, "4_1": 128}
"""Of a small encoder: the layers a style is trained with, and few channels."""


def teacher_channels() -> dict[str, int]:
    """The layers whose gradient is taught are among them."""
    return {
        **{"1_1": 16, "1_2": 16, "2_1": 32, "2_2": 32, "3_1": 64, "3_2": 64, "3_3": 32},
        **{"4_1": 128, "4_2": 32, "4_3": 64},
    }


def teacher() -> PerceptualEncoder:
    return fresh_encoder(teacher_channels(), torch.Generator().manual_seed(9))
