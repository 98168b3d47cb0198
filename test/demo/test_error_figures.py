"""The report's errors for joints whose truth is known."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diffhpe_ros.camera import Camera
from diffhpe_ros.demo import embedded_clip
from diffhpe_ros.demo.report import error_figures
from diffhpe_ros.demo.results import Results
from diffhpe_ros.nodes.messages.joints import UnpackedJoints

pytestmark = pytest.mark.ros
CLIP = embedded_clip()


def shown(frames: list[int], tremble_m: float) -> Results:
    """The clip's true joints in some frames; all except the hip jitter from frame to frame."""
    joints = {}
    for frame in frames:
        positions = CLIP.truth[frame] + 0.0
        positions[1:, 0] += tremble_m * (-1) ** frame
        stamp = round(frame / CLIP.fps * 1e9)
        empty = np.zeros((1, 17, 3, 3), np.float32)
        joints[stamp] = UnpackedJoints(
            "camera", stamp, (0,), positions[None], empty[..., 0, 0], empty,
            velocity=empty[..., 0], velocity_covariance=empty, seen=np.ones((1, 17), bool),
            camera="camera",
        )  # fmt: skip
    none = np.zeros(0)
    camera = Camera.from_field_of_view(640, 480)
    return Results(0, list(joints), camera, {}, joints, none, none, none, {})


def test_jitter_is_the_mean_acceleration_error() -> None:
    figures = error_figures(CLIP, shown(list(range(20, 40)), tremble_m=0.001))
    assert figures["mpjpe_mm"] == pytest.approx(1.0 * 16 / 17, abs=0.06)
    assert figures["jitter_mm_per_frame2"] == pytest.approx(4.0 * 16 / 17, abs=0.06)
    assert figures["frames_with_error"] == 20


def test_jitter_does_not_reach_over_frames_that_are_missing() -> None:
    smooth = [*range(20, 30), *range(60, 70)]
    assert error_figures(CLIP, shown(smooth, tremble_m=0.0))["jitter_mm_per_frame2"] < 0.01
    assert error_figures(CLIP, shown([20, 22, 24], 0.0))["jitter_mm_per_frame2"] is None
