"""The programs end quietly, whenever they are asked to."""

import signal
import subprocess
import sys
import time

import pytest
from interrupted import interrupted_while_loading
from rclpy.context import Context

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import programs
from diffhpe_ros.nodes.pose_pipeline import make_nodes

pytestmark = pytest.mark.ros
CODE = "import sys; from diffhpe_ros.nodes import programs; sys.exit(programs.{}())"


@pytest.mark.parametrize("name", ["lifter", "detector", "video_source"])
@pytest.mark.parametrize("after_s", [0.3, 1.0, 2.0])
def test_ctrl_c_while_loading_is_no_failure(name: str, after_s: float) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", CODE.format(name), "--ros-args", "-p", "autostart:=true"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    time.sleep(after_s)
    if program.poll() is None:
        program.send_signal(signal.SIGINT)
        time.sleep(0.05)
        program.send_signal(signal.SIGINT)  # as launch does
    shown, _ = program.communicate(timeout=60)
    assert "Traceback" not in shown
    if name != "video_source":  # which has nothing to show, and says so
        assert program.returncode == 0, shown


@pytest.mark.parametrize("name", ["lifter", "pose_pipeline"])
def test_without_ros_a_program_says_where_it_comes_from(name, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "rclpy", None)  # as if it were not installed
    monkeypatch.setattr(programs, "on_signals", lambda _: None)  # pytest keeps its own
    assert getattr(programs, name)() == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{name} needs rclpy: ")
    assert "pip install 'diffhpe_ros[ros]'; where ROS 2 is installed, source its setup" in said


@pytest.mark.parametrize(
    ("library", "how"),
    [("_multiarray_umath", signal.SIGINT), ("cv2", signal.SIGINT),
     ("_multiarray_umath", signal.SIGTERM)],
)  # fmt: skip
def test_a_signal_while_a_module_is_imported_is_no_failure(
    library: str, how: signal.Signals
) -> None:
    command = ["-m", "diffhpe_ros.nodes.lifter"]
    status, shown = interrupted_while_loading(command, library, times=2, how=how)
    assert (status, shown) == (0, "")


def test_one_name_for_both_nodes_of_a_program_is_refused(context: Context) -> None:
    with pytest.raises(DiffhpeError, match="use detector:__node:=… and lifter:__node:=…"):
        make_nodes(context=context, cli_args=["--ros-args", "-r", "__node:=pose"])
    each = ["-r", "detector:__node:=eyes", "-r", "lifter:__node:=mind"]
    both = make_nodes(context=context, cli_args=["--ros-args", *each])
    assert [node.get_name() for node in both] == ["mind", "eyes"]
    for node in both:
        node.close()
        node.destroy_node()


def test_a_node_that_cannot_start_says_why_once_and_fails() -> None:
    program = subprocess.run(
        [sys.executable, "-c", CODE.format("lifter"), "--ros-args",
         "-p", "autostart:=true", "-p", "model:=nope"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert program.returncode == 1
    assert (program.stdout + program.stderr).count("unknown model 'nope'") == 1
