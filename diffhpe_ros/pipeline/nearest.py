"""How near people are to points of interest, such as the origin of a robot's gripper."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.capsules import Closest, closest
from diffhpe_ros.pipeline.body_capsules import body_capsules
from diffhpe_ros.pipeline.people import LiftedPeople

SIGMAS_95 = 2.0
"""95 % of the true distances are above the distance less so many standard deviations, on people of
validation (`python bench/velocities.py --split validation --fit`). Of a Gaussian it would be 1.645,
but a person's distance has heavier tails: people differ in size, and poses turn over."""


@dataclass(frozen=True)
class Nearest:
    """What of a person is nearest to a target."""

    track_id: int
    target: int
    """Number of the target."""
    closest: Closest


def nearest(people: LiftedPeople, targets: Mapping[int, NDArray[np.float64]]) -> list[Nearest]:
    """The nearest part of each person of known position, for each target.

    Args:
        people: of one camera.
        targets: number → position (3,) in the frame of the people, who move relative to it.
    """
    found = []
    for row in np.flatnonzero(people.placed).tolist():
        body = body_capsules(people, row)
        for target, position in targets.items():
            found.append(Nearest(people.track_ids[row], target, closest(body, position, SIGMAS_95)))
    return found
