"""Runs the graph on a source and records its messages."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from diffhpe_ros.demo.graph import NodeProcess
from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.extras import require
from diffhpe_ros.installed_models import window_rates
from diffhpe_ros.io import make_folder
from diffhpe_ros.lifting.engines.choice import extras_to_lift
from diffhpe_ros.nodes.fast_dds import use_fastdds_profile

if TYPE_CHECKING:
    from diffhpe_ros.demo.progress import Progress

START_SECONDS = 120.0  # for a node to load its model on a busy machine
DIAGNOSTICS_SECONDS = 1.2  # they are sent once a second
REPLAY_START_S = 1.0  # stamp of a file's first frame in replay mode


@dataclass(frozen=True)
class DemoSettings:
    """The user's settings."""

    model: str
    device: str = "cpu"
    preset: str | None = None
    blazepose_model: str = "auto"
    seconds: float = 10.0
    """How long to record a webcam."""
    one_process: bool = False
    """Whether detector and lifter share a process."""
    stall_timeout_s: float = 60.0
    """A run without progress for this long is given up."""


@dataclass(frozen=True)
class GraphRecording:
    """The recording of one run of the graph."""

    namespace: str
    records: Sequence[Any]
    """A sequence of `recorder.Record`."""
    images: dict[int, bytes]
    """JPEGs of a webcam by stamp."""
    start_ns: int | None
    """Stamp of the first frame, if it was set."""
    progress: "Progress"
    """How far the run came."""
    load: float = 0.0
    """Load average of the machine at its end: programs that ran or waited for a core, mean over the
    last minute."""


def record(source: DemoSource, settings: DemoSettings, logs: Path, replay: bool) -> GraphRecording:
    """Start the nodes, run the source through them, and stop them.

    Args:
        source: source of the images.
        settings: the user's settings.
        logs: folder for the nodes' logs.
        replay: whether to process every frame, however long it takes.

    Raises:
        DiffhpeError: a node does not start, or ends.
    """
    from diffhpe_ros.demo.recorder import Recorder

    mode = "replay" if replay else "live"
    namespace = f"demo_{os.getpid()}_{mode}"
    folder = make_folder(logs / mode)
    common: dict[str, Any] = {"autostart": True, "replay": replay}
    lifter = common | {
        "model": settings.model,
        "device": settings.device,
        "preset": settings.preset or "",
    }
    # One process with both nodes gets the parameters of both.
    detector = common | {"blazepose_model": settings.blazepose_model}
    detector |= window_rates(settings.model)
    two = {"detector": detector, "lifter": lifter}
    programs = {"pose_pipeline": lifter | detector} if settings.one_process else two
    source_parameters = _source_parameters(source, folder) | {"replay": replay}
    if replay:
        source_parameters["start_time_s"] = REPLAY_START_S
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder(namespace, keep_images=source.path is None))
        *others, video = processes = [
            stack.enter_context(NodeProcess(name, folder, parameters, namespace=namespace))
            for name, parameters in (programs | {"video_source": source_parameters}).items()
        ]
        for node in ("detector", "lifter"):
            recorder.wait_until_active(node, _check_all(others), START_SECONDS)
        recorder.start_source(video.name, video.check, video.last_log_line, START_SECONDS)
        progress = _watch(recorder, processes, source, settings, replay)
    start_ns = round(REPLAY_START_S * 1e9) if replay else None
    images, (load, *_) = recorder.images, os.getloadavg()
    return GraphRecording(namespace, recorder.records, images, start_ns, progress, load)


def _check_all(processes: Sequence[NodeProcess]) -> Callable[[], None]:
    def check() -> None:
        for process in processes:
            process.check()

    return check


def _watch(
    recorder: Any,
    nodes: Sequence[NodeProcess],
    source: DemoSource,
    settings: DemoSettings,
    replay: bool,
) -> "Progress":
    """Show progress until the run is complete, the webcam's time is over, or progress stops."""
    from diffhpe_ros.demo.progress import Monitor

    monitor = Monitor(recorder.namespace, replay)
    webcam_ends = time.monotonic() + settings.seconds
    mode = "replay" if replay else "live"
    with tqdm(total=source.frames, desc=mode, unit="frame", mininterval=0.5) as bar:
        while True:
            for node in nodes:
                node.check()
            progress = monitor.update(recorder.records)
            bar.update(recorder.count("camera_info") - bar.n)
            bar.set_postfix_str(f"{progress.windows_lifted} lifted", refresh=False)
            if progress.complete or monitor.idle_s > settings.stall_timeout_s:
                return progress
            if source.path is None and time.monotonic() > webcam_ends:
                time.sleep(DIAGNOSTICS_SECONDS)
                return replace(monitor.update(recorder.records), complete=True)
            time.sleep(0.1)


def _source_parameters(source: DemoSource, folder: Path) -> dict[str, Any]:
    """Parameters of the video_source node."""
    from diffhpe_ros.nodes.messages.camera_info import write_calibration

    if source.path is None:
        return {"camera": source.webcam}
    parameters = {"path": str(source.path.resolve())}
    if source.camera is not None:
        calibration = folder / "calibration.yaml"
        write_calibration(source.camera, calibration)
        parameters["calibration"] = str(calibration.resolve())
    return parameters


def prepare(device: str, *extras: str) -> None:
    """Check that the nodes can run, before anything imports rclpy; set DDS up for large images.

    Args:
        device: device of the lifter.
        extras: further required extras of setup.py.

    Raises:
        DiffhpeError: packages are missing; the message names all of them.
    """
    require("the demo", *extras, "ros", also=extras_to_lift(device))
    use_fastdds_profile(os.environ)
