"""MoveNet single pose as ONNX: 17 joints of the person in a square crop."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints
from diffhpe_ros.detection.onnx.crop import Crop
from diffhpe_ros.onnx_session import OnnxModel


class MoveNet:
    """Joints by regression, without any measure of their spread."""

    layout = "coco17"

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self.device = model.providers[0]
        self._size = model.input_shape[1] or 192

    @staticmethod
    def fits(model: OnnxModel) -> bool:
        """Whether a model is one: an image (1, S, S, 3) in, (1, 1, 17, 3) out."""
        _, *inner = model.input_shape or (None,)
        outputs = list(model.outputs.values())
        return len(inner) == 3 and inner[2] == 3 and [o[1:] for o in outputs] == [(1, 17, 3)]

    def estimate(self, image_bgr: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Joints]:
        """Joints of the people in boxes (P, 4) x0 y0 x1 y1 of an image (H, W, 3)."""
        return [self._one(Crop.around(image_bgr, box, self._size, self._size)) for box in boxes]

    def _one(self, crop: Crop) -> Joints:
        (output,) = self._model.run(crop.image[None, :, :, ::-1]).values()
        y, x, score = output[0, 0].astype(np.float64).T
        pixels = crop.to_image(np.stack([x, y], -1) * self._size)
        return Joints(pixels, score, np.full((len(score), 2, 2), np.nan))
