"""One lifter for many cameras: how many people it lifts, and what more processes make of it.

    python bench/scale.py [--rounds 2] [--write]

Three measurements, all in one run: lifting alone, by people, engine and threads, beside the floor
(the operations of the matrix products over the machine's rate in products as thin); the stage that
also localizes and smooths, by people and cameras; and real nodes with cameras in processes of their
own on the loopback device. `--write` puts tables and picture into docs/scale.md.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from diffhpe_ros.benchmark.floors import giga_operations, matrix_rate
from diffhpe_ros.benchmark.times import in_turn
from diffhpe_ros.demo.graph import NodeProcess
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, use_threads
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.training.experiments.document import markdown_table, write_section
from diffhpe_ros.video import VideoReader
from diffhpe_ros.windows import FRAMES, windows_of_track

CAMERA = Path(__file__).with_name("scale_camera.py").resolve()
PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
PICTURE = PAGE.parent / "images" / "scale.png"
SHOWN = "![Milliseconds a person over the number of people in one batch](images/scale.png)"
PEOPLE = (1, 2, 4, 16, 64)
ENGINES = ("native", "folded")
IN_STAGE = (1, 4, 16, 64)
GRAPHS = ((1, 1), (4, 1), (4, 2))
"""Cameras of one person each, and lifters that share them."""
RATE_HZ = 30
SETTLE_S, GRAPH_S = 2.0, 8.0
START_S = 120.0
NS = 10**9


def windows_of(people: int, camera: str = "camera", stamp_ns: int = 5 * NS) -> PeopleWindows:
    """People who walk as in the package's clip, each at another time of it."""
    clip = walking_clip()
    keypoints = clip.camera.to_canonical(clip.camera.project(clip.joints.astype(np.float64)))
    times = np.arange(len(keypoints)) / clip.fps
    cut = windows_of_track(times, keypoints, np.ones(keypoints.shape[:2]), stride=3)
    rows = np.arange(people) % len(cut.keypoints)
    covariance = np.broadcast_to(1e-4 * np.eye(2, dtype=np.float32), (people, FRAMES, 17, 2, 2))
    return PeopleWindows(
        frame_id=camera,
        stamp_ns=stamp_ns,
        track_ids=tuple(range(people)),
        offsets_ns=np.tile(np.arange(1 - FRAMES, 1) * (NS // 50), (people, 1)),
        keypoints=cut.keypoints[rows].astype(np.float32),
        confidence=cut.confidence[rows].astype(np.float32),
        covariance=np.array(covariance),
    )


# Lifting alone


@dataclass(frozen=True)
class Curve:
    """Of one engine with a number of threads."""

    engine: str
    threads: int
    ms: tuple[float, ...]
    """Of a batch with each number of people; the least of all rounds."""
    floor_ms: tuple[float, ...]
    """The same, if the matrix products were all there is."""


def lifting_curves(model: str, rounds: int, threads: Sequence[int]) -> list[Curve]:
    """Times of lifting, all engines in turn."""
    batches = [windows_of(people).keypoints for people in PEOPLE]
    counted = Lifter.from_pretrained(model, engine="folded")
    giga = giga_operations(counted, batches[0])
    curves = []
    for count in threads:
        use_threads(count)
        lifters = {name: Lifter.from_pretrained(model, engine=name) for name in ENGINES}
        actions = [partial(lifter.lift, batch) for lifter in lifters.values() for batch in batches]
        times = in_turn(actions, rounds).min(0).reshape(len(lifters), len(batches))
        rate = max(matrix_rate("cpu") for _ in range(2))
        floor = tuple(1000 * giga * people / rate for people in PEOPLE)
        curves += [
            Curve(name, count, tuple(map(float, ms)), floor)
            for name, ms in zip(lifters, times, strict=True)
        ]
    return curves


# The stage of the node `lifter`


def stage_times(model: str, rounds: int) -> dict[tuple[int, int], float]:
    """(people, cameras) → milliseconds of one round of messages, the least of all rounds."""
    use_threads(1)
    lifter = Lifter.from_pretrained(model)
    pairs = [(people, cameras) for people in IN_STAGE for cameras in sorted({1, people})]
    actions = []
    for people, cameras in pairs:
        stage, stamps = LiftingStage(lifter), itertools.count(5 * NS, NS // RATE_HZ)
        messages = [windows_of(people // cameras, f"camera{k}") for k in range(cameras)]
        actions.append(partial(_next_round, stage, messages, stamps))
    times = in_turn(actions, rounds).min(0)
    return {pair: float(ms) for pair, ms in zip(pairs, times, strict=True)}


def _next_round(stage: LiftingStage, messages: list[PeopleWindows], stamps: Any) -> None:
    stamp_ns = next(stamps)
    stage.process([replace(windows, stamp_ns=stamp_ns) for windows in messages])


# What goes over the network


def rates_mb_s() -> dict[str, float]:
    """Megabytes a second of one camera of 640x480 with one person, at 30 images a second."""
    from rclpy.serialization import serialize_message

    from diffhpe_ros.nodes.messages.windows import pack_windows

    with VideoReader(walking_clip().video_path) as video:
        image = next(iter(video))[2]
    jpeg = cv2.imencode(".jpg", image)[1]
    windows = serialize_message(pack_windows(windows_of(1)))
    sizes = {"image, raw": image.nbytes, "image, JPEG": len(jpeg), "windows": len(windows)}
    return {name: size * RATE_HZ / 1e6 for name, size in sizes.items()}


# Real nodes, and cameras in processes of their own


@dataclass(frozen=True)
class GraphRun:
    """What the lifters said of the last seconds of a run."""

    cameras: int
    lifters: int
    lifted_per_s: float
    latency_ms: float
    """Median from the stamp of the windows to the joints; of the slowest lifter."""

    @property
    def share(self) -> float:
        """Of the windows that the cameras sent."""
        return self.lifted_per_s / (self.cameras * RATE_HZ)


def write_windows(name: str, file: Path) -> None:
    """Write a message of windows of one person, for `scale_camera.py`."""
    from rclpy.serialization import serialize_message

    from diffhpe_ros.nodes.messages.windows import pack_windows

    file.write_bytes(serialize_message(pack_windows(windows_of(1, name))))


class Listener:
    """Subscribes to the joints of all namespaces, and keeps what the lifters say of themselves."""

    def __init__(self, namespaces: Sequence[str]) -> None:
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.node import Node
        from sensor_msgs.msg import PointCloud2

        self.values: dict[str, dict[str, str]] = {}
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = Node("listener", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 20)
        for namespace in namespaces:
            topic = f"/{namespace}/joints"
            self._node.create_subscription(PointCloud2, topic, lambda _: None, 10, raw=True)

    def cameras(self, namespaces: Sequence[str]) -> int:
        """How many publish windows."""
        return sum(self._node.count_publishers(f"/{each}/windows") for each in namespaces)

    def spin_until(self, condition: Callable[[], bool], what: str) -> None:
        """Listen until something holds.

        Raises:
            DiffhpeError: it does not in time.
        """
        give_up = time.monotonic() + START_S
        while not condition():
            if time.monotonic() > give_up:
                raise DiffhpeError(f"{what}: not within {START_S:g} s")
            self.spin(0.2)

    def spin(self, seconds: float) -> None:
        """Listen for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(0.05, left))

    def close(self) -> None:
        """End."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _hear(self, message: Any) -> None:
        for status in message.status:
            self.values[status.name] = {pair.key: pair.value for pair in status.values}


def run_graph(cameras: int, lifters: int, model: str) -> GraphRun:
    """Run lifters, each in a namespace, and cameras that are dealt out to them.

    Raises:
        DiffhpeError: a lifter does not start.
    """
    namespaces = [f"site{number}" for number in range(lifters)]
    names = [f"{namespace}/lifter" for namespace in namespaces]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        listener = Listener(namespaces)
        stack.callback(listener.close)
        for namespace in namespaces:
            place = Path(folder) / namespace
            place.mkdir()
            parameters = {"autostart": True, "model": model, "threads": 1}
            stack.enter_context(NodeProcess("lifter", place, parameters, namespace=namespace))
        active = partial(_all_active, listener, names)
        listener.spin_until(active, "the lifters are active")
        for number in range(cameras):
            site = namespaces[number % lifters]
            file = Path(folder) / f"camera{number}.cdr"
            write_windows(file.stem, file)
            process = subprocess.Popen(
                [sys.executable, str(CAMERA), f"/{site}", str(file), str(RATE_HZ)]
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        listener.spin_until(lambda: listener.cameras(namespaces) == cameras, "the cameras send")
        listener.spin(SETTLE_S)
        before, begin = _lifted(listener, names), time.monotonic()
        listener.spin(GRAPH_S)
        after, lasted = _lifted(listener, names), time.monotonic() - begin
        lifted = after - before
        latency = max(float(listener.values[name].get("latency_ms_p50", "nan")) for name in names)
    return GraphRun(cameras, lifters, lifted / lasted, latency)


def _all_active(listener: Listener, names: Sequence[str]) -> bool:
    return all(listener.values.get(name, {}).get("state") == "active" for name in names)


def _lifted(listener: Listener, names: Sequence[str]) -> int:
    listener.spin(1.2)  # diagnostics come once a second
    return sum(int(listener.values[name].get("lifted", 0)) for name in names)


# The page


def curves_table(curves: Sequence[Curve]) -> str:
    """Milliseconds a person, and how many people are lifted 30 times a second."""
    header = ["engine", "threads", *(f"{people}" for people in PEOPLE), "people at 30/s"]
    rows = [
        [
            each.engine,
            str(each.threads),
            *(f"{ms / people:.2f}" for ms, people in zip(each.ms, PEOPLE, strict=True)),
            f"{PEOPLE[-1] * 1000 / RATE_HZ / each.ms[-1]:.1f}",
        ]
        for each in curves
    ]
    rows += [
        [
            "floor", str(each.threads),
            *(f"{ms / people:.2f}" for ms, people in zip(each.floor_ms, PEOPLE, strict=True)),
            f"{PEOPLE[-1] * 1000 / RATE_HZ / each.floor_ms[-1]:.1f}",
        ]
        for each in curves
        if each.engine == ENGINES[0]
    ]  # fmt: skip
    return markdown_table(header, rows)


def stage_table(times: dict[tuple[int, int], float]) -> str:
    """Milliseconds a person by people and cameras."""
    rows = [
        [str(people), f"{times[people, 1] / people:.2f}", f"{times[people, people] / people:.2f}"]
        for people in IN_STAGE
    ]
    return markdown_table(["people", "all of one camera", "each of a camera of their own"], rows)


def graphs_table(runs: Sequence[GraphRun]) -> str:
    """What arrives of the windows of several processes."""
    header = ["cameras", "lifters", "windows lifted/s", "of those sent", "p50, ms"]
    rows = [
        [
            str(each.cameras), str(each.lifters), f"{each.lifted_per_s:.0f}",
            f"{100 * each.share:.0f} %", f"{each.latency_ms:.0f}",
        ]
        for each in runs
    ]  # fmt: skip
    return markdown_table(header, rows)


def rates_table(rates: dict[str, float]) -> str:
    """Megabytes a second."""
    return markdown_table(
        ["topic", "MB/s"], [[name, f"{rate:.2f}"] for name, rate in rates.items()]
    )


def draw(curves: Sequence[Curve], times: dict[tuple[int, int], float], path: Path) -> None:
    """Milliseconds a person over the number of people."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    people = np.array(PEOPLE)
    for number, engine in enumerate(ENGINES):
        for each in (curve for curve in curves if curve.engine == engine):
            style = "-" if each.threads == 1 else "--"
            label = f"{engine}, {each.threads} thread{'s' * (each.threads > 1)}"
            axes.plot(people, np.array(each.ms) / people, f"C{number}{style}o", ms=4, label=label)
    for each in (curve for curve in curves if curve.engine == ENGINES[0]):
        style = "-" if each.threads == 1 else "--"
        label = f"floor, {each.threads} thread{'s' * (each.threads > 1)}"
        axes.plot(people, np.array(each.floor_ms) / people, f"k{style}", lw=1, label=label)
    for marker, label in (("s", "one camera"), ("^", "a camera each")):
        known = [times[n, 1 if marker == "s" else n] / n for n in IN_STAGE]
        axes.plot(IN_STAGE, known, f"C4{marker}", label=f"with placing and smoothing, {label}")
    axes.set(
        xscale="log", yscale="log", xticks=PEOPLE, xticklabels=PEOPLE,
        xlabel="people in one batch", ylabel="ms a person",
    )  # fmt: skip
    axes.grid(True, which="both", alpha=0.25)
    axes.legend(fontsize=7, ncols=2)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--rounds", type=int, default=2, help="of each time the least is taken")
    parser.add_argument("--threads", type=int, nargs="+", help="else 1 and all cores")
    parser.add_argument("--no-graph", action="store_true", help="leave out the real nodes")
    parser.add_argument("--write", action="store_true", help="tables and picture of docs/scale.md")
    parser.add_argument("--domain", type=int, default=83, help="ROS_DOMAIN_ID")
    chosen = parser.parse_args()
    threads = chosen.threads or sorted({1, len(os.sched_getaffinity(0))})
    record = partial(_record, write=chosen.write)
    curves = lifting_curves(chosen.model, chosen.rounds, threads)
    record("lifting", f"{SHOWN}\n\n{curves_table(curves)}")
    times = stage_times(chosen.model, chosen.rounds)
    record("stage", stage_table(times))
    if chosen.write:
        draw(curves, times, PICTURE)
    record("rates", rates_table(rates_mb_s()))
    if not chosen.no_graph:
        os.environ["ROS_DOMAIN_ID"] = str(chosen.domain)
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        runs = [run_graph(*each, chosen.model) for each in GRAPHS]
        record("processes", graphs_table(runs))


def _record(name: str, text: str, write: bool) -> None:
    print(text, flush=True)
    if write:
        write_section(PAGE, name, text)


if __name__ == "__main__":
    main()
