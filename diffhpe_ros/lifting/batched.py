"""Lifting many windows, with progress."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.lifting.lifter import Lifter

BATCH = 64


def lift_in_batches(
    lifter: Lifter,
    x_2d: NDArray[Any],
    progress: bool,
    world_landmarks: NDArray[Any] | None = None,
    on_share: Callable[[float], object] | None = None,
) -> NDArray[np.float32]:
    """Poses (N, 27, 17, 3) of windows (N, 27, 17, 2), batch by batch; see `Lifter.lift`.

    `on_share` is called after each batch with the share of windows that are done.
    """
    starts = tqdm(range(0, len(x_2d), BATCH), desc="lifting", unit="batch", disable=not progress)
    poses = []
    for rows in (slice(k, k + BATCH) for k in starts):
        world = None if world_landmarks is None else world_landmarks[rows]
        poses.append(lifter.lift(x_2d[rows], world_landmarks=world).poses)
        if on_share is not None:
            on_share(min(rows.stop / len(x_2d), 1.0))
    return np.concatenate(poses)
