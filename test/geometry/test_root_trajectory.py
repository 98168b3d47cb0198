"""The uncertainty of a position."""

import numpy as np

from diffhpe_ros.geometry import RootTrajectory

PLACE = RootTrajectory(
    root=np.array([[1.0, 0.0, 4.0]]),
    ray=np.array([[0.25, -0.05, 1.0]]),
    variance=np.array([0.01]),
)


def test_covariance_is_largest_along_the_ray() -> None:
    covariance = PLACE.covariance(size_sd=0.05)
    assert covariance.shape == (1, 3, 3)
    np.testing.assert_allclose(covariance[0, 2, 2], 0.01 + (0.05 * 4) ** 2 + 0.012**2)
    # Nearer is also further to the middle of the image.
    _, axes = np.linalg.eigh(covariance[0])
    longest = axes[:, -1] / axes[2, -1]
    np.testing.assert_allclose(longest, [0.25, 0, 1], atol=0.02)


def test_distance_of_a_person_of_known_size_is_more_certain() -> None:
    assert PLACE.covariance(size_sd=0)[0, 2, 2] < PLACE.covariance()[0, 2, 2]


def test_root_moves_along_the_rays() -> None:
    np.testing.assert_allclose(PLACE.moved(np.array(2.0)).root, [[1.5, -0.1, 6]])
