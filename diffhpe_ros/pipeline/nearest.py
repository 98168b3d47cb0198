"""Distances of people to points of interest, such as the origin of a robot's gripper."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.capsules import Closest, closest
from diffhpe_ros.pipeline.body_capsules import body_capsules
from diffhpe_ros.pipeline.people import LiftedPeople

SIGMAS_95 = 2.4
"""95 % of the true distances are above the estimate minus this many standard deviations, on the
validation people (`python bench/velocities.py --split validation --fit`). A Gaussian would give
1.645, but a person's distance has heavier tails: people differ in size, and poses flip."""


@dataclass(frozen=True, eq=False)
class Target:
    """A point to which distances are measured, in the frame of the people."""

    position: NDArray[np.float64]
    """(3,) metres."""
    velocity: NDArray[np.float64]
    """(3,) m/s."""


@dataclass(frozen=True)
class Nearest:
    """The part of a person that is nearest to a target."""

    track_id: int
    target: int
    """Number of the target."""
    closest: Closest


def nearest(people: LiftedPeople, targets: Mapping[int, Target]) -> list[Nearest]:
    """The nearest part of each person with a known position, for each target by its number."""
    found = []
    for row in np.flatnonzero(people.located).tolist():
        body = body_capsules(people, row)
        for number, target in targets.items():
            part = closest(body, target.position, SIGMAS_95, target.velocity)
            found.append(Nearest(people.track_ids[row], number, part))
    return found
