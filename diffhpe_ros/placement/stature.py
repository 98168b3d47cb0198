"""A person's stature from the lengths of the bones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.coherence import bone_lengths

STATURE_SD = 0.03
"""Standard deviation of a stature from the bones, as a share of it: people's proportions differ."""

_LEGS, _TORSO = [1, 2, 4, 5], [6, 7]
_PER_LENGTH = 1.26
"""Stature divided by the length of leg and torso. Drillis and Contini's proportions give 1.28; our
motion capture, where people stand with slightly bent knees, gives 1.24."""


def stature(pose: NDArray[Any]) -> float:
    """Metres from sole to crown of a person standing straight.

    Args:
        pose: (17, 3) metres.
    """
    lengths = bone_lengths(np.asarray(pose, np.float64))
    leg = float(lengths[_LEGS].sum()) / 2
    return _PER_LENGTH * (leg + float(lengths[_TORSO].sum()))
