"""MoveNet single pose as ONNX: 17 joints of the person in a square crop."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints
from diffhpe_ros.detection.onnx.crop import BoxCrop
from diffhpe_ros.onnx_session import OnnxModel

_SCORES = (0.1, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.9)
_ERRORS = (0.22, 0.12, 0.11, 0.095, 0.06, 0.043, 0.025, 0.018)
"""Standard deviation along each image axis, in sizes of the person: Lightning's on four real views
(`bench/real_views.py --detector onnx --min-confidence 0`)."""


class MoveNet:
    """Joints with the errors measured at their scores: the model gives no covariance."""

    layout = "coco17"

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self.device = model.providers[0]
        self._batches = model.input_shape[0] is None
        self._size = model.input_shape[1] or 192

    @staticmethod
    def fits(model: OnnxModel) -> bool:
        """Whether a model is a MoveNet: an image (1, S, S, 3) in, (1, 1, 17, 3) out."""
        _, *inner = model.input_shape or (None,)
        outputs = list(model.outputs.values())
        return len(inner) == 3 and inner[2] == 3 and [o[1:] for o in outputs] == [(1, 17, 3)]

    def estimate(self, image_bgr: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Joints]:
        """Joints of the people in boxes (P, 4) x0 y0 x1 y1 of an image (H, W, 3)."""
        if not len(boxes):
            return []
        crops = [BoxCrop.around(image_bgr, box, self._size, self._size) for box in boxes]
        tensor = np.stack([crop.image[:, :, ::-1] for crop in crops])
        parts = [tensor] if self._batches else np.split(tensor, len(tensor))
        outputs = [next(iter(self._model.run(part).values())) for part in parts]
        rows = np.concatenate(outputs)[:, 0].astype(np.float64)
        return [self._joints(crop, each) for crop, each in zip(crops, rows, strict=True)]

    def _joints(self, crop: BoxCrop, rows: NDArray[np.float64]) -> Joints:
        """Joints from a crop's rows (17, 3): y, x and score in 0..1."""
        y, x, score = rows.T
        pixels = crop.to_image(np.stack([x, y], -1) * self._size)
        size = float(np.ptp(pixels, axis=0).max())
        sd = size * np.interp(score, _SCORES, _ERRORS)
        return Joints(pixels, score, (sd**2)[:, None, None] * np.eye(2))
