"""The programs end quietly, whenever they are stopped."""

import os
import signal
import subprocess
import sys

import pytest
from python_programs import interrupted_at, run_with
from rclpy.context import Context

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import programs
from diffhpe_ros.nodes.pose_pipeline import make_nodes

pytestmark = pytest.mark.ros
CODE = "import sys; from diffhpe_ros.nodes import programs; sys.exit(programs.{}())"
CORES = len(os.sched_getaffinity(0))
LIFTER = CODE.format("lifter")
OF_NO_CHOICE = {name: of for name, of in os.environ.items() if not name.endswith("_NUM_THREADS")}
THREADS_AT_THE_END = """
import atexit
import os

at_once = os._exit
os._exit = lambda status: (tell(), at_once(status))  # how nodes end

@atexit.register
def tell():
    import torch
    from threadpoolctl import threadpool_info
    of_blas = {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
    print(f"BLAS: {max(of_blas)}, torch: {torch.get_num_threads()}", flush=True)
"""


@pytest.mark.parametrize(
    ("name", "event", "what"),
    [
        ("lifter", "import", "rclpy"),
        ("lifter", "import", "diffhpe_ros.nodes.base"),
        ("lifter", "open", "model.safetensors"),
        ("detector", "open", ".tflite"),
        ("video_source", "import", "rclpy.executors"),
    ],
)
def test_ctrl_c_while_loading_is_no_failure(name: str, event: str, what: str) -> None:
    arguments = ["-c", CODE.format(name), "--ros-args", "-p", "autostart:=true"]
    status, shown = interrupted_at(event, what, arguments)
    assert status == 0, shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("name", ["lifter", "pose_pipeline"])
def test_without_ros_a_program_says_where_it_comes_from(name, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "rclpy", None)  # as if it were not installed
    monkeypatch.setattr(programs, "begin_program", lambda: None)  # pytest keeps its handlers
    assert getattr(programs, name)() == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{name} needs rclpy: ")
    assert "pip install 'diffhpe_ros[ros]'; where ROS 2 is installed, source its setup" in said


@pytest.mark.parametrize(
    ("module", "how"),
    [("_multiarray_umath", signal.SIGINT), ("cv2", signal.SIGINT),
     ("_multiarray_umath", signal.SIGTERM)],
)  # fmt: skip
def test_a_signal_while_a_module_is_imported_is_no_failure(
    module: str, how: signal.Signals
) -> None:
    command = ["-m", "diffhpe_ros.nodes.lifter"]
    assert interrupted_at("import", module, command, how) == (0, "")


@pytest.mark.skipif(CORES < 2, reason="one core has one thread anyway")
@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        (["-m", "diffhpe_ros.nodes.lifter"], {}, 1),
        (["-c", LIFTER], {}, 1),
        (["-c", LIFTER], {"OPENBLAS_NUM_THREADS": "2"}, 2),
    ],
)
def test_blas_has_one_thread_unless_the_user_has_set_another_number(
    command: list[str], given: dict[str, str], expected: int
) -> None:
    status, shown = run_with(
        THREADS_AT_THE_END,
        [*command, "--ros-args", "-p", "autostart:=true", "-p", "model:=nope"],
        OF_NO_CHOICE | given,
    )
    assert status == 1 and "unknown model 'nope'" in shown
    assert f"BLAS: {expected}, torch: {CORES}" in shown.splitlines()


def test_who_imports_the_package_keeps_the_threads_of_their_blas() -> None:
    code = "import diffhpe_ros.nodes.detector; from diffhpe_ros.pipeline import PosePipeline"
    status, shown = run_with(THREADS_AT_THE_END, ["-c", code], OF_NO_CHOICE)
    assert status == 0 and f"BLAS: {CORES}, torch: {CORES}" in shown.splitlines()


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
        [sys.executable, "-c", LIFTER, "--ros-args",
         "-p", "autostart:=true", "-p", "model:=nope"],
        capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip
    assert program.returncode == 1
    assert (program.stdout + program.stderr).count("unknown model 'nope'") == 1
