"""Camera and robot on two hosts: the joints that reach the robot through cables of several rates.

    sudo .venv/bin/python bench/hosts.py [--seconds 10] [--write]

The hosts are network namespaces of this machine, each with its own network stack and shared memory.
They share the cores and the clock, so the ages are exact, and computing is not slower. `--write`
puts the tables into docs/scale.md.
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from host_link import Link
from numpy.typing import NDArray

from diffhpe_ros.demo.graph import NodeProcess
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.nodes.fast_dds import use_fastdds_profile
from diffhpe_ros.training.experiments.document import markdown_table, write_section

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
HERE = Path(__file__).resolve().parent
RATE_HZ = 30.0
PATIENCE_S = 30.0
BEFORE_S = 3.0
SERVER_PORT = 11811


@dataclass(frozen=True)
class Case:
    """What is sent over which cable, and how the hosts discover each other."""

    crosses: str
    """raw, jpeg or windows."""
    mbit_s: float
    discovery: str = "multicast"
    """multicast, a peer named to both hosts, or a server on the robot."""
    routed: bool = False

    @property
    def hosts(self) -> str:
        """The hosts in words."""
        return "a router between" if self.routed else "one subnet"


CASES = (
    Case("raw", 1000),
    Case("raw", 100),
    Case("jpeg", 100),
    Case("windows", 100),
    Case("jpeg", 10),
    Case("windows", 10),
    Case("windows", 100, "multicast", routed=True),
    Case("windows", 100, "peer", routed=True),
    Case("windows", 100, "server", routed=True),
)
OUTAGES = tuple(
    (case, outage_s) for case in (Case("windows", 100), CASES[-1]) for outage_s in (3.0, 30.0)
)


@dataclass(frozen=True)
class Graph:
    """The hosts, and the environment of all processes on them."""

    link: Link
    environment: Mapping[str, str]

    @contextmanager
    def program(self, host: str, command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
        """Run a program on a host within a context."""
        whole = {**os.environ, **self.environment}
        use_fastdds_profile(whole)
        with subprocess.Popen(
            self.link.command(host, command), env=whole, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@dataclass(frozen=True)
class Heard:
    """The messages that the robot received."""

    joints_per_s: float
    age_ms: tuple[float, float]
    """Median and 95th percentile of the age since the image's stamp."""
    mbit_s: float
    """Rate of all data through its cable."""


@contextmanager
def running(case: Case, model: str) -> Iterator[Graph]:
    """The graph on two hosts.

    Raises:
        DiffhpeError: the hosts cannot be created.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        link = stack.enter_context(Link(case.mbit_s, case.routed))
        graph = Graph(link, discovery_environment(case.discovery, link))
        if case.discovery == "server":
            stack.enter_context(graph.program("robot", discovery_server()))
        start_graph(stack, case, graph, folder, model)
        yield graph


def hear(case: Case, seconds: float, model: str) -> Heard | None:
    """Listen on the robot; None if no joints arrive."""
    with running(case, model) as graph, listening(graph, seconds) as listener:
        if listener is None:
            return None
        before = graph.link.received_bytes("robot")
        times, ages = joints_of(listener)
        bits = 8 * (graph.link.received_bytes("robot") - before)
    p50, p95 = (float(1000 * value) for value in np.percentile(ages, [50, 95]))
    return Heard(len(times) / seconds, (p50, p95), bits / 1e6 / seconds)


def seconds_until_back(case: Case, outage_s: float, model: str) -> float | None:
    """Seconds from replugging the cable to the next joints on the robot; None if none arrive."""
    seconds = BEFORE_S + outage_s + PATIENCE_S
    with running(case, model) as graph, listening(graph, seconds) as listener:
        if listener is None:
            return None
        time.sleep(BEFORE_S)
        with graph.link.unplugged():
            time.sleep(outage_s)
        back = time.monotonic()
        times, _ = joints_of(listener)
    return float(min(times[times > back], default=np.nan) - back)


def discovery_environment(discovery: str, link: Link) -> dict[str, str]:
    """Environment variables of every process."""
    environment = {"ROS_DOMAIN_ID": "0", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
    if discovery == "peer":
        environment["ROS_STATIC_PEERS"] = ";".join(link.addresses.values())
    if discovery == "server":
        environment["ROS_DISCOVERY_SERVER"] = f"{link.addresses['robot']}:{SERVER_PORT}"
    return environment


def discovery_server() -> list[str]:
    """The discovery server of Kilted's wheels; their `fastdds discovery` calls it with 42."""
    server = Path(sys.executable).with_name("fast-discovery-server")
    return [str(server), "42", "-i", "0", "-l", "0.0.0.0", "-p", str(SERVER_PORT)]


