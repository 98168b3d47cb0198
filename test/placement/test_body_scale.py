"""A person's size, estimated over time."""

import numpy as np
import pytest

from diffhpe_ros.placement import BodyScale


def test_size_starts_at_the_average() -> None:
    size = BodyScale()
    assert size.value == 1
    assert size.sd == pytest.approx(0.036)


def test_size_is_surer_with_each_measurement() -> None:
    size, deviations = BodyScale(), []
    for measured in 1.05 + np.random.default_rng(0).normal(0, 0.05, 60):
        size.measure(measured)
        deviations.append(size.sd)
    assert size.value == pytest.approx(1.05, abs=0.02)
    assert (np.diff(deviations) <= 0).all()
    assert deviations[-1] == pytest.approx(0.01)


def test_size_of_a_child_is_taken_at_once() -> None:
    size = BodyScale()
    size.measure(0.6)
    assert size.value == pytest.approx(0.6, abs=0.02)


def test_impossible_sizes_change_nothing() -> None:
    size = BodyScale()
    for nonsense in (np.nan, 0.0, -1.0, 30.0):
        size.measure(nonsense)
    assert size.value == 1
