"""Identifies a new person among the people seen before, by the colours of their clothes.

Two probabilities are compared: that the colours are of the same person in other light and from
another side, and that they are of any person. Bone lengths do not help: BlazePose's differ as much
for one person from four sides as for three people (thighs 0.38 to 0.41 m, trunks 0.47 to 0.50 m).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.reidentification.clothes_history import ClothesHistory

SURE = 0.9
"""From this probability on, a person counts as one of them, or as a stranger."""
_SAME_SD = np.array([[9.0, 5.0, 6.0], [8.0, 4.0, 5.0]])
"""Standard deviation of one person's CIE Lab from one time to another, of torso and legs."""
_ANY_MEAN = np.array([[45.0, 5.0, 5.0], [35.0, 2.0, 0.0]])
_ANY_SD = np.array([[25.0, 18.0, 20.0], [20.0, 10.0, 14.0]])
"""Mean and standard deviation of any person's CIE Lab, of torso and legs."""
_LEAST_ODDS = -8.0
"""Lower limit of one part's log odds: a shadow, or another person's limb, is possible."""


@dataclass(frozen=True)
class Identity:
    """The most probable identity of a person."""

    row: int | None
    """Index among the known people; None: none of them."""
    probability: float


def same_clothes_odds(some: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Log odds (...) that clothes are the same person's rather than any person's.

    Args:
        some: (..., 2, 3) CIE Lab, NaN where unknown.
        others: (..., 2, 3) likewise.
    """
    same = (((some - others) / _SAME_SD) ** 2).sum(-1) / 2
    anybody = (((some - _ANY_MEAN) / _ANY_SD) ** 2).sum(-1) / 2
    odds = anybody - same + np.log(_ANY_SD / _SAME_SD).sum(-1)
    return np.asarray(np.nan_to_num(odds.clip(min=_LEAST_ODDS)).sum(-1))


def identify(clothes: ClothesHistory, known: Sequence[ClothesHistory]) -> Identity:
    """Identify a new person; a priori, each known person is as likely as a stranger."""
    if not known:
        return Identity(None, 1.0)
    odds = same_clothes_odds(clothes.mean, np.stack([each.mean for each in known]))
    odds = np.append(odds, 0.0)
    shares = np.exp(odds - odds.max())
    shares /= shares.sum()
    best = int(shares.argmax())
    return Identity(best if best < len(known) else None, float(shares[best]))
