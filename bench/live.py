"""MPJPE and jitter of live results: plain, blended, smoothed and delayed, for each model.

With --rates it instead measures the newest frame of windows of several lengths, at the same images.

Jitter is the acceleration error of VIBE (Kocabas et al., CVPR 2020), in mm per frame²; see
`metrics.acceleration_errors`.

People of the held-out motion capture walk in front of cameras with 30 images per second. A detector
with BlazePose's measured errors sees them. Windows overlap as in the live graph.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from validation_people import files

from diffhpe_ros.lifting import Lifter
from diffhpe_ros.metrics import acceleration_errors, joint_errors
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.output_smoothing import TrackSmoother
from diffhpe_ros.training.datasets.mocap import (
    TEST_SUBJECTS,
    VALIDATION_PEOPLE,
    VALIDATION_SUBJECTS,
)
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.training.synthesis.synthetic_streams import SyntheticStream, read_streams
from diffhpe_ros.windows import FRAMES, Window

MODELS = ("mixste", "diffhpe-wrapper-robust")
SPLITS = {"test": TEST_SUBJECTS, "validation": VALIDATION_SUBJECTS, "people": VALIDATION_PEOPLE}
WINDOWS_AT_ONCE = 32


@dataclass(frozen=True)
class Way:
    """How results are published; the lifter node's parameters."""

    title: str
    lag: int = 0
    blend_s: float = 0.0
    min_cutoff: float = 0.0
    beta: float = 0.0


WAYS = (
    Way("newest frame as it is"),
    Way("blended, 0.02 s", blend_s=0.02),
    Way("blended, 0.04 s (default)", blend_s=0.04),
    Way("blended, 0.1 s", blend_s=0.1),
    Way("One-Euro 3 Hz, 10", min_cutoff=3.0, beta=10.0),
    Way("One-Euro 3 Hz, 5", min_cutoff=3.0, beta=5.0),
    Way("blended, 0.04 s, and One-Euro 3 Hz, 10", blend_s=0.04, min_cutoff=3.0, beta=10.0),
    Way("lag 2", 2),
    Way("lag 2, blended, 0.04 s", 2, 0.04),
    Way("lag 3, blended, 0.1 s", 3, 0.1),
)
LAGS = tuple(Way(str(lag), lag) for lag in range(14))


@dataclass(frozen=True)
class LiftedTrack:
    """A track and a model's results for its N windows."""

    track: SyntheticStream
    times_ns: NDArray[np.int64]  # (N, 27)
    poses: NDArray[np.float32]  # (N, 27, 17, 3)


def lift(lifter: Lifter, track: SyntheticStream) -> LiftedTrack:
    return lift_windows(lifter, track, list(track.windows(lifter.config)))


def lift_windows(lifter: Lifter, track: SyntheticStream, windows: list[Window]) -> LiftedTrack:
    seen = np.nan_to_num(np.stack([window.keypoints for window in windows]))
    stamps = [window.stamp_ns for window in windows]
    stream = lifter.stream()
    parts = [
        stream.lift(seen[rows], [(track.name, 0)] * len(seen[rows]), stamps[rows]).poses
        for rows in (slice(k, k + WINDOWS_AT_ONCE) for k in range(0, len(windows), WINDOWS_AT_ONCE))
    ]
    times = np.stack([window.stamp_ns + window.offsets_ns for window in windows])
    return LiftedTrack(track, times, np.concatenate(parts))


def figures(way: Way, tracks: Sequence[LiftedTrack]) -> list[str]:
    """MPJPE and jitter over all tracks, mm and mm/frame²."""
    errors, jitter = [], []
    for lifted in tracks:
        steady, frame = TrackSmoother(way.blend_s, way.min_cutoff, way.beta), -1 - way.lag
        shown = np.stack(
            [
                steady(times, poses, frame, np.zeros(3))
                for times, poses in zip(lifted.times_ns, lifted.poses, strict=True)
            ]
        )
        truth = lifted.track.truth_at(lifted.times_ns[:, frame])
        errors.append(joint_errors(shown, truth).mean(1))
        jitter.append(acceleration_errors(shown, truth).mean(1))
    return [f"{1000 * np.concatenate(each).mean():.1f}" for each in (errors, jitter)]


def table(
    first: str, ways: Sequence[Way], models: Sequence[str], lifted: list[list[LiftedTrack]]
) -> str:
    header = [first]
    for model in models:
        header += [f"`{model}`: MPJPE", "jitter"]
    rows = [
        [way.title, *(figure for tracks in lifted for figure in figures(way, tracks))]
        for way in ways
    ]
    return markdown_table(header, rows)


def by_rate(model: str, rates: Sequence[float], tracks: Sequence[SyntheticStream]) -> str:
    """A table of windows at several rates, for images at which all rates have a window."""
    lifter = Lifter.from_pretrained(model, decode="rigid")
    lifted: dict[float, list[LiftedTrack]] = {rate: [] for rate in rates}
    for track in tracks:
        windows = {
            rate: list(track.windows(replace(lifter.config, rate=rate, first_rate=None)))
            for rate in rates
        }
        last = max((each[0].stamp_ns for each in windows.values() if each), default=0)
        if all(windows.values()):
            for rate, each in windows.items():
                common = [window for window in each if window.stamp_ns >= last]
                lifted[rate].append(lift_windows(lifter, track, common))
    rows = [
        [f"{rate:g}", f"{(FRAMES - 1) / rate:.2f}"]
        + [figure for way in (WAYS[0], WAYS[2]) for figure in figures(way, lifted[rate])]
        for rate in rates
    ]
    count = sum(len(each.poses) for each in lifted[rates[0]])
    header = ["frames a second", "seconds", "MPJPE", "jitter", "blended: MPJPE", "jitter"]
    return f"{len(lifted[rates[0]])} motions, {count} windows\n\n{markdown_table(header, rows)}"


def streams(split: str, seconds: float, most: int) -> list[SyntheticStream]:
    """Streams of people's motions; the second validation's are in several files."""
    first = data_folder() / "mocap/cmu_h36m17_50hz.npz"
    motion = list(files()[0]) if split == "people" else [first]
    found = [read_streams(path, SPLITS[split], seconds=seconds) for path in motion]
    return [track for each in found for track in each[:: max(1, len(each) // most)]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--max-takes", type=int, default=100, help="motions of each file at most")
    parser.add_argument("--rates", type=float, nargs="+", help="frames a second of the windows")
    parser.add_argument("--model", nargs="+", default=MODELS)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each motion at most")
    arguments = parser.parse_args()
    tracks = streams(arguments.split, arguments.seconds, arguments.max_takes)
    if arguments.rates:
        for model in arguments.model:
            print(f"{model}, {arguments.split}: {by_rate(model, arguments.rates, tracks)}\n")
        return
    lifted = [
        [lift(lifter, track) for track in tracks]
        for lifter in (Lifter.from_pretrained(each, decode="rigid") for each in arguments.model)
    ]
    windows = sum(len(each.poses) for each in lifted[0])
    print(f"{arguments.split}: {len(tracks)} motions, {windows} windows\n")
    print(table("shown", WAYS, arguments.model, lifted), end="\n\n")
    print(table("lag, frames", LAGS, arguments.model, lifted))


if __name__ == "__main__":
    main()