def start_graph(stack: ExitStack, case: Case, graph: Graph, folder: Path, model: str) -> None:
    """Start camera, detector and lifter; the camera's host sends either windows or images."""
    kind = "jpeg" if case.crosses == "jpeg" else "raw"
    camera = [sys.executable, str(HERE / "host_camera.py"), kind, f"{RATE_HZ}"]
    stack.enter_context(graph.program("camera", camera))
    transport = "compressed" if kind == "jpeg" else "raw"
    parameters: dict[str, dict[str, object]] = {
        "detector": {"autostart": True, "image_transport": transport},
        "lifter": {"autostart": True, "model": model, "threads": 1},
    }
    hosts = {"detector": "camera" if case.crosses == "windows" else "robot", "lifter": "robot"}
    for name, host in hosts.items():
        node = [sys.executable, "-m", f"diffhpe_ros.nodes.{name}"]
        command = graph.link.command(host, node)
        environment = graph.environment
        stack.enter_context(
            NodeProcess(name, folder, parameters[name], environment=environment, command=command)
        )


@contextmanager
def listening(graph: Graph, seconds: float) -> Iterator[subprocess.Popen[str] | None]:
    """A listener on the robot, after its first joints; None if it receives none."""
    command = [sys.executable, str(HERE / "host_listener.py"), f"{seconds}"]
    with graph.program("robot", command) as listener:
        assert listener.stdout is not None
        heard, _, _ = select.select([listener.stdout], [], [], PATIENCE_S)
        yield listener if heard and listener.stdout.readline() else None


def joints_of(listener: subprocess.Popen[str]) -> NDArray[np.float64]:
    """Arrival times and ages of joints, (2, N) seconds; waits for the listener's end."""
    assert listener.stdout is not None
    return np.array([line.split() for line in listener.stdout], float).T


def hosts_table(found: Mapping[Case, Heard | None]) -> str:
    """The table of hosts in Markdown."""
    columns = [
        "crosses",
        "Mbit/s",
        "hosts",
        "discovery",
        "joints/s",
        "age p50; p95, ms",
        "used, Mbit/s",
    ]
    rows = []
    for case, heard in found.items():
        row = [case.crosses, f"{case.mbit_s:g}", case.hosts, case.discovery]
        if heard is None:
            row += ["0", "-", "-"]
        else:
            ages = "; ".join(f"{age:.0f}" for age in heard.age_ms)
            row += [f"{heard.joints_per_s:.0f}", ages, f"{heard.mbit_s:.1f}"]
        rows.append(row)
    return markdown_table(columns, rows)


def outages_table(found: Mapping[tuple[Case, float], float | None]) -> str:
    """The table of outages in Markdown."""
    columns = ["hosts", "discovery", "cable out, s", "joints again after, s"]
    rows = [
        [case.hosts, case.discovery, f"{outage:g}", "-" if back is None else f"{back:.1f}"]
        for (case, outage), back in found.items()
    ]
    return markdown_table(columns, rows)


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--seconds", type=float, default=10.0, help="of listening")
    parser.add_argument("--write", action="store_true", help="tables of docs/scale.md")
    chosen = parser.parse_args()
    if os.geteuid():
        raise DiffhpeError("hosts need root: sudo .venv/bin/python bench/hosts.py")
    hosts = hosts_table({case: hear(case, chosen.seconds, chosen.model) for case in CASES})
    print(hosts, flush=True)
    outages = {each: seconds_until_back(*each, chosen.model) for each in OUTAGES}
    print(outages_table(outages))
    if chosen.write:
        write_section(PAGE, "hosts", hosts)
        write_section(PAGE, "outages", outages_table(outages))


if __name__ == "__main__":
    try:
        main()
    except DiffhpeError as error:
        raise SystemExit(f"error: {error}") from error
