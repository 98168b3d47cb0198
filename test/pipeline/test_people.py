"""People in another frame."""

import numpy as np
from standing import people_at, standing_at

from diffhpe_ros.geometry.rigid_transform import RigidTransform


def test_moved_people_have_turned_velocities_and_covariances() -> None:
    flat = np.tile(np.diag([1.0, 4.0, 9.0]).astype(np.float32), (1, 17, 1, 1))
    velocity = np.tile(np.array([1, 0, -2], np.float32), (1, 17, 1))
    people = people_at(
        standing_at(0, 0, 4)[None], (3,), velocity=velocity,
        covariance=flat, velocity_covariance=2 * flat,
    )  # fmt: skip
    upright = RigidTransform(np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]]), np.array([0, 0, 1.2]))
    moved = people.moved(upright, "base_link", (0, 0, 1))
    np.testing.assert_allclose(moved.joints[0, 0], (4, 0, 1.2), atol=1e-6)
    np.testing.assert_allclose(moved.velocity[0, 5], (-2, -1, 0))
    np.testing.assert_allclose(np.diagonal(moved.covariance[0, 5]), (9, 1, 4))
    np.testing.assert_allclose(np.diagonal(moved.velocity_covariance[0, 5]), (18, 2, 8))
