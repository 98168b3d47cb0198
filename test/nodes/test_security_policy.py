"""The SROS 2 template allows what the nodes do, and no more."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from graph import ROOT, Graph, activate
from rclpy.node import Node

from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.video_source import VideoSourceNode
from diffhpe_ros.rendering.clip import walking_clip

pytestmark = pytest.mark.ros
POLICY = ROOT / "config" / "sros2" / "policy.xml"
NODES: dict[str, tuple[type[StageNode], dict[str, object]]] = {
    "detector": (DetectorNode, {"depth": True}),
    "lifter": (
        LifterNode,
        {"device": "cpu", "target_frame": "base_link", "upright_frames": "camera"},
    ),
    "video_source": (VideoSourceNode, {"path": str(walking_clip().video_path), "wait_s": 0.0}),
}


def allowed(node: str, kind: str, right: str) -> set[str]:
    """Full names that the policy gives a node a right to: topics or services."""
    (profile,) = ET.parse(POLICY).findall(f".//profile[@node='{node}']")
    given = [group for group in profile.findall(f"{kind}s") if group.get(right) == "ALLOW"]
    names = [each.text or "" for group in given for each in group.findall(kind)]
    return {_full(node, profile.get("ns", ""), name) for name in names}


def _full(node: str, namespace: str, name: str) -> str:
    if name.startswith("~/"):
        return f"{namespace.rstrip('/')}/{node}/{name[2:]}"
    return name if name.startswith("/") else f"{namespace.rstrip('/')}/{name}"


@pytest.fixture(params=NODES)
def running(request: pytest.FixtureRequest, graph: Graph, standing_model: Path) -> Node:
    """One of the nodes, active, with simulated time so that it also listens to /clock."""
    kind, parameters = NODES[request.param]
    if kind is LifterNode:
        parameters = {**parameters, "model": standing_model}
    node = graph.make(kind, use_sim_time=True, **parameters)
    activate(node)
    return node


def test_the_policy_names_what_a_node_uses(running: Node) -> None:
    name, namespace = running.get_name(), running.get_namespace()
    found = {
        ("topic", "publish"): running.get_publisher_names_and_types_by_node(name, namespace),
        ("topic", "subscribe"): running.get_subscriber_names_and_types_by_node(name, namespace),
        ("service", "reply"): running.get_service_names_and_types_by_node(name, namespace),
    }
    for (kind, right), names in found.items():
        assert allowed(name, kind, right) == {each for each, _ in names}, (kind, right)
