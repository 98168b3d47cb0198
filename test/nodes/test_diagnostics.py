"""Diagnostics show why no messages arrive, and when results are late."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from graph import Graph
from graph import activate as activate_node
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from standing import standing_windows
from visualization_msgs.msg import MarkerArray

from diffhpe_ros.nodes import topics
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.diagnostics.thresholds import check_completeness, check_input, check_latency
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.nodes.parameters.tables import StageParameters
from diffhpe_ros.nodes.video_source import VideoSourceNode
from diffhpe_ros.rendering.clip import walking_clip

pytestmark = pytest.mark.jazzy
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=1)
Activate = Callable[..., StageNode[Any]]


@pytest.fixture
def activate(graph: Graph) -> Activate:
    """Activates a node in this process with the given parameters."""

    def make(kind: type[Any], **parameters: Any) -> StageNode[Any]:
        node = graph.make(kind, **parameters)
        activate_node(node)
        return node

    return make


@pytest.fixture
def soon_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics without messages for half a second are reported."""
    monkeypatch.setattr(topics, "SILENCE_S", 0.5)


@pytest.fixture
def driver(context: Context) -> Iterator[Node]:
    """A node like one of another process in the same domain."""
    other = Context()
    rclpy.init(args=[], context=other, domain_id=context.get_domain_id())
    node = Node("driver", context=other)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=other)


def wait_for_status(graph: Graph, node: str, *parts: str) -> None:
    """Wait until the status of a node contains all of these texts."""
    graph.until(
        lambda: node in graph.status and all(part in graph.status[node].message for part in parts),
        f"{node} saying {parts}",
    )


@pytest.mark.ros
def test_silent_topic_is_explained_by_its_publishers(
    graph: Graph, activate: Activate, driver: Node, soon_silent: None
) -> None:
    elsewhere = graph.node.create_publisher(Image, "/camera/image_raw", 1)
    activate(DetectorNode, **{"qos_overrides./image.subscription.reliability": "reliable"})
    wait_for_status(
        graph,
        "detector",
        "no messages on /image for",
        "it has no publisher; sensor_msgs/msg/Image is published on /camera/image_raw",
    )
    graph.node.destroy_publisher(elsewhere)

    lossy = graph.node.create_publisher(Image, "image", BEST_EFFORT)
    wait_for_status(
        graph,
        "detector",
        "/listener publishes /image with a QoS that does not fit",
        "best effort publisher and reliable subscription",
        "qos_overrides./image.subscription",
    )
    graph.node.destroy_publisher(lossy)

    compressed = driver.create_publisher(CompressedImage, "image", RELIABLE)
    wrong = "/driver publishes sensor_msgs/msg/CompressedImage on /image, expected sensor_msgs/"
    wait_for_status(graph, "detector", wrong)
    driver.destroy_publisher(compressed)

    camera = graph.node.create_publisher(Image, "image", RELIABLE)
    wait_for_status(
        graph,
        "detector",
        "/listener publishes it, but either sends nothing or all messages are lost",
    )
    camera.publish(Image())
    wait_for_status(graph, "detector", "/listener publishes it, but has stopped, or the network")


@pytest.mark.ros
def test_camera_info_that_was_not_remapped_is_named(
    graph: Graph, activate: Activate, soon_silent: None
) -> None:
    graph.node.create_publisher(CameraInfo, "/camera/camera_info", 1)
    activate(DetectorNode)
    wait_for_status(
        graph,
        "detector",
        "no messages on /camera_info: it has no publisher; sensor_msgs/msg/CameraInfo is"
        " published on /camera/camera_info",
    )


@pytest.mark.ros
def test_lifter_warns_without_a_detector_but_not_without_people(
    graph: Graph, activate: Activate, standing_model: str, soon_silent: None
) -> None:
    activate(LifterNode, model=str(standing_model))
    wait_for_status(graph, "lifter", "no messages on /windows for", "it has no publisher")
    graph.node.create_publisher(PointCloud2, "windows", RELIABLE)
    graph.until(
        lambda: "lifter" in graph.status and graph.status["lifter"].level == DiagnosticStatus.OK,
        "OK",
    )
    graph.node.create_subscription(
        MarkerArray,
        "skeletons",
        lambda _: None,
        QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
    )
    wait_for_status(graph, "lifter", "/listener cannot receive /skeletons, its QoS does not fit")


@pytest.mark.ros
def test_late_results_and_other_clocks_are_reported(
    graph: Graph, activate: Activate, standing_model: str
) -> None:
    lifter = activate(LifterNode, model=str(standing_model), latency_error_s=30.0)
    publisher = graph.node.create_publisher(PointCloud2, "windows", RELIABLE)
    graph.until(publisher.get_subscription_count, "lifter")

    def send(age_s: float) -> Callable[[], bool]:
        """Sends windows of that age until the condition holds."""

        def and_look() -> bool:
            now_ns = lifter.get_clock().now().nanoseconds
            windows = standing_windows([1], stamp_ns=now_ns - round(age_s * 1e9))
            publisher.publish(pack_windows(windows))
            return "lifter" in graph.status and graph.status["lifter"].level == wanted

        return and_look

    wanted = DiagnosticStatus.WARN
    graph.until(send(10), "warning")
    assert "after their image's stamp, at most 0.3 s is expected" in graph.status["lifter"].message
    wanted = DiagnosticStatus.ERROR
    graph.until(send(60), "error")
    assert "at most 30 s is expected" in graph.status["lifter"].message
    (result,) = lifter.set_parameters([Parameter("latency_error_s", value=300.0)])
    assert result.successful
    wanted = DiagnosticStatus.WARN
    graph.until(send(60), "warning again")
    wanted = DiagnosticStatus.ERROR
    graph.until(send(1e6), "error of the clock")
    assert "behind this clock: set use_sim_time" in graph.status["lifter"].message


