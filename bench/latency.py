"""Time from image stamp to marker on the live graph with the embedded clip, default settings.

With --size and --rate the clip is enlarged and shown at another rate. If the graph keeps up, the
times in the last third are not longer than in the first: nothing queues.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from clip_sizes import clip_source, size
from numpy.typing import NDArray

from diffhpe_ros.demo import DemoSettings, embedded_clip, run_live
from diffhpe_ros.demo.report import live_figures
from diffhpe_ros.lifting import DEFAULT_MODEL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--preset", default=None)
    parser.add_argument("--one-process", action="store_true", help="detector and lifter share one")
    parser.add_argument("--size", type=size, help="WIDTHxHEIGHT instead of 640x480")
    parser.add_argument("--rate", type=float, default=30.0, help="images a second")
    arguments = parser.parse_args()
    settings = DemoSettings(
        arguments.model, preset=arguments.preset, one_process=arguments.one_process
    )
    before = cpu_ticks()
    with tempfile.TemporaryDirectory() as folder:
        source = embedded_clip()
        if arguments.size or arguments.rate != source.fps:
            source = clip_source(Path(folder), *(arguments.size or (640, 480)), arguments.rate)
        results = run_live(source, Path(folder), settings)
    stolen, ticks = cpu_ticks() - before
    figures = live_figures(results)
    detector = results.diagnostics["detector"]
    print(f"frames in {figures['frames_in']}, dropped {figures['frames_dropped']};"
          f" windows lifted {figures['windows_lifted']}")  # fmt: skip
    for name, times in (("image stamp to marker", figures["latency_ms"]),
                        ("of it, lifting", figures["lift_ms"])):  # fmt: skip
        print(f"{name:24}", ", ".join(f"{key} {value:.1f} ms" for key, value in times.items()))
    thirds = np.array_split(results.latency_ms, 3)
    print(f"{'p50 by thirds of the run':24}",
          ", ".join(f"{np.median(third):.1f} ms" for third in thirds if len(third)))  # fmt: skip
    print(f"{'of it, detection':24} p50 {float(detector['detect_ms_p50']):.1f} ms,"
          f" p95 {float(detector['detect_ms_p95']):.1f} ms")  # fmt: skip
    print(f"CPU time that the host gave to others: {100 * stolen / ticks:.0f} %")


def cpu_ticks() -> NDArray[np.int64]:
    """CPU ticks so far: those that a virtual machine's host stole, and all."""
    with Path("/proc/stat").open() as file:
        spent = np.array(file.readline().split()[1:9], np.int64)  # these include the other columns
    return np.array([spent[7], spent.sum()])


if __name__ == "__main__":
    main()
