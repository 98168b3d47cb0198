"""Parameters of a node in a ROS 2 parameter file."""

from pathlib import Path

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.parameter_files import parameters_of

EVERY = ["/lifter", "/robot/lifter", "/robot/detector", "/left/arm/lifter", "/left/arm/detector"]


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("lifter", ["/lifter"]),
        ("/lifter", ["/lifter"]),
        ("/robot/lifter", ["/robot/lifter"]),
        ("/**", EVERY),
        ("/**/lifter", ["/lifter", "/robot/lifter", "/left/arm/lifter"]),
        ("/*/lifter", ["/robot/lifter"]),
        ("/robot/*", ["/robot/lifter", "/robot/detector"]),
    ],
)
def test_names_and_wildcards(name: str, nodes: list[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"{name}: {{ros__parameters: {{lag: 3}}}}")
    assert {node for node in EVERY if parameters_of(file, node)} == set(nodes)


def test_namespaces_may_be_mappings_and_the_last_part_counts(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        """
        /**: {ros__parameters: {lag: 1, device: cpu}}
        robot: {lifter: {ros__parameters: {lag: 3, smoothing: {kind: none}}}}
        comment: none
        """
    )
    expected = {"lag": 3, "device": "cpu", "smoothing": {"kind": "none"}}
    assert parameters_of(file, "/robot/lifter") == expected
    assert parameters_of(file, "/lifter") == {"lag": 1, "device": "cpu"}


@pytest.mark.parametrize("text", ["- a list", "{", "just text"])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(DiffhpeError, match="YAML"):
        parameters_of(file, "/lifter")