def test_thresholds_follow_the_last_seconds() -> None:
    diagnostics, parameters = NodeDiagnostics(), StageParameters()
    diagnostics.report()
    for _ in range(3):
        diagnostics.count("received", 10)
        diagnostics.count("dropped", 6)
        diagnostics.time("latency", 0.2)
        diagnostics.tally("joints_seen", 40)
        diagnostics.tally("joints_expected", 100)
        diagnostics.report()
    check_input(diagnostics)
    check_completeness(diagnostics)
    check_latency(diagnostics, parameters)
    report = diagnostics.report()
    dropped, unseen = report.warnings
    assert dropped.startswith("60 % of the messages are dropped")
    assert unseen.startswith("only 40 % of the windows' joints are seen")
    assert report.values["window_completeness"] == 0.4
    assert not report.errors

    for _ in range(6):  # seconds later nothing has come
        diagnostics.report()
    check_input(diagnostics)
    check_completeness(diagnostics)
    report = diagnostics.report()
    assert not report.warnings and "window_completeness" not in report.values


@pytest.mark.parametrize(
    ("latency_s", "expected"),
    [
        (-5.0, "the images' stamps are 5.00 s ahead of this clock: the clocks"),
        (-7200.0, "the images' stamps are 7200.00 s ahead of this clock: set use_sim_time"),
        (7200.0, "the images' stamps are 7200.00 s behind this clock: set use_sim_time"),
    ],
)
def test_clocks_that_differ_are_reported_in_both_directions(
    latency_s: float, expected: str
) -> None:
    diagnostics = NodeDiagnostics()
    diagnostics.time("latency", latency_s)
    check_latency(diagnostics, StageParameters())
    report = diagnostics.report()
    (text,) = report.errors + report.warnings
    assert text.startswith(expected)


@pytest.mark.ros
def test_parameter_that_no_node_has_is_named(graph: Graph, activate: Activate) -> None:
    others = {"model": "mixste", "qos_overrides./image.subscription.depth": 2}
    activate(DetectorNode, field_of_veiw=70.0, **others)
    wait_for_status(graph, "detector", "there is no parameter field_of_veiw; field_of_view is one")
    assert "model" not in graph.status["detector"].message


@pytest.mark.ros
def test_simulated_clock_without_a_publisher_is_reported(graph: Graph, activate: Activate) -> None:
    activate(VideoSourceNode, use_sim_time=True, path=str(walking_clip().video_path))
    wait_for_status(graph, "video_source", "use_sim_time is set, but /clock has no publisher")


@pytest.mark.ros
def test_two_detectors_with_one_frame_id_are_reported(
    graph: Graph, activate: Activate, standing_model: str
) -> None:
    activate(LifterNode, model=str(standing_model))
    publishers = [graph.node.create_publisher(PointCloud2, "windows", RELIABLE) for _ in "ab"]
    for each in publishers:
        graph.until(each.get_subscription_count, "lifter")

    def warned() -> bool:
        for each in publishers:
            each.publish(pack_windows(standing_windows([1])))
        graph.subscribe(0.1)
        return "send camera 'camera'" in graph.status["lifter"].message

    graph.until(warned, "warning")
    assert "give each its own frame_id or camera_name" in graph.status["lifter"].message


def test_node_that_only_starts_slowly_is_not_slower_than_its_input() -> None:
    diagnostics = NodeDiagnostics()
    for received, dropped in ((0, 0), (30, 17), (30, 2), (30, 0), (30, 0), (30, 0)):
        diagnostics.count("received", received)
        diagnostics.count("dropped", dropped)
        check_input(diagnostics)
        assert not diagnostics.report().warnings


def test_queue_that_waits_when_its_sender_ends_is_no_slow_node() -> None:
    diagnostics = NodeDiagnostics()
    diagnostics.report()
    diagnostics.count("received", 2)
    diagnostics.set_value("dropped", 2)
    diagnostics.report()
    check_input(diagnostics)
    assert not diagnostics.report().warnings


def test_warning_of_a_message_ends_when_no_more_messages_cause_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    diagnostics = NodeDiagnostics()
    diagnostics.warn("parameters", "unknown")
    diagnostics.warn_of_message("rate", "too few images")
    assert diagnostics.report().warnings == ("unknown", "too few images")
    minute_later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: minute_later)
    assert diagnostics.report().warnings == ("unknown",)


def test_failures_are_reported_once_and_warnings_until_cleared() -> None:
    diagnostics = NodeDiagnostics()
    diagnostics.error("broken")
    diagnostics.warn("camera", "uncalibrated")
    diagnostics.count("images", 2)
    diagnostics.time("lift", 0.01)
    first, second = diagnostics.report(), diagnostics.report()
    assert first.errors == ("broken",) and not second.errors
    assert first.warnings == second.warnings == ("uncalibrated",)
    assert second.values == {"images": 2, "lift_ms_p50": 10.0, "lift_ms_p95": 10.0}
    diagnostics.clear("camera")
    assert not diagnostics.report().warnings
