"""BlazePose's second network: the joints of the person in a region."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose.crops import Crop, FlatCrop
from diffhpe_ros.detection.blazepose.dark import brightened, is_dark
from diffhpe_ros.detection.blazepose.network import Network, sigmoid
from diffhpe_ros.detection.blazepose.regions import Region
from diffhpe_ros.detection.blazepose.wide_lens import WideLens

NUM_LANDMARKS = 39
"""33 of the body, two that place the next region, four unused."""
NUM_BODY = 33
_HIPS, _ENVELOPE = 33, 34
_RAW, _HEATMAPS, _SCORE = (1, NUM_LANDMARKS * 5), (1, 64, 64, NUM_LANDMARKS), (1, 1)
_WORLD = (1, NUM_LANDMARKS * 3)
LANDMARK_OUTPUTS = (_RAW, _HEATMAPS, _SCORE, _WORLD)
"""Shapes of the outputs that are read. The unused one, a mask of the person, would take two fifths
of the time."""
_KERNEL = 7
_MIN_PEAK = 0.5
"""Heat maps that reach this value nowhere say nothing (mediapipe's value)."""


@dataclass(frozen=True, eq=False)
class Landmarks:
    """The network's output for one person."""

    points: NDArray[Any]
    """(39, 2) pixels of the image."""
    visibility: NDArray[Any]
    """(39,) probability that the point is not hidden."""
    presence: NDArray[Any]
    """(39,) probability that the point is inside the crop."""
    covariance: NDArray[Any]
    """(39, 2, 2) pixels squared, NaN where the heat map says nothing."""
    world: NDArray[Any]
    """(39, 3), see `People.world_landmarks`."""
    score: float
    """Probability that there is a person at all."""

    def next_region(self) -> Region | None:
        """Where to look for the same person in the next frame."""
        return Region.around(self.points[_HIPS], self.points[_ENVELOPE])


@dataclass(frozen=True, eq=False)
class CutOut:
    """An input for the network."""

    pixels: NDArray[np.uint8]
    """(S, S, 3) BGR."""
    crop: Crop
    """Where the crop is in the image."""


class LandmarkNetwork:
    """Runs the landmark network and reads its `LANDMARK_OUTPUTS`."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.lens: WideLens | None = None
        """The camera's lens for the next images; None if it is not wide or not known."""

    def run(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks:
        """The landmarks of the person in a region of an image (H, W, 3)."""
        return self.read(self.cut(image_bgr, region))

    def cut(self, image_bgr: NDArray[np.uint8], region: Region) -> CutOut:
        """Cut a region of an image (H, W, 3) out for the network."""
        flat = FlatCrop(region, self._network.input_size)
        rectified = None if self.lens is None else self.lens.rectified(flat)
        crop = flat if rectified is None else rectified
        pixels = crop.cut(image_bgr)
        return CutOut(brightened(pixels) if is_dark(pixels) else pixels, crop)

    def read(self, cut_out: CutOut) -> Landmarks:
        """The landmarks of the person in a cut-out region."""
        side, crop = self._network.input_size, cut_out.crop
        rgb = cv2.cvtColor(cut_out.pixels, cv2.COLOR_BGR2RGB)
        outputs = self._network(np.divide(rgb, 255, dtype=np.float32))
        raw = outputs[_RAW].reshape(NUM_LANDMARKS, 5)
        shares, covariance = refine(raw[:, :2] / side, outputs[_HEATMAPS][0])
        points = shares * side
        slopes, world = crop.slopes(points), outputs[_WORLD].reshape(NUM_LANDMARKS, 3)
        return Landmarks(
            points=crop.to_image(points),
            visibility=sigmoid(raw[:, 3]),
            presence=sigmoid(raw[:, 4]),
            covariance=slopes @ (covariance * side**2) @ np.swapaxes(slopes, -1, -2),
            world=np.concatenate([world[:, :2] @ crop.roll.T, world[:, 2:]], -1),
            score=float(outputs[_SCORE][0, 0]),
        )


def refine(
    points: NDArray[Any], heatmaps: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move each point to the centre of mass of its heat map's 7x7 cells around it.

    Args:
        points: (K, 2) x, y in 0..1 of the crop.
        heatmaps: (rows, columns, K) logits.

    Returns:
        Points (K, 2) in 0..1, unchanged where the heat map says nothing. Covariances (K, 2, 2),
        the spread of those cells in the same unit squared, NaN for unchanged points.
    """
    rows, columns, count = heatmaps.shape
    size = np.array([columns, rows])
    cell = (points * size).astype(np.int64)
    reach = np.arange(_KERNEL) - _KERNEL // 2
    x, y = cell[:, :1] + reach, cell[:, 1:] + reach  # (K, 7) each
    inside = (((y >= 0) & (y < rows))[:, :, None]) & (((x >= 0) & (x < columns))[:, None, :])
    patch = heatmaps[
        y.clip(0, rows - 1)[:, :, None],
        x.clip(0, columns - 1)[:, None, :],
        np.arange(count)[:, None, None],
    ]
    mass = np.where(inside, sigmoid(patch), 0.0)  # (K, 7, 7)
    useful = (mass.max((1, 2)) >= _MIN_PEAK) & ((cell >= 0) & (cell < size)).all(-1)
    mass /= np.where(useful, mass.sum((1, 2)), 1.0)[:, None, None]
    cells = np.stack(np.broadcast_arrays(x[:, None, :], y[:, :, None]), -1)  # (K, 7, 7, 2)
    mean = np.einsum("krc,krcd->kd", mass, cells)
    offset = cells - mean[:, None, None]
    spread = np.einsum("krc,krci,krcj->kij", mass, offset, offset) / np.outer(size, size)
    return (
        np.where(useful[:, None], mean / size, points),
        np.where(useful[:, None, None], spread, np.nan),
    )
