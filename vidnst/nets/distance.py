"""How far a painted frame is from its style, and from its scene."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.nets.losses import content_loss, moments, style_loss
from vidnst.nets.perceptual import load_encoder
from vidnst.nets.weights import shipped_weights

_STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
_SCENE_LAYER = "relu4_1"
_SEEN_SIDE = 512


class StyleJudge:
    """Measures both distances with the slim encoder, every picture 512 px on its longer side."""

    def __init__(self, style: Picture) -> None:
        """style: RGB uint8 (H, W, 3)."""
        self._encoder = load_encoder(shipped_weights("slim.safetensors")).requires_grad_(False)
        with torch.inference_mode():
            features = self._encoder(_seen(style), _STYLE_LAYERS)
            self._style = {layer: moments(features[layer]) for layer in _STYLE_LAYERS}

    @torch.inference_mode()
    def distances(self, scene: Picture, painted: Sequence[Picture]) -> list[tuple[float, float]]:
        """Style and content distance of each painted frame of a scene, RGB uint8; 0 is the same.

        Style: the mean over relu1_1 to relu5_1 of (|m_r - m_s| / |m_s| + |C_r - C_s| / |C_s|) / 2,
        m and C mean and covariance of the features. Content: the mean squared difference of
        instance-normalized relu4_1.
        """
        of_scene = self._encoder(_seen(scene), (_SCENE_LAYER,))[_SCENE_LAYER]
        return [self._distances(picture, of_scene) for picture in painted]

    def _distances(self, painted: Picture, of_scene: Tensor) -> tuple[float, float]:
        features = self._encoder(_seen(painted), _STYLE_LAYERS)
        of_painted = {layer: moments(features[layer]) for layer in _STYLE_LAYERS}
        means, covariances = style_loss(of_painted, self._style)
        content = content_loss(features[_SCENE_LAYER], of_scene)
        return float((means + covariances) / 2), float(content)


def _seen(picture: Picture) -> Tensor:
    scale = _SEEN_SIDE / max(picture.shape[:2])
    height, width = (max(16, round(side * scale)) for side in picture.shape[:2])
    pixels = torch.from_numpy(resize(picture, (height, width))).permute(2, 0, 1)[None]
    return pixels.float().div_(255).contiguous(memory_format=torch.channels_last)
