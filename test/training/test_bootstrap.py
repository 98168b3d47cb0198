"""Bootstrap intervals over sequences."""

import numpy as np
import pytest

from diffhpe_ros.training.evaluation.bootstrap import intervals_over_sequences


def test_it_agrees_with_the_normal_approximation():
    values = np.random.default_rng(1).normal(50, 10, 400)
    low, high = intervals_over_sequences({"error": values}, np.arange(400))["error"]
    assert low == pytest.approx(values.mean() - 1.96 * 0.5, abs=0.1)
    assert high == pytest.approx(values.mean() + 1.96 * 0.5, abs=0.1)


def test_windows_of_one_sequence_count_as_one_draw():
    """Ten copies of each value have no more information than one."""
    values = np.random.default_rng(1).normal(50, 10, 40)
    once = intervals_over_sequences({"error": values}, np.arange(40))
    tenfold = intervals_over_sequences(
        {"error": values.repeat(10)}, np.arange(40).repeat(10).astype(str)
    )
    low, high = once["error"]
    assert tenfold["error"][1] - tenfold["error"][0] == pytest.approx(high - low, rel=0.1)


def test_long_sequences_weigh_more():
    values, sequences = np.array([1.0] * 99 + [0.0]), np.array(["long"] * 99 + ["short"])
    low, high = intervals_over_sequences({"error": values}, sequences)["error"]
    assert (low, high) == (0.0, 1.0)  # a quarter of the draws takes the same sequence twice
    low, high = intervals_over_sequences({"error": values}, sequences, level=0.4)["error"]
    assert (low, high) == (0.99, 0.99 + 0.01 * (high > 0.99))


def test_it_is_seeded_and_all_figures_share_their_draws():
    values = np.random.default_rng(2).normal(size=30)
    named = {"a": values, "b": 2 * values}
    first = intervals_over_sequences(named, np.arange(30))
    assert first == intervals_over_sequences(named, np.arange(30))
    assert first != intervals_over_sequences(named, np.arange(30), seed=1)
    assert first["b"] == pytest.approx([2 * bound for bound in first["a"]])


def test_one_sequence_says_nothing_about_others():
    assert intervals_over_sequences({"error": np.ones(9)}, np.array([""] * 9)) == {}
