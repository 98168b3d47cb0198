"""Memory, threads and open files of the live graph over minutes or hours at 30 images/s."""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diffhpe_ros.demo.graph import NodeProcess
from diffhpe_ros.demo.recording import prepare
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.rendering.clip import walking_clip

if TYPE_CHECKING:
    from diffhpe_ros.demo.recorder import Record

NAMESPACE = "soak"
DONE = {"video_source": "published", "detector": "processed", "lifter": "lifted"}
"""The counter in each node's diagnostics."""
SETTLED = 0.5  # of the run: buffers and caches fill before


@dataclass(frozen=True)
class Sample:
    """One process's resources at one time."""

    seconds: float
    own_mb: float
    """Private memory (RssAnon)."""
    rss_mb: float
    """Including the touched parts of libraries and of Fast DDS's shared memory."""
    threads: int
    files: int


def take_sample(pid: int, seconds: float) -> Sample:
    """Read a process's resources from /proc."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    own_mb, rss_mb = (int(status[key].split()[0]) / 1024 for key in ("RssAnon", "VmRSS"))
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(seconds, own_mb, rss_mb, int(status["Threads"]), files)


def soak(seconds: float, every_s: float, model: str, folder: Path) -> dict[str, list[Sample]]:
    """Run detector, lifter and a looping video; samples by node, starting with the first joints."""
    prepare("cpu")
    from diffhpe_ros.demo.recorder import Recorder

    parameters = {
        "lifter": {"model": model, "device": "cpu"},
        "detector": {},
        "video_source": {"path": str(walking_clip().video_path), "loop": True},
    }
    samples: dict[str, list[Sample]] = {name: [] for name in parameters}
    done: dict[str, str] = {}
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder(NAMESPACE))
        nodes = []
        for name, own in parameters.items():
            values = {"autostart": True, **own}
            node = NodeProcess(name, folder, values, namespace=NAMESPACE)
            nodes.append(stack.enter_context(node))
            recorder.wait_until_active(name, nodes[-1].check, timeout_s=120)
        while not recorder.count("joints"):
            nodes[0].check()
            time.sleep(0.1)
        begin = time.monotonic()
        while (now := time.monotonic() - begin) < seconds:
            for node in nodes:
                node.check()
                samples[node.name].append(take_sample(node.pid, now))
            done |= work_done(recorder.records)
            recorder.records.clear()
            report(samples, done)
            time.sleep(every_s)
    return samples


def work_done(records: "Sequence[Record]") -> dict[str, str]:
    """The latest count of processed images or windows, by node."""
    statuses = [
        status
        for record in list(records)
        if record.topic == "/diagnostics"
        for status in record.message().status
    ]
    return {
        name: pair.value
        for status in statuses
        for name, key in DONE.items()
        for pair in status.values
        if status.name == f"{NAMESPACE}/{name}" and pair.key == key
    }


def report(samples: dict[str, list[Sample]], done: dict[str, str]) -> None:
    """Print one line with the latest samples and the counts until then."""
    seconds = next(iter(samples.values()))[-1].seconds
    each = "   ".join(
        f"{name} {DONE[name]} {done.get(name, 0)}, {own[-1].own_mb:.1f} MB,"
        f" {own[-1].threads} threads, {own[-1].files} files"
        for name, own in samples.items()
    )
    print(f"{seconds:7.0f} s   {each}", flush=True)


def growth_mb_per_hour(samples: list[Sample]) -> float:
    """Slope of a node's private memory in the second half, by least squares."""
    late = settled(samples)
    seconds = [each.seconds for each in late]
    return float(3600 * np.polyfit(seconds, [each.own_mb for each in late], 1)[0])


def settled(samples: list[Sample]) -> list[Sample]:
    """The samples of the second half."""
    return [each for each in samples if each.seconds >= SETTLED * samples[-1].seconds]


def summary(samples: list[Sample]) -> str:
    """First and last memory, and the changes in the second half."""
    threads, files = (
        [getattr(each, of) for each in settled(samples)] for of in ("threads", "files")
    )
    return (
        f"{samples[0].own_mb:.1f} → {samples[-1].own_mb:.1f} MB,"
        f" second half {growth_mb_per_hour(samples):+.1f} MB/h;"
        f" threads {min(threads)}-{max(threads)}, files {min(files)}-{max(files)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between samples")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--json", type=Path, help="write the samples here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples = soak(60 * arguments.minutes, arguments.every, arguments.model, Path(folder))
    for name, own in samples.items():
        print(f"{name:13} {summary(own)}")
    if arguments.json is not None:
        written = {name: [asdict(each) for each in own] for name, own in samples.items()}
        arguments.json.write_text(json.dumps(written))


if __name__ == "__main__":
    main()
