"""`ros2 launch` starts everything, and users can deactivate and activate nodes.

This needs a ROS installation: the `ros2` command, and this package built and sourced.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from graph import PATIENCE_S, Graph
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from diffhpe_ros.rendering.clip import walking_clip

pytestmark = [
    pytest.mark.ros,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("ros2") is None, reason="no ros2 command: PyPI has none"),
]


@pytest.fixture
def launched(graph: Graph, standing_model: Path, tmp_path: Path) -> Iterator[subprocess.Popen]:
    """The launch file, over the package's own clip."""
    if subprocess.run(["ros2", "pkg", "prefix", "diffhpe_ros"], check=False).returncode:
        pytest.skip("diffhpe_ros is not built and sourced: colcon build, source install/setup.bash")
    source = f"source:={walking_clip().video_path}"
    with (tmp_path / "launch.log").open("wb") as log:
        process = subprocess.Popen(
            ["ros2", "launch", "diffhpe_ros", "lift.launch.py", source, f"model:={standing_model}"],
            env=os.environ | {"ROS_DOMAIN_ID": str(graph.domain)},
            stdout=log,
            stderr=log,
        )
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE_S)


def test_up_off_on_and_down(graph: Graph, launched: subprocess.Popen, tmp_path: Path) -> None:
    def change(transition: int) -> bool:
        answer = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        graph.until(answer.done, "an answer")
        return bool(answer.result().success)

    graph.until(lambda: graph.raw["joints"], "joints")
    client = graph.node.create_client(ChangeState, "lifter/change_state")
    graph.until(client.service_is_ready, "the lifter's services")
    assert change(Transition.TRANSITION_DEACTIVATE)
    graph.until(lambda: graph.value("lifter", "state") == "inactive", "inactivity")
    assert change(Transition.TRANSITION_ACTIVATE)
    graph.until(lambda: graph.value("lifter", "state") == "active", "activity")
    assert launched.poll() is None

    launched.send_signal(signal.SIGINT)
    launched.wait(PATIENCE_S)
    log = (tmp_path / "launch.log").read_text()
    assert "Caught exception" not in log
    assert log.count("process has ") == 3  # finished; a very busy machine may need a SIGTERM
