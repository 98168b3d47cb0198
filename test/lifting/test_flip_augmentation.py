"""Test-time augmentation: poses of a window and of its mirror image."""

import numpy as np
import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, SamplingConfig
from diffhpe_ros.lifting.pipeline.augmentation import Flip, mirrored
from diffhpe_ros.lifting.window_batch import check_windows
from diffhpe_ros.skeleton import MIRRORED

MODELS = ["mixste-robust", "diffhpe-wrapper-robust", "diffpose"]


@pytest.fixture(params=MODELS)
def lifter(request: pytest.FixtureRequest) -> Lifter:
    return Lifter.from_pretrained(
        request.param, sampler="ddim", steps=1, hypotheses=2, augmentation="flip"
    )


def seen() -> np.ndarray:
    windows = 0.2 * np.random.default_rng(0).standard_normal((3, 27, 17, 2))
    windows[:, 3:9, 5] = 0  # unseen
    return windows.astype(np.float32)


def flipped(points: np.ndarray) -> np.ndarray:
    """2D or 3D joints with left and right swapped and x negated."""
    sign = np.ones(points.shape[-1], np.float32)
    sign[0] = -1
    return points[..., list(MIRRORED), :] * sign


def test_mirror_image_is_lifted_and_mirrored_back(lifter: Lifter) -> None:
    plain, other = (lifter.lift(x).hypotheses for x in (seen(), flipped(seen())))
    assert plain.shape == (3, 2, 27, 17, 3)
    assert np.abs(plain[:, 0] - plain[:, 1]).max() > 1e-3
    if lifter.config.architecture == "mixste":  # the others' two hypotheses have separate noise
        np.testing.assert_allclose(flipped(other[:, 0]), plain[:, 1], atol=1e-5)
        np.testing.assert_allclose(flipped(other[:, 1]), plain[:, 0], atol=1e-5)


def test_flipped_lifter_does_not_prefer_a_side() -> None:
    lifter = Lifter.from_pretrained("mixste-robust", augmentation="flip")
    poses, other = (lifter.lift(x).poses for x in (seen(), flipped(seen())))
    np.testing.assert_allclose(flipped(other), poses, atol=1e-5)


def test_first_half_of_the_hypotheses_is_of_the_window_itself(lifter: Lifter) -> None:
    plain = lifter.sampled(
        SamplingConfig(hypotheses=2, steps=1, augmentation="none", sampler="ddim")
    )
    both, first = (each.lift(seen()).hypotheses[:, 0] for each in (lifter, plain))
    np.testing.assert_allclose(both, first, atol=2e-5)


def test_views_of_one_window_are_neighbours_and_go_back_to_it() -> None:
    observed = check_windows(seen(), 27)
    both = Flip().apply(observed)
    np.testing.assert_array_equal(both.x_2d[::2], observed.x_2d)
    np.testing.assert_array_equal(both.x_2d[1::2], flipped(seen()))
    np.testing.assert_array_equal(mirrored(mirrored(observed)).x_2d, observed.x_2d)
    poses = np.random.default_rng(0).standard_normal((6, 2, 27, 17, 3))
    for library in (np.asarray, torch.as_tensor):
        back = Flip().undo(library(poses))
        np.testing.assert_array_equal(back[1, :2], poses[2])
        np.testing.assert_array_equal(back[1, 2:], flipped(poses[3]))


def test_covariance_is_mirrored_with_its_joint() -> None:
    covariance = np.zeros((3, 27, 17, 2, 2), np.float32)
    covariance[:, :, 4] = [[2.0, 1.0], [1.0, 3.0]]
    image = mirrored(check_windows(seen(), 27, covariance_2d=covariance)).covariance_2d
    np.testing.assert_array_equal(image[0, 0, MIRRORED[4]], [[2.0, -1.0], [-1.0, 3.0]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"augmentation": "crop"}, "unknown augmentation 'crop'; expected one of none, flip"),
        ({"augmentation": "flip", "hypotheses": 3}, "must be a multiple of 2"),
        (
            {"augmentation": "flip", "hypotheses": 2, "start": "previous"},
            "start 'previous' cannot be combined with augmentation 'flip'",
        ),
    ],
)
def test_what_cannot_be_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(DiffhpeError, match=message):
        Lifter.from_pretrained("diffhpe-wrapper-robust", **settings)
