"""Nodes find each other only through a discovery server, as on networks without multicast."""

import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from graph import PATIENCE_S
from waiting import wait_until

from diffhpe_ros.demo.graph import NodeProcess

pytestmark = pytest.mark.ros
SERVER = shutil.which("fast-discovery-server", path=sysconfig.get_path("scripts"))

LISTEN = """
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
rclpy.init()
node = rclpy.create_node("listener")
hear = lambda message: print("heard", message.status[0].name, flush=True)
node.create_subscription(DiagnosticArray, "/diagnostics", hear, 10)
print("listens", flush=True)
rclpy.spin(node)
"""


@contextmanager
def discovery_server(port: int) -> Iterator[None]:
    """The discovery server of Kilted's wheels; their `fastdds discovery` calls it with 42."""
    command = [str(SERVER), "42", "-i", "0", "-l", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield
    server.kill()
    server.wait()


@pytest.mark.skipif(SERVER is None, reason="no fast-discovery-server from PyPI's wheels")
def test_nodes_find_each_other_once_the_server_is_there(
    tmp_path: Path, diffusion_model: Path
) -> None:
    """All nodes are in separate processes: Fast DDS keeps the first server that it was given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"ROS_DISCOVERY_SERVER": f"127.0.0.1:{port}", "ROS_DOMAIN_ID": "0"}
    parameters = {"autostart": True, "model": str(diffusion_model)}
    listen = [sys.executable, "-c", LISTEN]
    with (
        NodeProcess("lifter", tmp_path, parameters, environment=environment) as lifter,
        NodeProcess("listener", tmp_path, environment=environment, command=listen) as listener,
    ):
        wait_until(
            lambda: "[lifter]" in lifter.printed() and "listens" in listener.printed(), PATIENCE_S
        )
        time.sleep(3.0)
        assert "heard" not in listener.printed()
        with discovery_server(port):
            wait_until(lambda: "heard lifter" in listener.printed(), PATIENCE_S)
