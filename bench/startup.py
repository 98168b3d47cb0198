"""Time from the start to the first skeleton: python bench/startup.py.

It repeatedly starts detector, lifter and video source as processes with the package's own clip.
Wall time depends on what else runs on the machine; each process's CPU time up to the first skeleton
hardly does. The least of all runs is reported, which is closest to an idle machine. The last lines
are for a process that imports the lifter, loads the default model and lifts a window. The native
engine needs no torch; all others import it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from diffhpe_ros.demo.graph import NodeProcess
from diffhpe_ros.demo.recording import START_SECONDS, prepare
from diffhpe_ros.rendering.clip import walking_clip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--one-process", action="store_true")
    options.add_argument("--engine", default="auto", help="of a lifter in its own process")
    given = options.parse_args()
    prepare("cpu")
    runs = [
        measure(given.one_process, given.engine, run) | measure_library(given.engine)
        for run in range(given.runs)
    ]
    for name in runs[0]:
        print(f"{name:<20} {min(run[name] for run in runs):6.2f}")


def measure(one_process: bool, engine: str, run: int) -> dict[str, float]:
    """Seconds to the first skeleton: wall time, and each process's CPU time."""
    from diffhpe_ros.demo.recorder import Recorder

    source = {"path": str(walking_clip().video_path), "loop": True, "wait_s": START_SECONDS}
    models: dict[str, dict[str, str]] = {"lifter": {"engine": engine}, "detector": {}}
    if one_process:
        models = {"pose_pipeline": {}}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        namespace = f"startup_{os.getpid()}_{run}"
        recorder = stack.enter_context(Recorder(namespace))
        begin = time.perf_counter()
        nodes = [
            stack.enter_context(
                NodeProcess(name, Path(folder), {"autostart": True} | own, namespace=namespace)
            )
            for name, own in {**models, "video_source": source}.items()
        ]
        wait_for_skeleton(recorder, nodes)
        seconds = {"first skeleton, s": time.perf_counter() - begin}
        return seconds | {f"CPU of {node.name}, s": cpu_s(node.pid) for node in nodes}


LIFT = """
import sys, time
import numpy as np
from pathlib import Path
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
lifter = Lifter.from_pretrained(DEFAULT_MODEL, engine=sys.argv[1])
lifter.lift(np.full((1, 27, 17, 2), 0.1))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(time.process_time(), int(status["VmRSS"].split()[0]) / 1000)
"""


def measure_library(engine: str) -> dict[str, float]:
    """CPU time and memory of a process that lifts one window."""
    done = subprocess.run(
        [sys.executable, "-c", LIFT, engine], check=True, capture_output=True, text=True
    )
    seconds, megabytes = map(float, done.stdout.split())
    return {"CPU of one lift, s": seconds, "its memory, MB": megabytes}


def wait_for_skeleton(recorder: Any, nodes: Sequence[NodeProcess]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not recorder.count("skeletons"):
        for node in nodes:
            node.check()
        if time.monotonic() > give_up:
            raise SystemExit(f"no skeleton within {START_SECONDS:.0f} s")
        time.sleep(0.01)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, in user code and in the kernel."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
