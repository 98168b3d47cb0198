"""Writes the documentation of the parameters from their tables.

python -m diffhpe_ros.nodes.parameters.document

writes the tables in docs/ros.md and the whole config/lift.yaml, in a checkout.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import yaml

from diffhpe_ros.nodes.parameters.tables import (
    CommonParameters,
    DetectorParameters,
    LifterParameters,
    StageParameters,
    VideoSourceParameters,
)

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT, PARAMETER_FILE = Path("docs/ros.md"), Path("config/lift.yaml")
NODES: Mapping[str, type[CommonParameters]] = {
    "detector": DetectorParameters,
    "lifter": LifterParameters,
    "video_source": VideoSourceParameters,
}
_SECTION = "<!-- parameters of {}: python -m diffhpe_ros.nodes.parameters.document -->"
_END = "<!-- end of parameters -->"
_HEADER = """\
# Parameters of the nodes. Copy this file, change it, and launch with
#   ros2 launch diffhpe_ros lift.launch.py params_file:=/path/to/your.yaml
# Numbers with a point must keep it: 1.0, not 1. `/**/` stands for any namespace. "Live" parameters
# can be set while a node runs. Made by python -m diffhpe_ros.nodes.parameters.document.
"""


def main() -> None:
    """Write both files."""
    (ROOT / PARAMETER_FILE).write_text(parameter_file())
    document = ROOT / DOCUMENT
    document.write_text(with_tables(document.read_text()))


def parameter_file() -> str:
    """config/lift.yaml: the defaults of all nodes, each with its description."""
    return _HEADER + "".join(map(_node_of_file, NODES))


def with_tables(text: str) -> str:
    """A document with the tables in its marked sections updated."""
    tables = {
        "all nodes": fields(CommonParameters),
        "detector and lifter": _own(StageParameters),
        **{name: _own(kind) for name, kind in NODES.items()},
    }
    for name, parameters in tables.items():
        begin = _SECTION.format(name)
        before, _, rest = text.partition(begin)
        after = rest.partition(_END)[2]
        text = f"{before}{begin}\n\n{markdown_table(parameters)}\n{_END}{after}"
    return text


def markdown_table(parameters: Iterable[Field[Any]]) -> str:
    """A row for each parameter."""
    lines = ["| parameter | default | values | set | meaning |", "| --- | --- | --- | --- | --- |"]
    for each in parameters:
        cells = (
            f"`{each.name}`",
            f"`{_yaml(each.default)}`",
            values(each, code="`"),
            "live" if each.metadata["live"] else "at start" if each.metadata["read_only"] else "",
            _with_names(each.metadata["description"]),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def values(parameter: Field[Any], code: str = "") -> str:
    """The allowed values in words; "" for any value of the type.

    Args:
        parameter: a field of a table.
        code: quotation mark for names.
    """
    if choices := parameter.metadata["choices"]:
        return ", ".join(f"{code}{_yaml(choice)}{code}" for choice in choices)
    if parameter.metadata["range"]:
        least, most = parameter.metadata["range"]
        return f"{least:g} to {most:.10g}"
    return ""


def _node_of_file(name: str) -> str:
    lines = ["", f"/**/{name}:", "  ros__parameters:"]
    own = _own(NODES[name])
    shared = [each for each in fields(NODES[name]) if each not in own]
    for each in own + shared:
        if each.metadata["launch_only"]:
            continue
        allowed = values(each)
        prefix = "One of " if each.metadata["choices"] else "From "
        text = each.metadata["description"]
        text += f" {prefix}{allowed}." if allowed else ""
        text += " Live." if each.metadata["live"] else ""
        lines += textwrap.wrap(text, 100, initial_indent="    # ", subsequent_indent="    # ")
        lines.append(f"    {each.name}: {_yaml(each.default)}")
    return "\n".join(lines) + "\n"


def _own(kind: type[CommonParameters]) -> list[Field[Any]]:
    """The parameters that a node does not share with others."""
    return [each for each in fields(kind) if each.name in kind.__annotations__]


def _with_names(text: str) -> str:
    """A description with parameter names formatted as code."""
    names = {each.name for kind in NODES.values() for each in fields(kind) if "_" in each.name}
    return re.sub(r"\b\w+_\w+\b", lambda m: f"`{m[0]}`" if m[0] in names else m[0], text)


def _yaml(value: Any) -> str:
    return '""' if value == "" else yaml.safe_dump(value).partition("\n")[0]


if __name__ == "__main__":
    main()
