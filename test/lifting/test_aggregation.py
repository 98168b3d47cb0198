"""One pose from several: the mean, or each joint from the hypothesis that fits the image best."""

import numpy as np
import pytest

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.pipeline.aggregation import by_reprojection, create_aggregation, mean
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.rendering.walk import CircleWalk

ROOT = np.array([0.3, 0.2, 4.0])


def walk() -> tuple[np.ndarray, np.ndarray]:
    """Poses (1, 27, 17, 3) and their keypoints (1, 27, 17, 2)."""
    joints = np.array([CircleWalk().pose(k / 50).joints for k in range(27)])[None]
    poses = joints - joints[:, :, :1]
    placed = poses + ROOT
    return poses, CANONICAL_FOCAL * placed[..., :2] / placed[..., 2:]


def with_errors(poses: np.ndarray) -> np.ndarray:
    """(1, 2, 27, 17, 3): the left wrist is off in one, the right foot in the other."""
    hypotheses = np.stack([poses, poses], 1)
    hypotheses[:, 0, :, 13, 0] += 0.1
    hypotheses[:, 1, :, 3, 0] -= 0.1
    return hypotheses


def test_mean_halves_the_error_of_one_of_two():
    poses, seen = walk()
    aggregated = mean(with_errors(poses), seen)
    assert np.abs(aggregated - poses).max() == pytest.approx(0.05)


def test_each_joint_is_taken_from_where_the_image_agrees():
    poses, seen = walk()
    aggregated = by_reprojection(with_errors(poses), seen)
    np.testing.assert_allclose(aggregated, poses, atol=1e-6)


def test_joints_that_are_not_seen_are_the_mean():
    poses, seen = walk()
    seen[:, :, 13] = 0
    aggregated = by_reprojection(with_errors(poses), seen)
    assert np.abs(aggregated - poses)[:, :, 13].max() == pytest.approx(0.05)
    assert np.abs(aggregated - poses)[:, :, 3].max() < 1e-6


def test_where_nobody_can_be_placed_it_is_the_mean():
    poses, seen = walk()
    hypotheses = with_errors(poses)
    np.testing.assert_array_equal(
        by_reprojection(hypotheses, np.zeros_like(seen)), hypotheses.mean(1)
    )
    assert np.isnan(by_reprojection(np.full_like(hypotheses, np.nan), seen)).all()


def test_lifter_aggregates(wrapper_folder, windows):
    lifted = Lifter.from_pretrained(
        wrapper_folder, steps=2, hypotheses=3, aggregation="reprojection"
    ).lift(windows)
    expected = by_reprojection(lifted.hypotheses, windows.numpy())
    np.testing.assert_array_equal(lifted.poses, expected)


def test_nodes_parameters_know_all_names():
    fields = LifterParameters.__dataclass_fields__
    for name in fields["aggregation"].metadata["choices"]:
        create_aggregation(name)
    with pytest.raises(DiffhpeError, match="expected one of mean, reprojection"):
        create_aggregation("median")
