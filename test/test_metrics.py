"""The errors: the released figures, and cases with known results."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.metrics import (
    acceleration_errors,
    best_scale,
    mpjpe,
    n_mpjpe,
    p_mpjpe,
    velocity_errors,
)

GOLDEN = load_file(Path(__file__).parent / "golden" / "tiny-golden.safetensors")
PREDICTED, TRUTH = (GOLDEN[name].transpose(0, 3, 2, 1) for name in ("metric.pred", "metric.gt"))


def test_released_figures():
    assert mpjpe(PREDICTED, TRUTH) == pytest.approx(float(GOLDEN["metric.mpjpe"]), rel=1e-5)
    assert p_mpjpe(PREDICTED, TRUTH) == pytest.approx(float(GOLDEN["metric.pmpjpe"]), rel=1e-5)


def test_shift_costs_its_length():
    assert mpjpe(TRUTH + np.array([0.03, 0.0, 0.04]), TRUTH) == pytest.approx(0.05, rel=1e-4)


def test_protocol_2_forgives_similarity_transforms():
    angle = 0.7
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    assert p_mpjpe(0.5 * TRUTH @ turn + 3.0, TRUTH) < 1e-6


def test_protocol_2_does_not_forgive_mirror_images():
    assert p_mpjpe(TRUTH * np.array([-1.0, 1.0, 1.0]), TRUTH) > 0.05


def test_best_scale_is_found():
    assert n_mpjpe(0.5 * TRUTH, TRUTH) < 1e-6
    assert n_mpjpe(1.1 * PREDICTED, TRUTH) == pytest.approx(n_mpjpe(PREDICTED, TRUTH))
    best = best_scale(PREDICTED, TRUTH)
    for factor in (0.99, 1.01):
        assert (squared(best) <= squared(factor * best)).all()


def squared(poses):
    return np.square(poses - TRUTH).sum((-2, -1))


def test_pose_that_is_a_single_point_has_an_error_too():
    point = np.zeros_like(TRUTH)
    assert n_mpjpe(point, TRUTH) == pytest.approx(mpjpe(point, TRUTH))
    assert np.isfinite(p_mpjpe(point, TRUTH))


def test_constant_shift_costs_no_velocity():
    np.testing.assert_allclose(velocity_errors(TRUTH + 0.2, TRUTH), 0, atol=1e-6)


def test_drift_is_a_velocity_and_no_acceleration():
    """One joint drifts by 3 and 4 mm per frame."""
    still = np.zeros((27, 17, 3))
    drifting = still.copy()
    drifting[:, 16, :2] = np.arange(27)[:, None] * [0.003, 0.004]
    velocity = velocity_errors(drifting, still)
    assert velocity.shape == (26, 17)
    np.testing.assert_allclose(velocity[:, 16], 0.005)
    assert velocity.mean() == pytest.approx(0.005 / 17)
    np.testing.assert_allclose(acceleration_errors(drifting, still), 0, atol=1e-12)


def test_trembling_is_an_acceleration():
    """A joint jumps by 1 mm to and fro: steps of 2 mm, which change by 4 mm."""
    still = np.zeros((27, 17, 3))
    trembling = still + 0.001 * (-1.0) ** np.arange(27)[:, None, None] * [1, 0, 0]
    np.testing.assert_allclose(velocity_errors(trembling, still), 0.002)
    np.testing.assert_allclose(acceleration_errors(trembling, still), 0.004)


def test_motion_needs_frames():
    with pytest.raises(DiffhpeError, match="more than 2 frames"):
        acceleration_errors(np.zeros((5, 2, 17, 3)), np.zeros((5, 2, 17, 3)))


def test_shapes_that_differ_are_refused():
    with pytest.raises(DiffhpeError, match="poses and truth must both be"):
        mpjpe(TRUTH, TRUTH[:1])
