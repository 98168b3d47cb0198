"""The launch file and the parameter file, without ROS; with launch_ros the launch file loads."""

import ast
import importlib.util
from pathlib import Path

import pytest
import yaml

from diffhpe_ros.nodes.parameters.tables import (
    DetectorParameters,
    LifterParameters,
    VideoSourceParameters,
)

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_FILE = ROOT / "launch" / "lift.launch.py"
PARAMETER_FILE = ROOT / "config" / "lift.yaml"
NODES = {
    "detector": DetectorParameters,
    "lifter": LifterParameters,
    "video_source": VideoSourceParameters,
}
PROMISED = {
    "image", "camera_info", "source", "model", "device", "preset", "steps", "hypotheses",
    "detector", "rviz", "replay", "params_file", "namespace", "use_sim_time", "log_level",
}  # fmt: skip


def written_arguments() -> set[str]:
    """The names in the launch file's table of arguments."""
    (table,) = (
        each.value
        for each in ast.parse(LAUNCH_FILE.read_text()).body
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "ARGUMENTS"
    )
    return {ast.literal_eval(row.elts[0]) for row in table.elts}


def test_the_launch_file_lists_its_arguments() -> None:
    assert written_arguments() >= PROMISED


def test_arguments_that_are_parameters_have_the_names_of_parameters() -> None:
    parameters = {name for kind in NODES.values() for name in vars(kind())}
    of_launching = {
        "image", "camera_info", "source", "rviz", "params_file", "namespace", "use_sim_time",
        "log_level", "one_process", "frame", "foxglove", "respawn",
    }  # fmt: skip
    assert written_arguments() - of_launching <= parameters


def test_the_launch_file_declares_all_that_it_lists() -> None:
    pytest.importorskip("launch_ros", reason="launch_ros comes with ROS, not with PyPI")
    from launch.actions import DeclareLaunchArgument

    spec = importlib.util.spec_from_file_location("lift", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entities = module.generate_launch_description().entities
    declared = {each.name for each in entities if isinstance(each, DeclareLaunchArgument)}
    assert declared == written_arguments()


def test_the_parameter_file_is_for_nodes_that_exist() -> None:
    assert set(yaml.safe_load(PARAMETER_FILE.read_text())) == {f"/**/{name}" for name in NODES}


@pytest.mark.parametrize("node", NODES)
def test_the_parameter_file_holds_the_defaults(node: str) -> None:
    parameters = yaml.safe_load(PARAMETER_FILE.read_text())[f"/**/{node}"]["ros__parameters"]
    defaults = vars(NODES[node]())
    launched = {"autostart", "replay", "path", "camera"}
    assert set(parameters) == set(defaults) - launched
    assert parameters == {name: defaults[name] for name in parameters}
    assert [type(value) for value in parameters.values()] == [
        type(defaults[name]) for name in parameters
    ]
