"""From the dataclasses of `parameters` to ROS parameters and back."""

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.parameters.tables import CommonParameters

Parameters = TypeVar("Parameters", bound=CommonParameters)


def declare_parameters(node: Node, kind: type[CommonParameters]) -> None:
    """Declare the parameters that a dataclass lists.

    Raises:
        rclpy.exceptions.ParameterException: a value given from outside does not fit.
    """
    for each in fields(kind):
        node.declare_parameter(each.name, each.default, _descriptor(each))


def read_parameters(node: Node, kind: type[Parameters]) -> Parameters:
    """The values now.

    Raises:
        DiffhpeError: a value is not one of the choices.
    """
    values = {each.name: node.get_parameter(each.name).value for each in fields(kind)}
    check_choices(kind, values)
    return kind(**values)


def check_choices(kind: type[CommonParameters], values: Mapping[str, Any]) -> None:
    """See that values are among the choices where there are any; ROS itself checks the ranges.

    Raises:
        DiffhpeError: one is not.
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
