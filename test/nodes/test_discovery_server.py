"""Nodes find each other by a discovery server alone, as on networks without multicast."""

import shutil
import socket
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from graph import Graph, own_context

pytestmark = pytest.mark.ros
SERVER = shutil.which("fast-discovery-server", path=sysconfig.get_path("scripts"))


@contextmanager
def discovery_server(port: int) -> Iterator[None]:
    """The server of the wheels of Kilted; 42 is how their `fastdds discovery` calls it."""
    command = [str(SERVER), "42", "-i", "0", "-l", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield
    server.kill()
    server.wait()


@pytest.mark.skipif(SERVER is None, reason="no fast-discovery-server from PyPI's wheels")
def test_nodes_find_each_other_once_the_server_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, diffusion_model: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("ROS_DISCOVERY_SERVER", f"127.0.0.1:{port}")
    with own_context() as context, Graph(context, tmp_path) as graph:
        graph.run("lifter", model=str(diffusion_model))
        graph.until(lambda: "[lifter]" in graph.log("lifter"), "model of the lifter")
        graph.subscribe(3.0)
        assert not graph.status
        with discovery_server(port):
            graph.until(lambda: graph.status["lifter"].values, "diagnostics of the lifter")
