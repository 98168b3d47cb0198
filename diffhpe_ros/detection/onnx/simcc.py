"""SimCC pose models as ONNX, mainly RTMPose: each joint's x and y as distributions.

It follows RTMPose's own description and is tested on models made for the tests. It has not run
on released RTMPose weights yet.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.assemble import Joints
from diffhpe_ros.detection.onnx.crop import BoxCrop
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel

_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_STD = np.array([58.395, 57.12, 57.375], np.float32)
"""Red, green, blue."""
_LAYOUTS = {17: "coco17", 26: "halpe26"}
_BETA = 10.0
"""RTMPose is trained so that softmax(10 · output) is the distribution of the joint's position."""
_FLOOR = 0.5
"""Bins this far below the peak (a likelihood below 1/150 of it) are background of the training
labels: hundreds of them would outweigh the peak in the spread."""


class SimCC:
    """Joints with the spread of their distributions.

    Raises:
        DiffhpeError: the model's outputs do not fit its input or a known skeleton.
    """

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self.device = model.providers[0]
        self._batches = model.input_shape[0] is None
        h, w = model.input_shape[2:]
        assert h and w  # `fits` asks for it
        self._size = (w, h)
        x, y = self._run(np.zeros((1, 3, h, w), np.float32))
        joints = x.shape[1]
        if y.shape[1] != joints or x.shape[2] * h != y.shape[2] * w:
            raise DiffhpeError(
                f"{model.path} gives simcc_x {x.shape} and simcc_y {y.shape}, which do not fit its"
                f" input of {w}x{h} pixels"
            )
        if joints not in _LAYOUTS:
            known = " or ".join(f"{count} ({name})" for count, name in _LAYOUTS.items())
            raise DiffhpeError(f"{model.path} gives {joints} joints; expected {known}")
        self.layout = _LAYOUTS[joints]

    @staticmethod
    def fits(model: OnnxModel) -> bool:
        """Whether a model is a SimCC: image (N, 3, H, W) in, simcc_x and simcc_y (N, K, n) out."""
        shape = model.input_shape
        return (
            len(shape) == 4
            and shape[1] == 3
            and None not in shape[2:]
            and {"simcc_x", "simcc_y"} <= model.outputs.keys()
        )

    def estimate(self, image_bgr: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Joints]:
        """Joints of the people in boxes (P, 4) x0 y0 x1 y1 of an image (H, W, 3)."""
        if not len(boxes):
            return []
        crops = [BoxCrop.around(image_bgr, box, *self._size) for box in boxes]
        tensor = np.stack([_normalise(crop.image) for crop in crops])
        parts = [tensor] if self._batches else np.split(tensor, len(tensor))
        outputs = [self._run(part) for part in parts]
        x, y = (np.concatenate(axis) for axis in zip(*outputs, strict=True))
        points, score, covariance = decode(x, y, x.shape[-1] / self._size[0])
        return [
            Joints(crop.to_image(points[i]), score[i], covariance[i] * crop.scale**2)
            for i, crop in enumerate(crops)
        ]

    def _run(self, tensor: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
        outputs = self._model.run(tensor)
        return outputs["simcc_x"], outputs["simcc_y"]


def decode(
    x: NDArray[Any], y: NDArray[Any], bins_per_pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Joints from their distributions.

    Args:
        x: (..., W · bins_per_pixel) outputs along x.
        y: (..., H · bins_per_pixel) outputs along y.
        bins_per_pixel: bins per pixel of the input, 2 in RTMPose.

    Returns:
        Points (..., 2) in pixels of the input. Scores (...), the lower of the two peaks, at or
        below 0 where a joint is unseen. Covariances (..., 2, 2) in pixels squared, without
        correlation since x and y are separate.
    """
    axes = [np.asarray(axis, np.float64) for axis in (x, y)]
    points = np.stack([axis.argmax(-1) for axis in axes], -1) / bins_per_pixel
    score = np.minimum(*(axis.max(-1) for axis in axes))
    variance = np.stack([_variance(axis) for axis in axes], -1) / bins_per_pixel**2
    return points, score, variance[..., None] * np.eye(2)


def _variance(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance (...) in bins squared of distributions (..., n)."""
    drop = axis - axis.max(-1, keepdims=True)
    mass = np.where(drop >= -_FLOOR, np.exp(_BETA * drop), 0.0)
    mass /= mass.sum(-1, keepdims=True)
    bins = np.arange(axis.shape[-1])
    mean = (mass * bins).sum(-1, keepdims=True)
    return np.asarray((mass * (bins - mean) ** 2).sum(-1))


def _normalise(crop_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(3, h, w) RGB, normalised as in RTMPose's training; BGR would ruin the result."""
    return ((crop_bgr[..., ::-1] - _MEAN) / _STD).astype(np.float32).transpose(2, 0, 1)
