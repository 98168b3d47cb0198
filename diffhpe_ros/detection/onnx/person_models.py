"""Person detectors as ONNX: YOLOX and RTMDet, as MMDeploy and the YOLOX project export them."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.boxes import overlaps
from diffhpe_ros.detection.types import check_options
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel

KINDS = ("yolox", "rtmdet")
_PERSON = 0
"""The person class: both models are trained on COCO's classes, or on this one alone."""
_PAD = 114
_OVERLAP = 0.45
_STRIDES = (8, 16, 32)
_CELLS_ACROSS = 8
"""Raw cell offsets stay below 1/8 of the image's size; boxes in pixels go up to all of it."""
_FREE_SIZE = 320
"""Pixels along a side if the model takes any size."""
_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_STD = np.array([57.375, 57.12, 58.395], np.float32)
"""Normalisation of RTMDet: blue, green, red; YOLOX takes 0..255."""

_Found: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Boxes (N, 4) x0 y0 x1 y1 and scores (N,)."""


class PersonModel:
    """Finds people's boxes.

    Two output formats are supported: the cells of YOLOX (1, N, 5 + classes), and `dets` (1, N, 5)
    with `labels` (1, N), where overlapping boxes are already merged. A model of the second format
    counts as an RTMDet unless `kind` is `yolox`, which needs another input.

    Args:
        model: the opened model.
        threshold: score from which a box counts as a person.
        kind: `yolox`, `rtmdet`, or None to derive it from the outputs.

    Raises:
        DiffhpeError: the model is none of these, or the threshold is not in 0..1.
    """

    def __init__(self, model: OnnxModel, threshold: float, kind: str | None = None) -> None:
        check_options(person_threshold=threshold)
        if kind not in (None, *KINDS):
            raise DiffhpeError(f"person_kind must be {' or '.join(KINDS)}, got {kind!r}")
        self._model = model
        self.device = model.providers[0]
        self._threshold = threshold
        shape = model.input_shape
        if len(shape) != 4 or shape[1] != 3:
            raise _unknown(model)
        self._size = (shape[2] or _FREE_SIZE, shape[3] or _FREE_SIZE)
        self._decode: Callable[[dict[str, NDArray[Any]]], _Found]
        if {"dets", "labels"} <= model.outputs.keys():
            self._decode, guessed = _decode_dets, "rtmdet"
        elif _is_raw_yolox(model, self._size):
            self._decode, guessed = self._decode_cells, "yolox"
        else:
            raise _unknown(model)
        self.kind = kind or guessed

    def find(self, image_bgr: NDArray[np.uint8]) -> _Found:
        """People in an image (H, W, 3).

        Returns:
            Boxes (N, 4) x0 y0 x1 y1 in pixels, inside the image, and scores (N,), the surest
            first.
        """
        tensor, scale = self.letterbox(image_bgr)
        boxes, scores = self._decode(self._model.run(tensor[None]))
        height, width = image_bgr.shape[:2]
        boxes = (boxes / scale).clip(0, (width, height, width, height))
        real = (scores >= self._threshold) & (boxes[:, 2:] - boxes[:, :2] >= 1).all(-1)
        order = np.flatnonzero(real)[np.argsort(-scores[real], kind="stable")]
        return boxes[order], scores[order]

    def letterbox(self, image_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """The image (3, H, W), scaled into the top left corner, and the scale."""
        rows, columns = self._size
        height, width = image_bgr.shape[:2]
        scale = min(rows / height, columns / width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        canvas = np.full((rows, columns, 3), _PAD, np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(image_bgr, size)
        tensor = canvas.astype(np.float32)
        if self.kind == "rtmdet":
            tensor = (tensor - _MEAN) / _STD
        return tensor.transpose(2, 0, 1), scale

    def _decode_cells(self, outputs: dict[str, NDArray[Any]]) -> _Found:
        """People's boxes and scores from the cells of a YOLOX."""
        (cells,) = (output[0] for output in outputs.values())
        scores = cells[:, 4] * cells[:, 5 + _PERSON]
        sure = scores >= self._threshold
        if self._are_pixels(cells):
            centre, half = cells[sure, :2], cells[sure, 2:4] / 2
        else:
            origin, stride = _grid(*self._size)
            centre = (cells[sure, :2] + origin[sure]) * stride[sure]
            half = np.exp(cells[sure, 2:4]) * stride[sure] / 2
        boxes, scores = np.concatenate([centre - half, centre + half], -1), scores[sure]
        kept = suppress(boxes, scores)
        return boxes[kept], scores[kept]

    def _are_pixels(self, cells: NDArray[Any]) -> bool:
        """Whether a YOLOX was exported with its decoding inside (`--decode_in_inference`).

        Its boxes then span the image. Otherwise they are offsets of a few cells, and logarithms.
        """
        return bool(cells[:, :4].max(initial=0) > min(self._size) / _CELLS_ACROSS)


def suppress(boxes: NDArray[Any], scores: NDArray[Any]) -> NDArray[np.intp]:
    """Non-maximum suppression.

    Args:
        boxes: (N, 4) x0 y0 x1 y1.
        scores: (N,).

    Returns:
        Indices of the boxes that do not overlap a surer one, the surest first.
    """
    left = np.argsort(-scores, kind="stable")
    kept = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[overlaps(boxes[best], boxes[left]) <= _OVERLAP]
    return np.array(kept, np.intp)


def _decode_dets(outputs: dict[str, NDArray[Any]]) -> _Found:
    dets, labels = outputs["dets"][0], outputs["labels"][0]
    people = dets[labels == _PERSON]
    return people[:, :4], people[:, 4]


@cache
def _grid(rows: int, columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Origins (N, 2) of a YOLOX's cells in units of their strides, and the strides (N, 1)."""
    origins, strides = [], []
    for stride in _STRIDES:
        x, y = np.meshgrid(np.arange(columns // stride), np.arange(rows // stride))
        origins.append(np.stack([x, y], -1).reshape(-1, 2))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(origins).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _is_raw_yolox(model: OnnxModel, size: tuple[int, int]) -> bool:
    shapes = list(model.outputs.values())
    if len(shapes) != 1 or len(shapes[0]) != 3:
        return False
    _, cells, values = shapes[0]
    return cells in (None, len(_grid(*size)[0])) and (values is None or values > 5)


def _unknown(model: OnnxModel) -> DiffhpeError:
    return DiffhpeError(
        "the person model is neither a YOLOX (input 1x3xHxW, output 1xNx(5+classes)) nor an RTMDet"
        f" (outputs dets 1xNx5 and labels 1xN): {model.describe()}"
    )
