"""The size of a person from standing feet."""

import numpy as np
import pytest
from standing_person import TIMES_S, WINDOW

from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.geometry.upright import LEVEL
from diffhpe_ros.placement.size_over_time import SizeOverTime
from diffhpe_ros.placement.standing_feet import ANKLE_M, SizeMeasurement, size_by_feet

SEEN = np.ones((27, 17), bool)
ROOT = np.tile([0.3, 0.2, 4.0], (27, 1))
BELOW_M = 0.2 + 0.88 + ANKLE_M
"""The floor below the camera, under a person of average size."""


def floor(size: float) -> Floor:
    return Floor(LEVEL, size * BELOW_M, 0.01, 0.02, "test")


@pytest.mark.parametrize("size", [0.6, 1.0, 1.1])
def test_size_puts_both_feet_on_the_floor(size: float) -> None:
    measured = size_by_feet(WINDOW, ROOT, SEEN, TIMES_S, floor(size))
    assert measured is not None
    assert measured.size == pytest.approx(size)
    assert 0.01 < measured.lasting_sd < 0.06


def test_foot_that_swings_does_not_count() -> None:
    walking = WINDOW.copy()
    walking[:, 3, 1] -= 0.1 + 0.1 * np.sin(np.pi * np.arange(27) / 26)
    walking[:, 3, 0] += 1.5 * TIMES_S
    measured = size_by_feet(walking, ROOT, SEEN, TIMES_S, floor(0.8))
    assert measured is not None
    assert measured.size == pytest.approx(0.8)


def test_camera_that_comes_nearer_sees_feet_stand() -> None:
    """The camera also sinks by 10 cm; the floor is given for the newest frame."""
    camera = np.linspace([0, -0.1, -0.5], [0, 0, 0], 27)
    root = ROOT - camera / 0.8
    measured = size_by_feet(WINDOW, root, SEEN, TIMES_S, floor(0.8), camera, size=0.8)
    assert measured is not None
    assert measured.size == pytest.approx(0.8)
    assert size_by_feet(WINDOW, root, SEEN, TIMES_S, floor(0.8)) is None


@pytest.mark.parametrize("kind", ["jump", "sit", "unseen", "camera at the feet", "unknown place"])
def test_nothing_is_learnt_where_no_foot_stands(kind: str) -> None:
    poses, root, seen, under = WINDOW.copy(), ROOT.copy(), SEEN.copy(), floor(1)
    if kind == "jump":
        root[:, 1] -= 3.0 * TIMES_S - 9.81 / 2 * TIMES_S**2
    elif kind == "sit":
        poses[:, [2, 5]] = poses[:, [1, 4]] + [0, 0.05, -0.45]
        poses[:, [3, 6]] = poses[:, [2, 5]] + [0, 0.43, 0]
    elif kind == "unseen":
        seen[:, [3, 6]] = False
    elif kind == "camera at the feet":
        root[:, 1] -= 1.1
    else:
        root[:] = np.nan
    assert size_by_feet(poses, root, seen, TIMES_S, under) is None


def test_mean_is_as_sure_as_the_floor_and_no_surer() -> None:
    size, rng = SizeOverTime(), np.random.default_rng(0)
    for k in range(600):
        size.add(k * 33_000_000, SizeMeasurement(0.7 * np.exp(rng.normal(0, 0.04)), 0.04, 0.02))
    assert size.size == pytest.approx(0.7, rel=0.02)
    assert 0.02 < size.sd < 0.03


def test_measurements_that_contradict_each_other_are_unsure() -> None:
    size = SizeOverTime()
    for k in range(300):
        seen = 1.0 if k % 90 < 45 else 1.3  # on and off a step
        size.add(k * 33_000_000, SizeMeasurement(seen, 0.03, 0.02))
    assert size.sd > 0.04
