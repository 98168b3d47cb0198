"""Declares a node's typed parameter table as ROS parameters, and applies changes at runtime."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import Field, fields, replace
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from diffhpe_ros.errors import DiffhpeError, like
from diffhpe_ros.nodes.parameters.tables import CommonParameters
from diffhpe_ros.nodes.rclpy_api import call_after_set

P = TypeVar("P", bound=CommonParameters)


class LiveParameters(Generic[P]):
    """A node's parameters. After `take`, only those marked `live` can be set."""

    def __init__(
        self,
        node: Node,
        kind: type[P],
        check: Callable[[P], None],
        on_changed: Callable[[P], None],
    ) -> None:
        """Declare the parameters.

        Args:
            node: the node.
            kind: class of its parameter table.
            check: raises a DiffhpeError for values that the running node cannot change to.
            on_changed: called with the new values of a running node.

        Raises:
            rclpy.exceptions.ParameterException: a value given at start has the wrong type or is
                out of range.
        """
        self._node = node
        self._kind = kind
        self._check = check
        self._on_changed = on_changed
        self._taken: P | None = None
        self._is_live = {each.name: bool(each.metadata["live"]) for each in fields(kind)}
        for each in fields(kind):
            node.declare_parameter(each.name, each.default, _descriptor(each))
        call_after_set(node, self._after_set)
        node.add_on_set_parameters_callback(self._on_set)

    def take(self) -> P:
        """The current values; from now on only live parameters can be set.

        Raises:
            DiffhpeError: a value is not one of the choices.
        """
        values = {name: self._node.get_parameter(name).value for name in self._is_live}
        _check_choices(self._kind, values)
        self._taken = self._kind(**values)
        return self._taken

    def unknown(self, known: Collection[str]) -> list[str]:
        """A text for each given parameter that no node has.

        A file for all nodes also gives each node the parameters of the others.

        Args:
            known: names of the parameters of all nodes.
        """
        # rclpy has no public list of the parameters given at start.
        given: Iterable[str] = getattr(self._node, "_parameter_overrides", {})
        names = [
            name
            for name in given
            if not self._node.has_parameter(name) and name not in known and "." not in name
        ]
        return [f"there is no parameter {name}{like(name, known)}" for name in sorted(names)]

    def release(self) -> None:
        """Allow all parameters to be set again."""
        self._taken = None

    def _on_set(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        try:
            self._check_values(self._own(parameters))
        except DiffhpeError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _check_values(self, values: dict[str, Any]) -> None:
        _check_choices(self._kind, values)
        if self._taken is None:
            return
        fixed = [
            name
            for name, value in values.items()
            if not self._is_live[name] and value != getattr(self._taken, name)
        ]
        if fixed:
            raise DiffhpeError(
                f"{', '.join(fixed)} cannot change while the node is configured: deactivate and"
                " clean it up, set the parameter, then configure and activate it"
            )
        self._check(replace(self._taken, **values))

    def _after_set(self, parameters: list[Parameter[Any]]) -> None:
        values = self._own(parameters)
        if values and self._taken is not None:
            self._taken = replace(self._taken, **values)
            self._on_changed(self._taken)

    def _own(self, parameters: list[Parameter[Any]]) -> dict[str, Any]:
        """Values by name, without ROS's own parameters such as use_sim_time."""
        return {each.name: each.value for each in parameters if each.name in self._is_live}


def _check_choices(kind: type[CommonParameters], values: Mapping[str, Any]) -> None:
    """Refuse values that are not among the choices; rclpy itself checks the ranges.

    Raises:
        DiffhpeError: a value is not one of the choices.
    """
    for each in fields(kind):
        choices = each.metadata["choices"]
        if choices and each.name in values and values[each.name] not in choices:
            raise DiffhpeError(
                f"parameter {each.name} must be one of {', '.join(choices)},"
                f" got {values[each.name]!r}"
            )


def _descriptor(each: Field[Any]) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        description=each.metadata["description"], read_only=each.metadata["read_only"]
    )
    if each.metadata["choices"]:
        descriptor.additional_constraints = "one of " + ", ".join(each.metadata["choices"])
    if each.metadata["range"]:
        least, most = each.metadata["range"]
        if isinstance(each.default, float):
            descriptor.floating_point_range = [FloatingPointRange(from_value=least, to_value=most)]
        else:
            descriptor.integer_range = [IntegerRange(from_value=least, to_value=most, step=1)]
    return descriptor
