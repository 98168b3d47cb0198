"""Faults that other programs can cause through rclpy's own topics and services."""

from pathlib import Path

import pytest
from graph import Graph
from lifecycle_msgs.srv import ChangeState
from rosgraph_msgs.msg import Clock

from diffhpe_ros.rendering.clip import walking_clip

pytestmark = pytest.mark.ros


def test_impossible_times_and_transitions_do_not_end_a_node(graph: Graph, tmp_path: Path) -> None:
    graph.run("video_source", path=walking_clip().video_path, loop=True, use_sim_time=True)
    graph.until(lambda: graph.value("video_source", "state") == "active", "activity")

    clock = graph.node.create_publisher(Clock, "/clock", 1)
    graph.until(clock.get_subscription_count, "the node's ears")
    for seconds in (100, 5, 2**31 - 1, 0, -1):
        time = Clock()
        time.clock.sec = seconds
        clock.publish(time)
        graph.subscribe(0.1)
    graph.until(
        lambda: "must not be negative" in graph.status["video_source"].message, "the refusal"
    )

    client = graph.node.create_client(ChangeState, "video_source/change_state")
    graph.until(client.service_is_ready, "the service")
    for transition in (1, 222):  # configure, which an active node cannot; none at all
        request = ChangeState.Request()
        request.transition.id = transition
        answer = client.call_async(request)
        graph.until(answer.done, "an answer")
        assert not answer.result().success

    published = int(graph.value("video_source", "published") or 0)
    graph.until(
        lambda: int(graph.value("video_source", "published") or 0) > published, "more images"
    )
    assert graph.runs("video_source")
