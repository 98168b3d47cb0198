"""How near people are to points of interest, such as the origin of a robot's gripper."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.capsules import Closest, closest
from diffhpe_ros.pipeline.body_capsules import body_capsules
from diffhpe_ros.pipeline.people import LiftedPeople

SIGMAS_95 = 2.4
"""95 % of the true distances are above the distance less so many standard deviations, on people of
validation (`python bench/velocities.py --split validation --fit`). Of a Gaussian it would be 1.645,
but a person's distance has heavier tails: people differ in size, and poses turn over."""


@dataclass(frozen=True, eq=False)
class Target:
    """What distances are measured to, in the frame of the people."""

    position: NDArray[np.float64]
    """(3,) metres."""
    velocity: NDArray[np.float64]
    """(3,) m/s."""


@dataclass(frozen=True)
class Nearest:
    """What of a person is nearest to a target."""

    track_id: int
    target: int
    """Number of the target."""
    closest: Closest


def nearest(people: LiftedPeople, targets: Mapping[int, Target]) -> list[Nearest]:
    """The nearest part of each person of known position, for each target by its number."""
    found = []
    for row in np.flatnonzero(people.placed).tolist():
        body = body_capsules(people, row)
        for number, target in targets.items():
            part = closest(body, target.position, SIGMAS_95, target.velocity)
            found.append(Nearest(people.track_ids[row], number, part))
    return found
