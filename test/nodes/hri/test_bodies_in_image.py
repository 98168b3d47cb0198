"""People as in ROS4HRI: the bodies that the detector publishes."""

from collections import defaultdict
from typing import Any

import hri_msgs.msg
import numpy as np
import pytest
from graph import Graph
from hri_msgs.msg import NormalizedRegionOfInterest2D, Skeleton2D
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from diffhpe_ros.nodes.messages.bodies_2d import (
    SKELETON_2D,
    pack_region,
    pack_skeleton_2d,
    region,
)
from diffhpe_ros.nodes.messages.images import ImagePacker, image_to_bgr
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

pytestmark = pytest.mark.jazzy
FRAMES = 20


def keypoints() -> np.ndarray:
    """A body 100 pixels wide and 200 high, whose feet are below the image of 640x480."""
    points = np.full((17, 2), np.nan)
    points[9], points[11], points[14] = (320, 300), (370, 320), (270, 320)
    points[3], points[6] = (300, 500), (340, 500)
    return points


def test_region_is_the_box_of_the_seen_joints_within_the_image() -> None:
    box = region(keypoints(), 640, 480)
    assert box == (250, 280, 390, 480)
    message = pack_region(hri_msgs.msg, "cam", 1_500_000_000, box, (640, 480), 0.75)
    assert (message.xmin, message.ymax, message.c) == pytest.approx((250 / 640, 1, 0.75))
    assert (message.header.frame_id, message.header.stamp.sec) == ("cam", 1)


def test_body_outside_of_the_image_has_no_region() -> None:
    assert region(keypoints() + np.array([700, 0]), 640, 480) is None
    assert region(np.full((17, 2), np.nan), 640, 480) is None


def test_skeleton_has_the_points_that_are_seen_in_the_image() -> None:
    confidence = np.full(17, 0.5)
    message = pack_skeleton_2d(hri_msgs.msg, "cam", 0, keypoints(), confidence, (640, 480))
    assert len(message.skeleton) == 18
    left = message.skeleton[Skeleton2D.LEFT_SHOULDER]
    assert (left.x, left.y, left.c) == pytest.approx((370 / 640, 320 / 480, 0.5))
    seen = {number for number, point in enumerate(message.skeleton) if point.c > 0}
    assert seen == {Skeleton2D.NOSE, Skeleton2D.LEFT_SHOULDER, Skeleton2D.RIGHT_SHOULDER}


def test_every_joint_with_a_point_has_its_own() -> None:
    numbers = [getattr(Skeleton2D, name) for name in SKELETON_2D]
    assert len(set(numbers)) == len(set(SKELETON_2D.values())) == 14


@pytest.mark.ros
def test_detector_shows_where_in_the_image_a_body_is(graph: Graph) -> None:
    received: dict[str, list[Any]] = defaultdict(list)
    quality = QoSProfile(depth=100)
    for kind, name in (
        (NormalizedRegionOfInterest2D, "roi"), (Skeleton2D, "skeleton2d"), (Image, "cropped"),
    ):  # fmt: skip
        topic = f"/humans/bodies/b0001/{name}"
        graph.node.create_subscription(kind, topic, received[name].append, quality)
    images = graph.node.create_publisher(Image, "image", quality)
    graph.run("detector", replay=True, hri=True, camera_info_timeout_s=0.1, field_of_view=56.0)
    graph.until(lambda: images.get_subscription_count() == 1, "detector")
    clip, packer = walking_clip(), ImagePacker()
    with VideoReader(clip.video_path) as video:
        for index, _, image in video:
            if index == FRAMES:
                break
            images.publish(packer.pack(image, "cam", 10**9 + index * 33_333_333))
            graph.subscribe(0.02)
    graph.until(lambda: graph.value("detector", "processed") == str(FRAMES), "processed images")
    graph.until(lambda: len(received["roi"]) >= FRAMES - 5, "regions")
    truth = clip.camera.project(clip.joints[FRAMES - 1]) / (640, 480)
    roi, skeleton = received["roi"][-1], received["skeleton2d"][-1]
    assert roi.xmin < truth[:, 0].min() < truth[:, 0].max() < roi.xmax
    elbow = skeleton.skeleton[Skeleton2D.LEFT_ELBOW]
    np.testing.assert_allclose([elbow.x, elbow.y], truth[12], atol=0.03)
    cropped = image_to_bgr(received["cropped"][-1])
    assert cropped.shape[0] == pytest.approx(480 * (roi.ymax - roi.ymin), abs=1)
