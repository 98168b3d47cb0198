"""The windows that a lifter takes, and the checks of its arguments."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.arrays import Array
from diffhpe_ros.skeleton import NUM_JOINTS


@dataclass(frozen=True)
class WindowBatch:
    """A batch of windows of 2D joints."""

    x_2d: Array
    """(B, L, 17, 2) float32, canonical view, (0, 0) where unseen."""
    confidence: Array
    """(B, L, 17), 0 where unseen; 1 where seen and no confidence is given."""
    covariance_2d: Array
    """(B, L, 17, 2, 2), canonical units squared, NaN where the detector gives none."""

    def __len__(self) -> int:
        return len(self.x_2d)

    def __getitem__(self, rows: slice) -> "WindowBatch":
        """A slice of the windows."""
        return WindowBatch(self.x_2d[rows], self.confidence[rows], self.covariance_2d[rows])


def check_windows(
    x_2d: Any, frames: int, confidence: Any | None = None, covariance_2d: Any | None = None
) -> WindowBatch:
    """Check the arguments of `Lifter.lift` and return them as arrays.

    Args:
        x_2d: (B, L, 17, 2).
        frames: L, the expected length.
        confidence: (B, L, 17); joints of confidence 0 become unseen.
        covariance_2d: (B, L, 17, 2, 2).

    Raises:
        DiffhpeError: a shape is wrong, or x_2d is not finite.
    """
    x = np.asarray(x_2d, np.float32)
    shape = (frames, NUM_JOINTS, 2)
    if x.ndim != 4 or x.shape[1:] != shape:
        raise DiffhpeError(f"x_2d must be (B, {str(shape)[1:]}, got {x.shape}")
    if not np.isfinite(x).all():
        raise DiffhpeError("x_2d holds NaN or infinity; unseen joints must be (0, 0)")
    seen = x.any(-1)
    sure = seen.astype(np.float32)
    if confidence is not None:
        given = _of_shape("confidence", confidence, seen.shape)
        known = given > 0  # False for NaN, too
        x, sure = x * known[..., None], np.where(seen & known, given, 0).clip(max=1)
    if covariance_2d is None:
        covariance = np.full((*x.shape, 2), np.nan, np.float32)
    else:
        covariance = _of_shape("covariance_2d", covariance_2d, (*x.shape, 2))
    return WindowBatch(x, sure, covariance)


def check_world_landmarks(
    world_landmarks: Any | None, observed: WindowBatch
) -> NDArray[np.float32] | None:
    """World landmarks (B, L, 17, 3) as an array; None stays None.

    Raises:
        DiffhpeError: the shape is not that of the windows.
    """
    if world_landmarks is None:
        return None
    return _of_shape("world_landmarks", world_landmarks, (*observed.x_2d.shape[:3], 3))


def _of_shape(name: str, values: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if np.shape(values) != shape:
        raise DiffhpeError(f"{name} must be {shape}, got {np.shape(values)}")
    return np.asarray(values, np.float32)
