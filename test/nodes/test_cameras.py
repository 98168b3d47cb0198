"""Several cameras in namespaces share one lifter."""

from pathlib import Path

import pytest
from graph import PERSON_FRAMES, Graph

from diffhpe_ros.nodes.messages.joints import unpack_joints

pytestmark = pytest.mark.ros
CAMERAS = ("left", "right")


def test_two_cameras_share_a_lifter(graph: Graph, short_clip: Path, standing_model: Path) -> None:
    graph.run("lifter", model=standing_model, device="cpu", replay=True)
    for camera in CAMERAS:
        graph.run("detector", namespace=camera, remap={"windows": "/windows"}, replay=True)
    nodes = ("lifter", *(f"{camera}/detector" for camera in CAMERAS))
    graph.until(lambda: [graph.value(node, "state") for node in nodes] == ["active"] * 3, "nodes")
    for camera in CAMERAS:
        graph.run("video_source", namespace=camera, path=short_clip, frame_id=camera, replay=True)

    def joints_of(camera: str) -> int:
        messages = [unpack_joints(message) for message in graph.messages("joints")]
        return sum(each.frame_id == camera for each in messages)

    # The windows of both end at frames 16 to 29 of the clip.
    windows = PERSON_FRAMES - 16
    graph.until(lambda: [joints_of(each) for each in CAMERAS] == [windows] * 2, "joints of both")
    names = {message.status[0].name for message in graph.messages("coherence")}
    assert names == {"left/person_0", "right/person_0"}
