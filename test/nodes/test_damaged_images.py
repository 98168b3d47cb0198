"""Damaged images on a compressed topic affect only those images, and are reported."""

from array import array

import cv2
import numpy as np
import pytest
from graph import Graph, activate
from sensor_msgs.msg import CompressedImage

from diffhpe_ros.nodes.detector import DetectorNode

pytestmark = pytest.mark.ros


@pytest.fixture
def detector(graph: Graph) -> DetectorNode:
    node = graph.make(DetectorNode, image_transport="compressed", blazepose_model="full")
    activate(node)
    return node


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
