"""Lifted windows → where their people are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting import LiftResult
from diffhpe_ros.nodes.types import PeopleWindows
from diffhpe_ros.placement import place_root


@dataclass(frozen=True, eq=False)
class PlacedWindows:
    """Windows of P people of one camera, lifted and placed."""

    windows: PeopleWindows
    """What was seen."""
    lifted: LiftResult
    """Of these P windows, root-relative."""
    root: NDArray[np.float32]
    """(P, 27, 3) metres, optical frame; NaN where it cannot be told."""


def place(windows: PeopleWindows, lifted: LiftResult) -> PlacedWindows:
    """Find where the people of one camera were at every frame of their windows."""
    root = place_root(lifted.poses, windows.keypoints, windows.confidence)
    return PlacedWindows(windows, lifted, root)
