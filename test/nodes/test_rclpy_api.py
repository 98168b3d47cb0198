"""Changed parameters are passed on, with and without rclpy's post-set callback."""

from collections.abc import Iterator

import pytest
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.parameters.live_parameters import LiveParameters
from diffhpe_ros.nodes.parameters.tables import LifterParameters

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]


def at_most_50(parameters: LifterParameters) -> None:
    if parameters.hypotheses > 50:
        raise DiffhpeError("too many hypotheses")


@pytest.fixture(params=["own", "fallback"])
def node(request, context: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """A node; once with an rclpy that lacks the callback, like Humble's."""
    if request.param == "fallback":
        monkeypatch.delattr(Node, "add_post_set_parameters_callback")
    node = Node("node", context=context, use_global_arguments=False)
    yield node
    node.destroy_node()


def test_accepted_parameters_are_passed_on_and_refused_ones_not(node: Node) -> None:
    passed_on: list[LifterParameters] = []
    live = LiveParameters(node, LifterParameters, at_most_50, passed_on.append)
    live.take()
    (refused,) = node.set_parameters([Parameter("hypotheses", value=60)])
    assert refused.reason == "too many hypotheses" and not passed_on
    (accepted,) = node.set_parameters([Parameter("hypotheses", value=3)])
    assert accepted.successful and [each.hypotheses for each in passed_on] == [3]
