"""`config/lift.rviz` shows the nodes' topics, in frames that are published."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from diffhpe_ros.joint_cloud import JOINT_POINT
from diffhpe_ros.nodes.rviz import (
    DEFAULT_FRAME,
    upright_frame,
    write_rviz_config,
)

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config" / "lift.rviz"
PUBLISHED = {"skeletons": "MarkerArray", "joints": "PointCloud2", "detector/overlay": "Image"}


def displays(config: dict[str, Any]) -> dict[str, Any]:
    return {each["Name"]: each for each in config["Visualization Manager"]["Displays"]}


def frames(config: dict[str, Any]) -> set[str]:
    manager = config["Visualization Manager"]
    named = {each.get("Reference Frame") for each in manager["Displays"]}
    named |= {manager["Global Options"]["Fixed Frame"]}
    named |= {manager["Views"]["Current"]["Target Frame"]}
    return named - {None, "<Fixed Frame>"}


@pytest.fixture
def config() -> dict[str, Any]:
    return yaml.safe_load(CONFIG.read_text())


def test_target_frame_becomes_the_fixed_frame() -> None:
    copy = yaml.safe_load(write_rviz_config(CONFIG, "left_optical_frame", "map").read_text())
    assert frames(copy) == {"left_optical_frame", "map"}


def test_displays_are_of_topics_that_are_published(config: dict[str, Any]) -> None:
    shown = {
        each["Topic"]["Value"]: each["Class"].removeprefix("rviz_default_plugins/")
        for each in displays(config).values()
        if "Topic" in each
    }
    assert shown == PUBLISHED
    interface = (ROOT / "docs" / "ros.md").read_text()
    for topic, kind in PUBLISHED.items():
        (row,) = (line for line in interface.splitlines() if line.startswith(f"| `{topic}` |"))
        assert f"/{kind}`" in row


def test_its_frames_are_the_sources_and_the_upright_one(config: dict[str, Any]) -> None:
    parameters = yaml.safe_load((ROOT / "config" / "lift.yaml").read_text())
    assert parameters["/**/video_source"]["ros__parameters"]["frame_id"] == DEFAULT_FRAME
    assert frames(config) == {DEFAULT_FRAME, upright_frame(DEFAULT_FRAME)}
    fixed = config["Visualization Manager"]["Global Options"]["Fixed Frame"]
    assert fixed == upright_frame(DEFAULT_FRAME)  # z up, as RViz expects


def test_the_copy_is_for_another_camera(config: dict[str, Any]) -> None:
    path = write_rviz_config(CONFIG, "front/optical: #1")
    copy = yaml.safe_load(path.read_text())
    path.unlink()
    assert frames(copy) == {"front/optical: #1", "front/optical: #1_upright"}
    assert displays(copy).keys() == displays(config).keys()
    assert yaml.safe_load(CONFIG.read_text()) == config


def test_confidence_has_two_colours_between_0_and_1(config: dict[str, Any]) -> None:
    (joints,) = (each for name, each in displays(config).items() if name.startswith("Joints"))
    assert joints["Channel Name"] in JOINT_POINT.names
    assert joints["Autocompute Intensity Bounds"] is joints["Use rainbow"] is False
    assert (joints["Min Intensity"], joints["Max Intensity"]) == (0, 1)
    assert joints["Min Color"] != joints["Max Color"]


def test_both_docks_are_said_to_be_shown(config: dict[str, Any]) -> None:
    geometry = config["Window Geometry"]
    assert geometry["Hide Left Dock"] is geometry["Hide Right Dock"] is False
