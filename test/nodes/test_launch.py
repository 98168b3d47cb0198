"""The launch file loads and says what it takes. It needs launch_ros, which PyPI does not have."""

import importlib.util
from pathlib import Path

import pytest
import yaml

from diffhpe_ros.nodes.parameters import (
    DetectorParameters,
    LifterParameters,
    VideoSourceParameters,
)

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {
    "image", "camera_info", "source", "model", "device", "preset", "steps", "hypotheses",
    "detector", "rviz", "replay", "params_file", "namespace", "use_sim_time", "log_level",
}  # fmt: skip


def test_the_launch_file_declares_its_arguments() -> None:
    pytest.importorskip("launch_ros", reason="launch_ros comes with ROS, not with PyPI")
    from launch.actions import DeclareLaunchArgument

    spec = importlib.util.spec_from_file_location("lift", ROOT / "launch" / "lift.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entities = module.generate_launch_description().entities
    declared = {each.name for each in entities if isinstance(each, DeclareLaunchArgument)}
    assert declared >= PROMISED


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        ("detector", DetectorParameters),
        ("lifter", LifterParameters),
        ("video_source", VideoSourceParameters),
    ],
)
def test_the_parameter_file_holds_the_defaults(node: str, kind: type) -> None:
    values = yaml.safe_load((ROOT / "config" / "lift.yaml").read_text())
    parameters = values[f"/**/{node}"]["ros__parameters"]
    defaults = vars(kind())
    assert parameters == {name: defaults[name] for name in parameters}
    assert [type(value) for value in parameters.values()] == [
        type(defaults[name]) for name in parameters
    ]
    launched = {"autostart", "replay", "path", "camera"}
    assert set(parameters) == set(defaults) - launched
