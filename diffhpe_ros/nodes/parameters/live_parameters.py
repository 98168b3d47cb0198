"""Parameters that change while a node runs, and those that must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.parameters.declare import check_choices, declare_parameters, read_parameters
from diffhpe_ros.nodes.parameters.tables import CommonParameters
from diffhpe_ros.nodes.rclpy_api import call_after_set

P = TypeVar("P", bound=CommonParameters)


class LiveParameters(Generic[P]):
    """A node's parameters: free to change until they are taken, then only those marked live."""

    def __init__(
        self,
        node: Node,
        kind: type[P],
        check: Callable[[P], None],
        changed: Callable[[P], None],
    ) -> None:
        """Declare them.

        Args:
            node: whose parameters they are.
            kind: lists them.
            check: raises a DiffhpeError for what the running node cannot change to.
            changed: called with what the running node is to change to.
        """
        self._node = node
        self._kind = kind
        self._check = check
        self._changed = changed
        self._taken: P | None = None
        self._live = {each.name: bool(each.metadata["live"]) for each in fields(kind)}
        declare_parameters(node, kind)
        call_after_set(node, self._pass_on)
        node.add_on_set_parameters_callback(self._judge)

    def take(self) -> P:
        """The values now; from here on only live ones may change.

        Raises:
            DiffhpeError: a value is not one of the choices.
        """
        self._taken = read_parameters(self._node, self._kind)
        return self._taken

    def release(self) -> None:
        """Let all change again."""
        self._taken = None

    def _judge(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        try:
            self._refuse_wrong(self._ours(parameters))
        except DiffhpeError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _refuse_wrong(self, values: dict[str, Any]) -> None:
        check_choices(self._kind, values)
        if self._taken is None:
            return
        fixed = [
            name
            for name, value in values.items()
            if not self._live[name] and value != getattr(self._taken, name)
        ]
        if fixed:
            raise DiffhpeError(
                f"{', '.join(fixed)} cannot change while the node is configured: deactivate and"
                " clean it up, set the parameter, then configure and activate it"
            )
        self._check(replace(self._taken, **values))

    def _pass_on(self, parameters: list[Parameter[Any]]) -> None:
        values = self._ours(parameters)
        if values and self._taken is not None:
            self._taken = replace(self._taken, **values)
            self._changed(self._taken)

    def _ours(self, parameters: list[Parameter[Any]]) -> dict[str, Any]:
        """Names and values, without those of ROS itself such as use_sim_time."""
        return {each.name: each.value for each in parameters if each.name in self._live}
