"""A person as capsules around the bones."""

import numpy as np

from diffhpe_ros.geometry.capsules import Capsules
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.skeleton import HIP

_BODY = (
    # joint, joint, radius, extension beyond the second joint; metres
    (0, 1, 0.14, 0.0), (0, 4, 0.14, 0.0), (0, 7, 0.15, 0.0), (7, 8, 0.15, 0.0),
    (1, 2, 0.10, 0.0), (2, 3, 0.08, 0.0), (4, 5, 0.10, 0.0), (5, 6, 0.08, 0.0),
    (3, 3, 0.16, 0.0), (6, 6, 0.16, 0.0),  # feet; their direction is unknown
    (8, 9, 0.10, 0.0), (9, 10, 0.13, 0.05),
    (8, 11, 0.10, 0.0), (8, 14, 0.10, 0.0), (11, 12, 0.08, 0.0), (14, 15, 0.08, 0.0),
    (12, 13, 0.07, 0.13), (15, 16, 0.07, 0.13),  # forearms, and hands in their direction
)  # fmt: skip
_ENDS = np.array([(first, second) for first, second, _, _ in _BODY])
_RADIUS = np.array([radius for _, _, radius, _ in _BODY])
_BEYOND = np.array([beyond for _, _, _, beyond in _BODY])


def body_capsules(people: LiftedPeople, row: int) -> Capsules:
    """The capsules of one person with a known position, including hands and feet."""
    joints = people.joints[row].astype(np.float64)
    ends = joints[_ENDS]
    bone = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(bone, axis=-1).clip(1e-9)
    ends[:, 1] += (_BEYOND / length)[:, None] * bone
    covariance = people.covariance[row].astype(np.float64)
    of_velocity = people.velocity_covariance[row].astype(np.float64)
    # The covariance of other joints is relative to the Hip.
    for each in (covariance, of_velocity):
        each[HIP + 1 :] += each[HIP]
    return Capsules(
        ends=ends,
        radius=_RADIUS,
        covariance=covariance[_ENDS],
        velocity=people.velocity[row].astype(np.float64)[_ENDS],
        velocity_covariance=of_velocity[_ENDS],
    )
