"""Smoothed poses are still poses of the same body."""

import numpy as np
from standing import STANDING

from diffhpe_ros.coherence import bone_lengths
from diffhpe_ros.pipeline.output_smoothing import TrackSmoother

FRAME_NS = 33_333_333


def test_smoothed_bones_are_as_long_as_those_of_the_window() -> None:
    steady = TrackSmoother(blend_s=0.2, min_cutoff=1.0, beta=0.0)
    grid_ns, root = np.arange(-26, 1) * 20_000_000, np.array([0.0, 0.1, 4.0])
    for number, angle in enumerate((0.0, 0.6, 1.2)):
        turn = np.array(
            [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        )
        poses = np.tile(STANDING @ turn.T, (27, 1, 1))
        shown = steady(number * FRAME_NS + grid_ns, poses, -1, root)
        np.testing.assert_allclose(bone_lengths(shown), bone_lengths(STANDING), atol=1e-6)
    assert np.abs(shown - poses[-1] - root).max() > 0.02  # not yet where the newest window is
