"""Tracks of people in front of a camera, as in the live graph."""

from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.metrics import acceleration_errors
from diffhpe_ros.training.synthesis.synthetic_streams import SyntheticStream, read_streams


@pytest.fixture(scope="module")
def track(mocap: Path) -> SyntheticStream:
    return read_streams(mocap / "cmu_h36m17_50hz.npz", {16}, seconds=2.0)[0]


def test_images_come_at_their_rate_for_as_long_as_was_asked(track: SyntheticStream) -> None:
    assert np.diff(track.stamps_ns) == pytest.approx(1e9 / 30, abs=1)
    assert len(track.stamps_ns) == len(track.keypoints) == 60
    assert len(track.truth) == 100


def test_windows_overlap_as_in_the_live_graph(track: SyntheticStream) -> None:
    windows = list(track.windows(ModelConfig("mixste")))
    assert [window.stamp_ns for window in windows] == track.stamps_ns[16:].tolist()
    np.testing.assert_array_equal(windows[0].keypoints[-1], track.keypoints[16])


def test_truth_can_be_had_at_any_time(track: SyntheticStream) -> None:
    between = track.truth_at(np.array([30_000_000]))[0]
    np.testing.assert_allclose(between, (track.truth[1] + track.truth[2]) / 2)
    assert (track.truth[:, 0] == 0).all()


def test_same_seed_gives_the_same_tracks(mocap: Path, track: SyntheticStream) -> None:
    again = read_streams(mocap / "cmu_h36m17_50hz.npz", {16}, seconds=2.0)[0]
    np.testing.assert_array_equal(again.keypoints, track.keypoints)


def test_motion_is_smoother_than_what_a_detector_sees(track: SyntheticStream) -> None:
    still = np.zeros_like(track.truth)
    # People accelerate by less than 2 m/s² for most of the time: 0.8 mm per frame².
    assert 0.1e-3 < np.median(acceleration_errors(track.truth, still)) < 2e-3
