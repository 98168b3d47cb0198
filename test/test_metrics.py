"""MPJPE and P-MPJPE: the released figures, and cases whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.metrics import mpjpe, p_mpjpe

GOLDEN = load_file(Path(__file__).parent / "golden" / "tiny-golden.safetensors")
PREDICTED, TRUTH = (GOLDEN[name].transpose(0, 3, 2, 1) for name in ("metric.pred", "metric.gt"))


def test_released_figures():
    assert mpjpe(PREDICTED, TRUTH) == pytest.approx(float(GOLDEN["metric.mpjpe"]), rel=1e-5)
    assert p_mpjpe(PREDICTED, TRUTH) == pytest.approx(float(GOLDEN["metric.pmpjpe"]), rel=1e-5)


def test_a_shift_costs_its_length():
    assert mpjpe(TRUTH + np.array([0.03, 0.0, 0.04]), TRUTH) == pytest.approx(0.05, rel=1e-4)


def test_protocol_2_forgives_similarity_transforms():
    angle = 0.7
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    assert p_mpjpe(0.5 * TRUTH @ turn + 3.0, TRUTH) < 1e-6


def test_protocol_2_does_not_forgive_mirror_images():
    assert p_mpjpe(TRUTH * np.array([-1.0, 1.0, 1.0]), TRUTH) > 0.05


def test_shapes_that_differ_are_refused():
    with pytest.raises(DiffhpeError, match="poses and truth must both be"):
        mpjpe(TRUTH, TRUTH[:1])
