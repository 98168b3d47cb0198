"""Tables of how right the ellipsoids are for people outside of the fit."""

from dataclasses import replace

import numpy as np

from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.lifting.pipeline.variance_network import JOINT_INPUTS
from diffhpe_ros.training.calibration.calibrate import Calibration
from diffhpe_ros.training.calibration.held_out import LeftOut
from diffhpe_ros.training.calibration.measured_errors import MeasuredErrors
from diffhpe_ros.training.experiments.left_out import left_out_tables


def calibration(distance: float) -> Calibration:
    """One person in 30 windows, one in 10, without occlusions; joints that many sigmas off."""
    features = np.zeros((40, 5, 16, len(VARIANCE_FEATURES)))
    measured = MeasuredErrors(
        errors=np.zeros((40, 5, 16, 3)),
        spread=np.zeros((40, 5, 16, 3, 3)),
        features=features,
        body=np.zeros((40, 5, 17, JOINT_INPUTS), np.float32),
        person=np.array(["ann"] * 30 + ["bob"] * 10),
        condition=np.full(40, "unchanged"),
        coherence_mm=np.zeros((40, 3)),
    )
    shape = 40, 5, 16
    left_out = LeftOut(squared=np.full(shape, distance**2), stated=np.ones(shape))
    return Calibration(ModelConfig("mixste"), measured, left_out, network_gain=0.0)


def rows(tables: str) -> dict[str, list[str]]:
    """By the first cell; of those with the same one, the first."""
    cells = [line.strip("| ").split(" | ") for line in tables.splitlines() if line]
    return {name: rest for name, *rest in reversed(cells)}


def test_people_count_alike_however_many_windows_they_have():
    found = calibration(3.0)
    found.left_out.squared[found.measured.person == "bob"] = 1.5**2
    assert rows(left_out_tables(found))["unchanged"][:2] == ["0.0", "50.0"]


def test_the_worst_joint_is_named_and_listed():
    found = calibration(1.5)
    found.left_out.squared[:, :, 9] = 3.0**2
    table = rows(left_out_tables(found))
    assert table["unchanged"][3] == "Head 0.0"
    assert table["Head"][:2] == ["0.0", "0.0"]
    assert table["Thorax"][:2] == ["0.0", "100.0"]


def test_lags_are_those_of_the_frames():
    found = calibration(1.5)
    found.left_out.squared[:, 0] = 9.0
    table = rows(left_out_tables(found))
    assert table["0"] == ["0.0", "100.0"] and table["24"] == ["0.0", "0.0"]
    assert table["unchanged, lag 3"][:2] == ["0.0", "100.0"]


def test_joints_that_are_off_are_listed_with_an_interval_over_people():
    """All joints are within 2 sigma and not within 1; a hip of one of two persons is in neither."""
    found = calibration(1.5)
    found.left_out.squared[found.measured.person == "bob", :, 3] = 3.0**2
    tables = left_out_tables(found)
    assert rows(tables)["unchanged"][4:6] == ["32", "31"]
    row = next(line for line in tables.splitlines() if line.startswith("| unchanged | 2 |"))
    assert "LHip 50.0 (0.0 to 100.0), LKnee 100.0 (100.0 to 100.0)" in row


def test_few_people_have_an_interval_too():
    """Draws that hold none of them are left out."""
    found = calibration(3.0)
    found.measured.person[:30] = "16"
    tables = left_out_tables(found)
    assert "people not in the training" in rows(tables)
    assert "nan" not in tables.split("with intervals")[1]


def test_stated_errors_are_compared_with_measured_ones():
    """The surest tenth of the joints states 10 mm and errs by 20, the others are right."""
    found = calibration(1.5)
    found.left_out.stated[:] = 0.1
    found.left_out.stated[:, 0, :8] = 0.01
    found.measured.errors[..., 2] = 0.1
    found.measured.errors[:, 0, :8, 2] = 0.02
    table = left_out_tables(found)
    assert "| stated, mm | 10 | 100 | 100 |" in table
    assert "| measured, mm | 20 | 100 | 100 |" in table


def test_what_the_network_adds_is_told():
    found = calibration(1.5)
    assert "No variance network" in left_out_tables(found)
    assert "adds 0.125 to" in left_out_tables(replace(found, network_gain=0.125))
