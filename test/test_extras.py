"""Missing packages are named together, with the command that installs them."""

import shutil
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import MODULES, require


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without some packages, with its pip first on the path."""
    for package in ("matplotlib", "rosbags", "rclpy", "ezc3d"):
        monkeypatch.setitem(sys.modules, package, None)
    pip = str(Path(sys.executable).with_name("pip"))
    monkeypatch.setattr(shutil, "which", {"pip": pip}.get)


def test_extras_are_those_of_the_package():
    assert set(MODULES) <= set(metadata("diffhpe_ros").get_all("Provides-Extra", []))


def test_what_is_installed_is_not_asked_for():
    require("this test", "torch")


@pytest.mark.usefixtures("without")
def test_all_that_is_missing_is_in_one_line():
    with pytest.raises(DiffhpeError) as caught:
        require("the demo", "torch", "demo", "ros")
    assert str(caught.value) == (
        "the demo needs matplotlib, rosbags and rclpy: pip install 'diffhpe_ros[demo,ros]';"
        " where ROS 2 is installed, source its setup.bash and leave out ros"
    )


@pytest.mark.usefixtures("without")
def test_what_is_explained_elsewhere_is_named_beside_others_only():
    require("lift", "torch", also=["c3d"])
    with pytest.raises(DiffhpeError, match="^lift needs matplotlib, rosbags and ezc3d: ") as caught:
        require("lift", "demo", also=["c3d"])
    assert "'diffhpe_ros[c3d,demo]'" in str(caught.value)


@pytest.mark.usefixtures("without")
def test_command_is_for_this_environment_where_it_is_not_active(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", {"pip": "/usr/bin/pip"}.get)
    with pytest.raises(DiffhpeError) as caught:
        require("writing .c3d", "c3d")
    command = f"{sys.executable} -m pip install 'diffhpe_ros[c3d]'"
    assert str(caught.value) == f"writing .c3d needs ezc3d: {command}"
