"""Nodes that stall during a replay: the replay waits for them, or reports what is missing."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from diffhpe_ros.demo.recorder import Recorder
from diffhpe_ros.demo.recording import DemoSettings, GraphRecording, record
from diffhpe_ros.demo.run import write_results
from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.lifting import DEFAULT_MODEL

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(600)]  # of busy machines
LIFTED = 29
"""Windows of the short clip: its first 16 images fill the first one."""


def node_process(name: str) -> int:
    """Process id of this process's child that runs a node."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [pid for task in children for pid in task.read_text().split()]
    (found,) = (
        int(pid)
        for pid in pids
        if f"diffhpe_ros.nodes.{name}" in Path(f"/proc/{pid}/cmdline").read_text()
    )
    return found


@contextmanager
def stalled_in_replay(node: str, seconds: float | None) -> Iterator[None]:
    """Stop a node after its third message; let it continue after some seconds, or never."""
    topic = {"detector": "windows", "lifter": "joints"}[node]
    over = threading.Event()

    def stall() -> None:
        with Recorder(f"demo_{os.getpid()}_replay") as recorder:
            while recorder.count(topic) < 3:
                if over.wait(0.005):
                    return
        os.kill(process := node_process(node), signal.SIGSTOP)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(process, signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def count(recording: GraphRecording, topic: str) -> int:
    return sum(each.topic == topic for each in recording.records)


@pytest.mark.parametrize("node", [pytest.param("detector", marks=pytest.mark.long), "lifter"])
def test_replay_waits_for_a_node_that_stalls(
    node: str, short_clip: DemoSource, tmp_path: Path
) -> None:
    with stalled_in_replay(node, seconds=8.0):
        recording = record(short_clip, DemoSettings(DEFAULT_MODEL), tmp_path, replay=True)
    assert recording.progress.complete
    assert recording.progress.frames_processed == short_clip.frames
    assert count(recording, "joints") == recording.progress.windows_lifted == LIFTED


def test_part_is_not_reported_as_the_whole(
    short_clip: DemoSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = DemoSettings(DEFAULT_MODEL, stall_timeout_s=15.0)
    with stalled_in_replay("lifter", seconds=None):
        recording = record(short_clip, settings, tmp_path, replay=True)
    report = write_results(short_clip, tmp_path, settings, recording, shown=replace(recording))
    counts = report["runs"]["replay"]
    assert not report["complete"] and not counts["complete"]
    assert counts["frames_processed"] == counts["frames_sent"] == short_clip.frames
    assert 3 <= counts["windows_lifted"] < counts["windows_sent"] == LIFTED
    # The lifter may be stopped between the messages of one window.
    assert 0 <= report["frames_with_error"] - counts["windows_lifted"] <= 1
    shown = capsys.readouterr()
    assert "warning: the replay run is incomplete" in shown.err
    assert f"of {LIFTED} windows lifted" in shown.err
    (line,) = (line for line in shown.out.splitlines() if line.startswith("error"))
    assert "incomplete" in line
