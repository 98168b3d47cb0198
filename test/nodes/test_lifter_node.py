"""The lifter's life cycle, and wrong messages."""

import signal
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from graph import Graph, activate
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from standing import standing_windows
from visualization_msgs.msg import Marker

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.nodes.messages.windows import pack_windows

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


@pytest.fixture
def lifter(graph: Graph) -> LifterNode:
    """A lifter in this process, spun together with the listener."""
    return graph.make(LifterNode)


def model(name: Path | str) -> Parameter:
    return Parameter("model", value=str(name))


def test_a_wrong_model_can_be_corrected(
    lifter: LifterNode, graph: Graph, standing_model: Path
) -> None:
    lifter.set_parameters([model("nosuch")])
    assert lifter.trigger_configure() == FAILURE
    graph.until(lambda: "lifter" in graph.status, "diagnostics")
    assert graph.status["lifter"].level == DiagnosticStatus.ERROR
    assert "unknown model 'nosuch'" in graph.status["lifter"].message
    lifter.set_parameters([model(standing_model)])
    assert lifter.trigger_configure() == SUCCESS
    assert lifter.trigger_activate() == SUCCESS
    graph.until(lambda: graph.value("lifter", "state") == "active", "activity")
    assert lifter.trigger_deactivate() == SUCCESS
    assert lifter.trigger_cleanup() == SUCCESS
    assert lifter.trigger_configure() == SUCCESS
    assert lifter.trigger_shutdown() == SUCCESS


def test_parameters_out_of_range_are_refused(lifter: LifterNode) -> None:
    (result,) = lifter.set_parameters([Parameter("hypotheses", value=-1)])
    assert not result.successful
    (result,) = lifter.set_parameters([Parameter("autostart", value=True)])
    assert not result.successful


def test_people_are_shown_and_removed_and_wrong_messages_refused(
    lifter: LifterNode, graph: Graph, standing_model: Path
) -> None:
    # In a replay every message is processed, even on a slow machine.
    lifter.set_parameters([model(standing_model), Parameter("replay", value=True)])
    publisher = graph.node.create_publisher(PointCloud2, "windows", 50)
    activate(lifter)
    graph.until(lambda: publisher.get_subscription_count() == 2, "lifter")
    send = publisher.publish

    spoilt = pack_windows(standing_windows([1]))
    spoilt.height = 28
    slow = standing_windows([1])
    slow.offsets_ns[:] *= 2
    for bad in (PointCloud2(), spoilt, pack_windows(slow)):
        send(bad)
    graph.until(lambda: graph.value("lifter", "failed") == "3", "count of three bad messages")
    assert not graph.raw["joints"]

    send(pack_windows(standing_windows([1, 2], stamp_ns=10**9)))
    graph.until(lambda: graph.raw["coherence"], "coherence, which comes last")
    joints = unpack_joints(graph.messages("joints")[0])
    assert (joints.frame_id, joints.stamp_ns, joints.track_ids) == ("camera", 10**9, (1, 2))
    np.testing.assert_allclose(joints.positions[:, 0], [[0, 0.1, 4], [0.5, 0.1, 4]], atol=0.02)
    (coherence,) = graph.messages("coherence")
    assert [status.name for status in coherence.status] == ["camera/person_1", "camera/person_2"]

    send(pack_windows(standing_windows([2], stamp_ns=2 * 10**9)))  # 1 has left
    send(pack_windows(standing_windows([], stamp_ns=3 * 10**9)))  # 2 has left, too
    send(pack_windows(standing_windows([4], stamp_ns=4 * 10**9)))
    graph.until(lambda: len(graph.raw["skeletons"]) == 4, "four marker messages")
    assert lifter.trigger_deactivate() == SUCCESS  # which removes 4
    graph.until(lambda: len(graph.raw["skeletons"]) == 5, "five marker messages")
    deleted = [
        {marker.ns for marker in message.markers if marker.action == Marker.DELETE}
        for message in graph.messages("skeletons")
    ]

    def all_of(person: int) -> set[str]:
        return {f"camera/person_{person}", "ellipsoids/camera"}

    assert deleted == [set(), all_of(1), all_of(2), set(), all_of(4)]

    send(pack_windows(standing_windows([5], stamp_ns=5 * 10**9)))
    graph.subscribe(0.3)
    assert len(graph.raw["skeletons"]) == 5  # inactive nodes are silent


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_people_are_removed_when_the_program_is_ended(
    graph: Graph, standing_model: Path, how: signal.Signals
) -> None:
    """By Ctrl-C or a launch file: RViz and planners would show them for ever."""
    windows = graph.node.create_publisher(PointCloud2, "windows", 10)
    left: list[PointCloud2] = []
    graph.node.create_subscription(PointCloud2, "obstacles", left.append, 10)
    graph.run("lifter", model=str(standing_model), marker_lifetime_s=10.0)

    def shown() -> bool:
        windows.publish(pack_windows(standing_windows([1])))
        graph.subscribe(0.1)
        return bool(left and graph.raw["skeletons"])

    graph.until(shown, "obstacles and markers")
    assert left[-1].width > 0
    assert graph.stop("lifter", how) == 0
    graph.until(lambda: left[-1].width == 0, "a message without obstacles")
    deleted = (Marker.DELETE, "camera/person_1")
    graph.until(
        lambda: deleted in {(marker.action, marker.ns) for marker in last_markers(graph)},
        "the end of the markers",
    )


def last_markers(graph: Graph) -> list[Marker]:
    return list(graph.messages("skeletons")[-1].markers)


def test_detector_with_another_rate_than_the_models_is_a_warning(
    lifter: LifterNode, graph: Graph, standing_model: Path
) -> None:
    parameters = [Parameter("replay", value=True), Parameter("lag", value=2)]
    lifter.set_parameters([model(standing_model), *parameters])
    publisher = graph.node.create_publisher(PointCloud2, "windows", 50)
    activate(lifter)
    graph.until(lambda: publisher.get_subscription_count() == 2, "lifter")
    for k in range(15):
        publisher.publish(pack_windows(standing_windows([1], stamp_ns=10**9 + k * 33_000_000)))
    graph.until(lambda: graph.value("lifter", "lifted") == "4", "people of the last four windows")
    assert graph.status["lifter"].level == DiagnosticStatus.WARN
    assert "camera camera: windows stay 0.520 s long" in graph.status["lifter"].message
    assert graph.value("lifter", "window_s") == "0.52"
    assert graph.value("lifter", "expected_window_s") == "0.866667"
