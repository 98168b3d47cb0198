"""Parts of rclpy that have another name on ROS 2 Humble; the fallbacks are not tried there.

Humble's and Jazzy's publishers, subscriptions and parameters are not generic either: modules that
name `Publisher[Any]` leave annotations unevaluated.
"""

from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node

try:
    from rclpy.event_handler import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )
except ImportError:
    from rclpy.qos_event import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )

__all__ = [
    "PublisherEventCallbacks",
    "SubscriptionEventCallbacks",
    "UnsupportedEventTypeError",
    "call_after_set",
]


def call_after_set(node: Node, callback: Callable[[list[Any]], None]) -> None:
    """Call a function after parameters were set.

    Call it before `add_on_set_parameters_callback`: rclpy calls the last added callback first, and
    the fallback must run after those that may refuse.

    Args:
        node: the node with the parameters.
        callback: receives the `rclpy.parameter.Parameter`s.
    """
    if hasattr(node, "add_post_set_parameters_callback"):
        node.add_post_set_parameters_callback(callback)
        return

    def accept(parameters: list[Any]) -> SetParametersResult:
        callback(parameters)
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(accept)
