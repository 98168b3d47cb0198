"""Running one node as a program."""

import sys
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
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
        _spin(node, executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _spin(node: StageNode[Any], executor: Executor) -> None:
    """Spin until the end, whatever a callback raises.

    rclpy's own callbacks raise what others cause: a negative `/clock`, or a transition that the
    node's state does not allow.
    """
    while node.context.ok():
        try:
            executor.spin()
        except (KeyboardInterrupt, ExternalShutdownException):
            raise
        except Exception as error:
            node.problem(error)


def _start(node: StageNode[Any]) -> bool:
    success = TransitionCallbackReturn.SUCCESS
    return node.trigger_configure() == success and node.trigger_activate() == success
