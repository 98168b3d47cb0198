"""The launch file and the parameter file, without ROS; with launch_ros the file is loaded."""

import ast
import importlib.util
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from diffhpe_ros.installed_models import window_rates
from diffhpe_ros.launch_arguments import launch_arguments
from diffhpe_ros.nodes.parameters.document import NODES
from diffhpe_ros.nodes.parameters.tables import DetectorParameters, LifterParameters

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_FILE = ROOT / "launch" / "lift.launch.py"
PARAMETER_FILE = ROOT / "config" / "lift.yaml"
PROMISED = {
    "image", "camera_info", "source", "model", "device", "preset", "steps", "hypotheses",
    "detector", "rviz", "replay", "params_file", "namespace", "use_sim_time", "log_level",
}  # fmt: skip


def argument_names() -> set[str]:
    return {each.name for each in launch_arguments(PARAMETER_FILE)}


def test_launch_arguments_that_documents_promise_exist() -> None:
    assert argument_names() >= PROMISED


def test_launch_arguments_that_set_parameters_have_their_names() -> None:
    parameters = {name for kind in NODES.values() for name in vars(kind())}
    of_launching = {
        "image", "camera_info", "source", "rviz", "params_file", "namespace", "use_sim_time",
        "log_level", "one_process", "frame", "foxglove", "respawn",
    }  # fmt: skip
    assert argument_names() - of_launching <= parameters


def test_launch_file_declares_all_arguments() -> None:
    pytest.importorskip("launch_ros", reason="launch_ros comes with ROS, not with PyPI")
    from launch.actions import DeclareLaunchArgument

    spec = importlib.util.spec_from_file_location("lift", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entities = module.generate_launch_description().entities
    declared = {each.name for each in entities if isinstance(each, DeclareLaunchArgument)}
    assert declared == argument_names()


def test_windows_are_those_of_the_model(tmp_path: Path) -> None:
    """The launch file passes them to the detector, whose defaults are the default model's."""
    defaults = DetectorParameters()
    expected = {"rate": defaults.rate, "first_rate": defaults.first_rate}
    assert window_rates(LifterParameters().model) == expected
    assert window_rates("mixste") == {"rate": 50.0, "first_rate": 50.0}
    released = tmp_path / "released.pth"
    released.touch()
    assert window_rates(released) == {"rate": 50.0, "first_rate": 50.0}
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "config.yaml").write_text("rate: 25\nfirst_rate: null")
    assert window_rates(tmp_path) == {"rate": 25.0, "first_rate": 25.0}


def test_launch_file_imports_no_package_but_numpy_and_yaml() -> None:
    """`ros2 launch` runs on the system's Python, which has no other packages, and must be fast."""
    tree = ast.parse(LAUNCH_FILE.read_text())
    ours = {
        node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("diffhpe_ros")
    }
    listed = f"import sys, {', '.join(sorted(ours))}; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, check=True
    ).stdout
    imported = {name.partition(".")[0] for name in found.split()}
    installed = {name for name in packages_distributions() if not name.startswith("_")}
    assert imported & installed <= {"diffhpe_ros", "numpy", "yaml", "ros_wheels_bootstrapper"}


def test_parameter_file_has_all_nodes() -> None:
    assert set(yaml.safe_load(PARAMETER_FILE.read_text())) == {f"/**/{name}" for name in NODES}


@pytest.mark.parametrize("node", NODES)
def test_parameter_file_has_the_defaults(node: str) -> None:
    parameters = yaml.safe_load(PARAMETER_FILE.read_text())[f"/**/{node}"]["ros__parameters"]
    defaults = vars(NODES[node]())
    launched = {each.name for each in fields(NODES[node]) if each.metadata["launch_only"]}
    assert set(parameters) == set(defaults) - launched
    assert parameters == {name: defaults[name] for name in parameters}
    assert [type(value) for value in parameters.values()] == [
        type(defaults[name]) for name in parameters
    ]
