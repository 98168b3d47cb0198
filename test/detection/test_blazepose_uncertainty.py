"""Joints of low confidence get the uncertainty that was measured for such joints."""

import numpy as np

from diffhpe_ros.detection.blazepose.uncertainty import SURE, measured_covariance

HEIGHT = 200.0
HEAT_MAP = np.array([[16.0, 4.0], [4.0, 9.0]])
SILENT = np.full((2, 2), np.nan)


def sd(covariance: np.ndarray, confidence: float) -> float:
    """Standard deviation along an image axis, relative to the person's size."""
    found = measured_covariance(covariance[None], np.array([confidence]), HEIGHT)[0]
    return float(np.sqrt(np.trace(found) / 2)) / HEIGHT


def test_spread_of_the_heat_map_stays_where_the_network_is_sure():
    found = measured_covariance(HEAT_MAP[None], np.array([SURE]), HEIGHT)
    np.testing.assert_array_equal(found[0], HEAT_MAP)


def test_unsure_joint_is_less_certain_than_its_heat_map():
    assert 0.07 < sd(HEAT_MAP, 0.4) < sd(HEAT_MAP, 0.05) < 0.12


def test_joint_without_heat_is_a_guess_however_sure():
    assert 0.12 < sd(SILENT, 0.99) < sd(SILENT, 0.6) < sd(SILENT, 0.3) < 0.25


def test_errors_grow_with_the_person():
    small, large = (
        measured_covariance(SILENT[None], np.array([0.3]), height) for height in (100, 200)
    )
    np.testing.assert_allclose(large, 4 * small)
