"""Running one node as a program."""

import sys
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn

from diffhpe_ros.nodes.base import StageNode


def run(make_node: Callable[[], StageNode[Any]]) -> int:
    """Make a node and spin it until a signal comes.

    Returns:
        The exit status: 1 where the node cannot be made, or cannot be started with `autostart`.
    """
    try:
        rclpy.init()
        node = make_node()
    except Exception as error:
        print(f"error: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        if node.get_parameter("autostart").value and not _start(node):
            return 1
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _start(node: StageNode[Any]) -> bool:
    success = TransitionCallbackReturn.SUCCESS
    return node.trigger_configure() == success and node.trigger_activate() == success
