"""ROS 2 parameter files, read without ROS 2: launch files need to know what they set."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from diffhpe_ros.errors import DiffhpeError

_PARAMETERS = "ros__parameters"
_WILDCARDS = {"/**": r"(/[^/]+)*", "/*": r"/[^/]+"}


def parameters_of(file: Path, node: str) -> dict[str, Any]:
    """The parameters that a file sets for a node; where several parts do, the last one counts.

    Args:
        file: YAML of nodes, also below namespaces and with wildcards, and their parameters.
        node: name with its namespace, such as /robot/lifter.

    Raises:
        DiffhpeError: the file is not readable, or no such YAML.
    """
    try:
        values = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise DiffhpeError(f"not readable as YAML ({reason}); parameters are expected") from None
    if not isinstance(values, dict):
        raise DiffhpeError("a YAML file of nodes and their ros__parameters is expected")
    found: dict[str, Any] = {}
    for name, parameters in _nodes(values, ""):
        if re.fullmatch(_pattern(name), node):
            found |= parameters
    return found


def _nodes(values: Mapping[Any, Any], above: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name, with its namespaces, and parameters of each node."""
    for key, below in values.items():
        if not isinstance(below, dict):
            continue
        if key == _PARAMETERS:
            yield above, below
        else:
            yield from _nodes(below, f"{above}/{str(key).strip('/')}")


def _pattern(name: str) -> str:
    parts = re.split(r"(/\*\*?(?=/|$))", name)
    return "".join(_WILDCARDS.get(part, re.escape(part)) for part in parts)
