"""Two hosts on one machine, with a cable between them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

from diffhpe_ros.errors import DiffhpeError

ADDRESS = {"camera": "10.77.0.1", "robot": "10.77.0.2"}
ADDRESS_BEHIND_ROUTER = {"camera": "10.77.0.1", "robot": "10.88.0.2"}
UP_S = 10.0
# A sleeping process keeps a host's namespaces; each host has its own shared memory.
HOST = "mount -t tmpfs tmpfs /dev/shm && echo ready && exec sleep infinity"


class Link:
    """Hosts "camera" and "robot" in namespaces; a context manager.

    Needs root, util-linux and iproute2.

    Args:
        mbit_s: rate of every cable, in each direction.
        routed: whether a router is between the hosts, which forwards no multicast.

    Raises:
        DiffhpeError: on entering, the hosts cannot be created; the message names the failed
            command.
    """

    def __init__(self, mbit_s: float, routed: bool = False) -> None:
        self.mbit_s = mbit_s
        self.routed = routed
        self.addresses: Mapping[str, str] = MappingProxyType(
            ADDRESS_BEHIND_ROUTER if routed else ADDRESS
        )
        self._hosts: dict[str, int] = {}
        self._other_end = ("router", "cable1") if routed else ("camera", "cable")
        """Name of the robot's end of the cable."""
        self._stack = ExitStack()

    def __enter__(self) -> Link:
        try:
            for host in (*self.addresses, *(["router"] if self.routed else [])):
                self._add(host)
            if self.routed:
                self._route()
            else:
                self._plug("camera", "robot", self.addresses["camera"], self.addresses["robot"])
        except DiffhpeError:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()  # namespaces and cables end with their processes

    def command(self, host: str, program: Sequence[str]) -> list[str]:
        """The command that runs a program on a host."""
        pid = str(self._hosts[host])
        return [
            "nsenter",
            "--target",
            pid,
            "--net",
            "--mount",
            "--ipc",
            f"--wd={Path.cwd()}",
            *program,
        ]

    def received_bytes(self, host: str) -> int:
        """Bytes that a host has received through its cable."""
        counter = self._run(host, "cat", "/sys/class/net/cable/statistics/rx_bytes")
        return int(counter)

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """Unplug the robot's cable at its other end, and plug it in again."""
        host, device = self._other_end
        self._run(host, "ip", "link", "set", device, "down")
        yield
        self._run(host, "ip", "link", "set", device, "up")

    def _add(self, host: str) -> None:
        command = ["unshare", "--net", "--mount", "--ipc", "sh", "-c", HOST]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        assert process.stdout is not None and process.stderr is not None
        if not process.stdout.readline():
            raise DiffhpeError(f"{' '.join(command)}: {process.stderr.read().decode().strip()}")
        self._hosts[host] = process.pid
        self._run(host, "mount", "-t", "sysfs", "sysfs", "/sys")  # with this host's devices
        self._run(host, "ip", "link", "set", "lo", "up")

    def _route(self) -> None:
        camera, robot = self.addresses["camera"], self.addresses["robot"]
        for number, (host, address) in enumerate((("camera", camera), ("robot", robot))):
            gateway = f"{address.rpartition('.')[0]}.254"
            self._plug(host, "router", address, gateway, f"cable{number}")
            self._run(host, "ip", "route", "add", "default", "via", gateway)
        self._run("router", "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")

    def _plug(
        self, one: str, other: str, address: str, others_address: str, others_end: str = "cable"
    ) -> None:
        """Connect two hosts with a cable."""
        pids = str(self._hosts[one]), str(self._hosts[other])
        _run("ip", "link", "add", "cable", "netns", pids[0], "type", "veth",
             "peer", "name", others_end, "netns", pids[1])  # fmt: skip
        for host, device, where in (
            (one, "cable", address),
            (other, others_end, others_address),
        ):
            self._run(host, "ip", "addr", "add", f"{where}/24", "dev", device)
            self._run(host, "ip", "link", "set", device, "up")
            rate = ("rate", f"{self.mbit_s:g}mbit", "burst", "128kbit", "latency", "50ms")
            self._run(host, "tc", "qdisc", "add", "dev", device, "root", "tbf", *rate)

        for host, device in ((one, "cable"), (other, others_end)):
            self._wait_until_up(host, device)

    def _wait_until_up(self, host: str, device: str) -> None:
        """Wait for Linux, up to a second: programs that start earlier ignore the cable."""
        give_up = time.monotonic() + UP_S
        while self._run(host, "cat", f"/sys/class/net/{device}/operstate").strip() != "up":
            if time.monotonic() > give_up:
                raise DiffhpeError(f"{host}: {device} does not come up in {UP_S:g} s")
            time.sleep(0.05)

    def _run(self, host: str, *command: str) -> str:
        return _run(*self.command(host, command))


def _run(*command: str) -> str:
    """The output of a command.

    Raises:
        DiffhpeError: the command fails.
    """
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise DiffhpeError(f"{' '.join(command)}: {ran.stderr.strip()}")
    return ran.stdout
