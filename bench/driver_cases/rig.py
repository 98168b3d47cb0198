"""A camera that sends what real drivers send, the nodes that use it, and their messages."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from diffhpe_ros.demo.graph import NodeProcess
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.fast_dds import use_fastdds_profile
from diffhpe_ros.nodes.messages.camera_info import info_from_camera
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.joints import UnpackedJoints, unpack_joints
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

Pixels = NDArray[np.uint8]
FPS = 15
PERIOD_NS = 10**9 // FPS
PATIENCE_S = 120.0  # machines may be busy
ANSWER_S = 0.3
"""Seconds to wait for the detector's answer to an image: machines may be busy."""
WARM_UP = 8
"""Number of images after which warnings belong to the current case."""
FILM_FRAMES = 120
OF_THE_MACHINE = re.compile(
    r"results are published|of the messages are dropped|images/s are processed|ahead of this clock"
    r"|no messages on|another user or container|of the windows' joints are seen"
)
"""Warnings that only show that the machine is busy, or that the camera pauses between cases."""


def bgr_image(pixels: Pixels) -> Image:
    """An image message without header."""
    height, width = pixels.shape[:2]
    data = array("B", pixels.tobytes())
    return Image(height=height, width=width, step=3 * width, encoding="bgr8", data=data)


def clip_info() -> CameraInfo:
    """camera_info of the walking person's clip."""
    return info_from_camera(walking_clip().camera)


@dataclass
class Shot:
    """What the camera sends. All functions get the image's number."""

    images: int = 60
    message: Callable[[int, Pixels], Any] = lambda _, pixels: bgr_image(pixels)
    kind: Any = Image
    info: Callable[[int], CameraInfo | None] = lambda _: clip_info()
    late_ns: Callable[[int], int] = lambda _: 0
    """Time by which the stamp is earlier than usual."""
    frame_id: str = "camera"
    topic: str = "image"
    info_topic: str = "camera_info"


