"""The user documentation of parameters is generated from their tables, and up to date."""

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from diffhpe_ros.drawing import BACKGROUNDS
from diffhpe_ros.launch_arguments import OF_DETECTOR, OF_LIFTER, launch_arguments
from diffhpe_ros.lifting.diffusion.samplers import SAMPLERS
from diffhpe_ros.lifting.engines.choice import ENGINES
from diffhpe_ros.lifting.pipeline.aggregation import AGGREGATIONS
from diffhpe_ros.lifting.pipeline.augmentation import AUGMENTATIONS
from diffhpe_ros.lifting.pipeline.bone_lengths import BONE_LENGTH_RULES
from diffhpe_ros.lifting.pipeline.initialization import STARTS
from diffhpe_ros.nodes.parameters.document import (
    DOCUMENT,
    NODES,
    PARAMETER_FILE,
    parameter_file,
    with_tables,
)
from diffhpe_ros.nodes.parameters.tables import DetectorParameters, LifterParameters

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "out of date: run python -m diffhpe_ros.nodes.parameters.document"


def test_parameter_file_is_current() -> None:
    assert (ROOT / PARAMETER_FILE).read_text() == parameter_file(), COMMAND


def test_tables_of_the_documentation_are_current() -> None:
    text = (ROOT / DOCUMENT).read_text()
    assert text == with_tables(text), COMMAND


def test_tables_of_the_documentation_have_every_parameter() -> None:
    text = (ROOT / DOCUMENT).read_text()
    for kind in NODES.values():
        for each in fields(kind):
            assert f"\n| `{each.name}` | " in text


def test_outdated_tables_are_replaced() -> None:
    text = (ROOT / DOCUMENT).read_text()
    assert with_tables(text.replace("| `max_people` | `4` |", "| `max_people` | `3` |")) == text


def test_launch_arguments_have_the_descriptions_of_their_parameters() -> None:
    shown = {each.name: each.description for each in launch_arguments(ROOT / PARAMETER_FILE)}
    for names, kind in ((OF_LIFTER, NODES["lifter"]), (OF_DETECTOR, NODES["detector"])):
        described = {each.name: each.metadata["description"] for each in fields(kind)}
        assert {name: shown[name] for name in names} == {name: described[name] for name in names}


@pytest.mark.parametrize(
    ("parameter", "registry"),
    [
        ("engine", ENGINES),
        ("sampler", SAMPLERS),
        ("start", STARTS),
        ("augmentation", AUGMENTATIONS),
        ("aggregation", AGGREGATIONS),
        ("decode", BONE_LENGTH_RULES),
        ("overlay_background", BACKGROUNDS),
    ],
)
def test_choices_are_those_of_the_registry(parameter: str, registry: object) -> None:
    tables = [*fields(LifterParameters), *fields(DetectorParameters)]
    found = next(each for each in tables if each.name == parameter)
    assert set(found.metadata["choices"]) - {""} == set(registry)


@pytest.mark.parametrize("node", NODES)
def test_parameter_file_has_a_comment_for_each_parameter(node: str) -> None:
    lines = (ROOT / PARAMETER_FILE).read_text().splitlines()
    names = yaml.safe_load("\n".join(lines))[f"/**/{node}"]["ros__parameters"]
    first = lines.index(f"/**/{node}:")
    for name in names:
        row = next(k for k in range(first, len(lines)) if lines[k].startswith(f"    {name}:"))
        assert lines[row - 1].startswith("    # ")
