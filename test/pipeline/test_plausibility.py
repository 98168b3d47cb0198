"""Plausibility warnings: poses that must not be trusted, and why."""

from dataclasses import replace

import numpy as np
import pytest
from standing import people_at

from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.lifting.pipeline.coherence_limits import CoherenceLimits, TrainedRange
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.pipeline.plausibility import UNPLACED, plausibility_warnings

CONFIG = ModelConfig(
    "mixste",
    coherence_limits=CoherenceLimits(
        symmetry_gap_mm=20.0, segment_std_mm=5.0, hypothesis_spread_mm=0.0
    ),
    trained_range=TrainedRange(nearest_m=1.5, farthest_m=10.0, angle_deg=40.0),
)


def person_at(x: float, y: float, z: float, gap_mm: float = 8.0) -> LiftedPeople:
    joints = np.broadcast_to(np.array([x, y, z], np.float32), (1, 17, 3))
    return people_at(
        joints,
        (7,),
        symmetry_gap=np.array([gap_mm / 1000]),
        segment_std=np.array([0.002]),
        hypothesis_spread=np.array([0.03]),
    )


def test_person_in_the_trained_range_has_no_warning():
    assert plausibility_warnings(person_at(0.5, 0.2, 4.0), CONFIG) == [""]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ((0, 0, 1.2), "1.2 m away, the model was trained for 1.5 to 10 m"),
        ((0, 0, 12.0), "12.0 m away"),
        ((4, 0, 4.0), "45 degrees off the optical axis, the model was trained for up to 40"),
    ],
)
def test_person_outside_of_the_trained_range_is_warned_of(where, text):
    assert text in plausibility_warnings(person_at(*where), CONFIG)[0]


def test_incoherent_pose_is_warned_of():
    (text,) = plausibility_warnings(person_at(0, 0, 4, gap_mm=31.4), CONFIG)
    assert text == "do not trust: symmetry gap 31.4 mm, usually up to 20 mm"


def test_person_of_unknown_position_is_warned_of():
    assert plausibility_warnings(person_at(np.nan, 0, 4), CONFIG) == [UNPLACED]


def test_model_without_limits_gives_no_warnings():
    unlimited = replace(CONFIG, coherence_limits=None, trained_range=None)
    assert plausibility_warnings(person_at(9, 0, 1, gap_mm=90), unlimited) == [""]