@dataclass
class Heard:
    """Messages received since the last `forget`."""

    joints: list[UnpackedJoints] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    """Stamps of a video source."""
    texts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Warnings and errors by node, with their counts."""
    values: dict[str, dict[str, str]] = field(default_factory=dict)


class Rig:
    """Nodes in their own processes, and the camera in this process."""

    def __init__(self, domain: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        os.environ |= {"ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": str(self.folder / "ros")}
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        use_fastdds_profile(os.environ)  # for the camera, which is in this process
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self.node = Node("cases", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.heard, self._answered = Heard(), False
        self._processes: dict[str, NodeProcess] = {}
        self._ended: dict[str, NodeProcess] = {}
        self._started: dict[str, object] = {}
        with VideoReader(walking_clip().video_path) as video:
            self.film = [image for index, _, image in video if index < FILM_FRAMES]
        subscribe = self.node.create_subscription
        subscribe(DiagnosticArray, "/diagnostics", self._hear, 20)
        subscribe(PointCloud2, "joints", lambda m: self.heard.joints.append(unpack_joints(m)), 10)
        subscribe(Image, "detector/overlay", self._answer, 5, raw=True)

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._processes):
            self.stop(name)
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)
        self._folder.cleanup()

    def start(
        self,
        program: str,
        *arguments: str,
        environment: Mapping[str, str] = {},
        name: str = "",
        command: list[str] | None = None,
        **parameters: Any,
    ) -> None:
        """Start an activated node; an existing one with this name is stopped."""
        name = name or program
        self.stop_if_runs(name)
        self._started.pop(name, None)
        self._processes[name] = NodeProcess(
            program,
            self.folder,
            {"autostart": True, **parameters},
            arguments=arguments,
            name=name,
            environment=environment,
            command=command,
        )

    def until_active(self, *names: str) -> None:
        """Wait for nodes to be active.

        Raises:
            DiffhpeError: a node is not active in time, or has ended.
        """
        give_up = time.monotonic() + PATIENCE_S
        while any(self.value(name, "state") != "active" for name in names):
            self.spin(0.1)
            ended = [name for name in names if self.status(name) is not None]
            if time.monotonic() > give_up or ended:
                raise DiffhpeError(f"{', '.join(names)} not active: {self.last_line(names[-1])}")

    def see(self, *arguments: str, of_both: Mapping[str, Any] = {}, **of_detector: Any) -> None:
        """Run an active lifter and a detector; nodes that already run with the same settings stay.

        Args:
            arguments: the detector's arguments.
            of_both: parameters of both nodes.
            of_detector: the detector's parameters.
        """
        self._have("lifter", **of_both)
        self._have("detector", *arguments, blazepose_model="full", **of_both, **of_detector)
        self.until_active("lifter", "detector")
        self.forget()

    def see_lifter(self) -> None:
        """Run an active lifter, and forget received messages."""
        self._have("lifter")
        self.until_active("lifter")
        self.forget()

    def _have(self, name: str, *arguments: str, **parameters: Any) -> None:
        settings = (arguments, parameters)
        if name in self._processes and self._started.get(name) != settings:
            self.stop(name)
        if name not in self._processes:
            self.start(name, *arguments, **parameters)
            self._started[name] = settings

    def publish(self, images: Publisher[Any], infos: Publisher[Any], message: Image) -> None:
        """Publish an image, stamped now, with the clip's camera_info."""
        message.header = make_header("camera", time.time_ns())
        information = clip_info()
        information.header = message.header
        infos.publish(information)
        images.publish(message)

    def shoot(self, shot: Shot | None = None) -> None:
        """Publish images, each after the detector's answer to the previous one, and listen."""
        shot = shot or Shot()
        images = self.node.create_publisher(shot.kind, shot.topic, 1)
        infos = self.node.create_publisher(CameraInfo, shot.info_topic, 1)
        self.spin(1.0)
        begin_ns = time.time_ns()
        for number in range(shot.images):
            stamp_ns = begin_ns + number * PERIOD_NS - shot.late_ns(number)
            header = make_header(shot.frame_id, stamp_ns)
            message = shot.message(number, self.film[self.frame(number)])
            if number == WARM_UP:
                self.spin(1.2)
                self.heard.texts.clear()  # texts of the previous case
            for publisher, each in ((infos, shot.info(number)), (images, message)):
                if each is not None:
                    each.header = header
                    publisher.publish(each)
            self._wait_for_answer()
        self.spin(2.5)  # diagnostics come once a second
        self.node.destroy_publisher(images)
        self.node.destroy_publisher(infos)

    def frame(self, number: int, speed: int = 2) -> int:
        """Frame of the clip, which is played forwards and backwards."""
        at = speed * number % (2 * FILM_FRAMES)
        return min(at, 2 * FILM_FRAMES - 1 - at)

    def spin(self, seconds: float) -> None:
        """Receive messages for this long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(0.05, left))

    def spin_until(self, condition: Callable[[], object], most_s: float = PATIENCE_S) -> None:
        """Receive messages until the condition holds, at most this long."""
        give_up = time.monotonic() + most_s
        while not condition() and time.monotonic() < give_up:
            self.spin(0.1)

    def forget(self) -> None:
        """Forget received messages, except the latest diagnostic values."""
        self.heard = Heard(values=self.heard.values)

    def value(self, name: str, key: str) -> str:
        """The latest value in a node's diagnostics."""
        return self.heard.values.get(name, {}).get(key, "")

    def status(self, name: str) -> int | None:
        """A node's exit status; None if it still runs."""
        return self._processes[name].status

    def stop_if_runs(self, name: str) -> None:
        """Stop a node if it runs."""
        if name in self._processes:
            self.stop(name)

    def stop(self, name: str, how: signal.Signals = signal.SIGINT, timeout_s: float = 20) -> str:
        """Stop a node, and return how it ended."""
        begin = time.monotonic()
        status = self._processes[name].stop(how, timeout_s)
        quick = "at once" if time.monotonic() - begin < 6 else "late"
        self._ended[name] = self._processes.pop(name)
        self._forget_node(name)
        if status is None:
            return f"FAILS: {how.name} does not end it within {timeout_s:g} s"
        return f"{how.name} ends it {quick}, status {status}"

    def _forget_node(self, name: str) -> None:
        self.spin(0.3)  # its last messages
        self.heard.values.pop(name, None)

    def printed(self, name: str) -> str:
        """Everything that a node, or the last one with this name, has printed."""
        return (self._processes.get(name) or self._ended[name]).printed()

    def last_line(self, name: str) -> str:
        """The last line that a node printed."""
        return self._processes[name].last_log_line()

    def outcome(self, *names: str) -> str:
        """The outcome: joints, and the nodes' messages."""
        joints = [each for each in self.heard.joints if each.track_ids]
        parts = [f"{len(joints)} windows lifted" if joints else "nobody"]
        if joints:
            x, y, z = joints[-1].positions[0, 0]
            ids = len({number for each in joints for number in each.track_ids})
            parts.append(f"{ids} person(s), hip at {x:.2f} {y:.2f} {z:.2f} m")
        return "; ".join([*parts, *self.said(*(names or ("detector", "lifter")))])

    def said(self, *names: str) -> list[str]:
        """The nodes' warnings and errors; those that differ only in numbers appear once."""
        different = {}
        for name in names:
            for text in self.heard.texts.get(name, {}):
                kept = [part for part in text.split("; ") if not OF_THE_MACHINE.search(part)]
                said = "; ".join(kept)
                if said:
                    different.setdefault((name, re.sub(r"[\d.]+", "#", said)), said)
        return [f"{name}: {said}" for (name, _), said in different.items()]

    def _wait_for_answer(self) -> None:
        give_up, self._answered = time.monotonic() + ANSWER_S, False
        while not self._answered and time.monotonic() < give_up:
            self._executor.spin_once(timeout_sec=0.02)

    def _answer(self, _: bytes) -> None:
        self._answered = True

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.heard.values[status.name] = {pair.key: pair.value for pair in status.values}
            if status.level != DiagnosticStatus.OK:
                self.heard.texts[status.name][status.message] += 1

    @contextmanager
    def hearing_images(self) -> Iterator[None]:
        """Keep the stamps of a video source's images."""
        heard = self.heard.images
        subscription = self.node.create_subscription(
            Image, "image", lambda message: heard.append(_ns(message)), qos.image(True)
        )
        yield
        self.node.destroy_subscription(subscription)


def _ns(message: Image) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)
