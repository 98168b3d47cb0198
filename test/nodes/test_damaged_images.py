"""Damaged images on a compressed topic cost those images only, and are named."""

from array import array
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from rclpy.context import Context
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage

from diffhpe_ros.nodes.detector import DetectorNode

pytestmark = pytest.mark.ros
SUCCESS = TransitionCallbackReturn.SUCCESS


@pytest.fixture
def detector(context: Context) -> Iterator[DetectorNode]:
    values = {"image_transport": "compressed", "blazepose_model": "full"}
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    node = DetectorNode(context=context, parameter_overrides=overrides)
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    yield node
    node.close()
    node.destroy_node()


def test_damaged_image_is_left_out_counted_and_named(detector: DetectorNode) -> None:
    wall = np.random.default_rng(0).integers(90, 110, (120, 160, 3), np.uint8)
    whole = cv2.imencode(".jpg", wall)[1].tobytes()
    detector.diagnostics.report()
    for data in (whole[: len(whole) // 2], whole):
        detector.process([CompressedImage(format="jpeg", data=array("B", data))])
    detector.diagnostics.report()
    detector.inspect()
    report = detector.diagnostics.report()
    assert report.values["damaged_images"] == report.values["processed"] == 1
    assert any("1 images in the last seconds were damaged" in text for text in report.warnings)
    assert not any("decoded" in text for text in report.errors)
