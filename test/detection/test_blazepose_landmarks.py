import numpy as np

from diffhpe_ros.detection.blazepose.landmarks import refine


def bump(x: float, y: float, sd_x: float, sd_y: float, peak: float = 0.9) -> np.ndarray:
    """Logits (64, 64, 1) of a heat map with one Gaussian bump."""
    rows, columns = np.mgrid[0:64, 0:64]
    heat = peak * np.exp(-(((columns - x) / sd_x) ** 2 + ((rows - y) / sd_y) ** 2) / 2)
    heat = heat.clip(1e-9, 1 - 1e-9)
    return np.log(heat / (1 - heat))[..., None]


def test_point_moves_to_the_middle_of_its_heat():
    points, covariance = refine(np.array([[30 / 64, 41 / 64]]), bump(31, 40, 0.6, 0.8))
    np.testing.assert_allclose(points * 64, [[31, 40]], atol=0.02)
    np.testing.assert_allclose(covariance[0] * 64**2, np.diag([0.36, 0.64]), atol=0.01)


def test_faint_heat_moves_nothing_and_has_no_covariance():
    points, covariance = refine(np.array([[0.3, 0.4]]), bump(20, 26, 1, 1, peak=0.4))
    np.testing.assert_array_equal(points, [[0.3, 0.4]])
    assert np.isnan(covariance).all()


def test_heat_beyond_the_kernel_counts_for_nothing():
    points, covariance = refine(np.array([[10.5 / 64, 10.5 / 64]]), bump(20, 20, 1, 1))
    np.testing.assert_array_equal(points, [[10.5 / 64, 10.5 / 64]])
    assert np.isnan(covariance).all()


def test_point_outside_of_the_crop_stays_where_it_is():
    points, covariance = refine(np.array([[1.01, 0.5]]), bump(63, 32, 1, 1))
    np.testing.assert_array_equal(points, [[1.01, 0.5]])
    assert np.isnan(covariance).all()


def test_cells_outside_of_the_heat_map_count_for_nothing():
    points, _ = refine(np.array([[0.001, 0.5]]), bump(0, 32, 0.5, 0.5))
    expected = bump(0, 32, 0.5, 0.5)[29:36, 0:4, 0]
    heat = 1 / (1 + np.exp(-expected))
    np.testing.assert_allclose(points[0, 0] * 64, (heat * np.arange(4)).sum() / heat.sum())


def test_each_point_has_a_heat_map_of_its_own():
    heat = np.concatenate([bump(10, 10, 0.5, 0.5), bump(50, 20, 0.5, 0.5)], -1)
    points, _ = refine(np.array([[10.2, 10.2], [50.2, 20.2]]) / 64, heat)
    np.testing.assert_allclose(points * 64, [[10, 10], [50, 20]], atol=0.02)
