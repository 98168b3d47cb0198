"""The One-Euro filter."""

import numpy as np
import pytest
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.smoothing import OneEuro

IMAGE_NS = 33_333_333


def run(filtered: OneEuro, joints: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([filtered(k * IMAGE_NS, each) for k, each in enumerate(joints)])


def trembling(speed: float) -> NDArray[np.float64]:
    """A joint (300, 1, 3) that moves along x at `speed` in m/s, with 1 cm of noise."""
    noise = 0.01 * np.random.default_rng(0).standard_normal((300, 1, 3))
    noise[:, 0, 0] += np.arange(300) / 30 * speed
    return noise


def test_joint_at_rest_trembles_less() -> None:
    seen = trembling(0.0)
    shown = run(OneEuro(1.0, 0.0), seen)
    assert shown[50:].std() < 0.35 * seen[50:].std()


def test_fast_joint_lags_less_the_larger_beta_is() -> None:
    seen = trembling(3.0)
    lag = {beta: (seen - run(OneEuro(1.0, beta), seen))[50:, 0, 0].mean() for beta in (0.0, 5.0)}
    assert lag[0.0] == pytest.approx(3.0 / (2 * np.pi), rel=0.1)  # speed over 2 pi cutoff
    assert lag[5.0] < 0.1 * lag[0.0]


def test_axes_do_not_matter() -> None:
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    seen = trembling(1.0)
    turned = run(OneEuro(1.0, 2.0), seen @ turn)
    np.testing.assert_allclose(turned, run(OneEuro(1.0, 2.0), seen) @ turn, atol=1e-12)


def test_cutoff_of_0_passes_everything() -> None:
    seen = trembling(1.0)
    assert (run(OneEuro(0.0, 5.0), seen) == seen).all()


def test_filter_restarts_where_the_clock_jumps_back_or_a_joint_is_unknown() -> None:
    filtered, there = OneEuro(1.0, 0.0), np.full((1, 3), 2.0)
    filtered(10**9, np.zeros((1, 3)))
    assert (filtered(0, there) == there).all()
    assert np.isnan(filtered(IMAGE_NS, np.full((1, 3), np.nan))).all()
    assert (filtered(2 * IMAGE_NS, np.zeros((1, 3))) == 0).all()


def test_same_stamp_again_changes_nothing() -> None:
    filtered = OneEuro(1.0, 1.0)
    filtered(0, np.zeros((1, 3)))
    assert (filtered(0, np.ones((1, 3))) == 0).all()


def test_negative_cutoff_is_refused() -> None:
    with pytest.raises(DiffhpeError, match="0 or more, got -1 and 0"):
        OneEuro(-1, 0)
