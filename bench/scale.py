"""One lifter for many cameras: the number of people it lifts, and the effect of more processes.

    python bench/scale.py [--rounds 2] [--write]

One run makes three measurements. The first is lifting alone, by people, engine and threads, next to
the floor (the operations of the matrix products divided by the machine's rate in equally thin
products). The second is the stage that also localizes and smooths, by people and cameras. The third
is real nodes with cameras in their own processes on the loopback device. `--write` puts the tables
and the figure into docs/scale.md.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scale_graph import GraphRun, rates_mb_s, run_graph
from scale_people import NS, RATE_HZ, windows_of

from diffhpe_ros.benchmark.floors import giga_operations, matrix_rate
from diffhpe_ros.benchmark.times import in_turn
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, use_threads
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.training.experiments.document import markdown_table, write_section

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
PICTURE = PAGE.parent / "images" / "scale.png"
SHOWN = "![Milliseconds a person over the number of people in one batch](images/scale.png)"
PEOPLE = (1, 2, 4, 16, 64)
ENGINES = ("native", "folded")
IN_STAGE = (1, 4, 16, 64)
GRAPHS = ((1, 1), (4, 1), (4, 2))
"""Numbers of cameras with one person each, and of lifters that share them."""


# Lifting alone


@dataclass(frozen=True)
class Curve:
    """Times of one engine with a number of threads."""

    engine: str
    threads: int
    ms: tuple[float, ...]
    """Time of a batch for each number of people; the least of all rounds."""
    floor_ms: tuple[float, ...]
    """The same for the matrix products alone."""


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


# The page


def curves_table(curves: Sequence[Curve]) -> str:
    """Milliseconds per person, and the number of people lifted 30 times per second."""
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
    """Milliseconds per person by people and cameras."""
    rows = [
        [str(people), f"{times[people, 1] / people:.2f}", f"{times[people, people] / people:.2f}"]
        for people in IN_STAGE
    ]
    return markdown_table(["people", "all of one camera", "each of a camera of their own"], rows)


def graphs_table(runs: Sequence[GraphRun]) -> str:
    """Windows of several processes that arrive."""
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
    """Megabytes per second."""
    return markdown_table(
        ["topic", "MB/s"], [[name, f"{rate:.2f}"] for name, rate in rates.items()]
    )


def draw(curves: Sequence[Curve], times: dict[tuple[int, int], float], path: Path) -> None:
    """Draw milliseconds per person over the number of people."""
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
