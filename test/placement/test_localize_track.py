"""The root over a recording."""

import numpy as np
from standing_person import STANDING, look

from diffhpe_ros.placement import localize_track


def test_frames_are_placed_from_those_around_them_at_any_rate() -> None:
    for rate in (15, 60):
        times = np.arange(6 * rate) / rate
        path = np.stack([np.sin(times), 0 * times, 5 + np.sin(2 * times)], -1)
        poses = np.tile(STANDING, (len(times), 1, 1))
        image = look(poses, path)
        placed = localize_track(times, poses, image, np.ones(image.shape[:-1]))
        # A straight line of 0.5 s through the bends, and at the ends to one side.
        np.testing.assert_allclose(placed, path, atol=0.08)


def test_unknown_frames_are_nan_and_change_no_others() -> None:
    times = np.arange(60) / 30
    poses = np.tile(STANDING, (60, 1, 1)).astype(np.float32)
    image = look(poses, (0, 0, 3))
    poses[20:25] = np.nan
    placed = localize_track(times, poses, image, np.ones((60, 17)))
    assert placed.dtype == np.float32
    unknown = np.isnan(placed).any(-1)
    np.testing.assert_array_equal(np.flatnonzero(unknown), np.arange(20, 25))
    np.testing.assert_allclose(placed[~unknown][:, 2], 3, atol=1e-3)


def test_empty_track_has_no_roots() -> None:
    nothing = np.zeros((0, 17, 3))
    assert localize_track(np.zeros(0), nothing, nothing[..., :2], nothing[..., 0]).shape == (0, 3)
