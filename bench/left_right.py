"""Correction of swapped sides on real motion: no false swaps, and inserted swaps undone.

The input is motion-capture clips of 4 s, seen by a virtual camera at 25 images per second, with a
detector's noise of 1 % of the person's height, half of it smooth. People dance, jump, turn around
and cross their legs.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.io import read_npz
from diffhpe_ros.left_right import LeftRight, exchange
from diffhpe_ros.paths import data_folder
from diffhpe_ros.rendering.body import turn
from diffhpe_ros.skeleton import HIP, NUM_JOINTS

MOCAP_HZ, STEP, SECONDS = 50, 2, 4
DISTANCE_M, NEAREST_M = (3.0, 6.0), 1.0
NOISE, LAG = 0.006, 0.9
CONFUSIONS = {
    "none": exchange(False, False),
    "legs": exchange(True, False),
    "arms": exchange(False, True),
    "whole body": exchange(True, True),
}
CONFUSED = slice(40, 50)  # of 100 frames


def clips(mocap: Path, count: int, rng: np.random.Generator) -> Iterator[NDArray[Any]]:
    """Keypoints (frames, 17, 2) of random clips."""
    arrays = read_npz(mocap, ("positions", "offsets"))
    offsets, length = arrays["offsets"], SECONDS * MOCAP_HZ
    camera = Camera.from_field_of_view(640, 480)
    optical = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    found = 0
    while found < count:
        sequence = rng.integers(len(offsets) - 1)
        begin, end = offsets[sequence : sequence + 2]
        if end - begin < length:
            continue
        start = rng.integers(begin, end - length + 1)
        motion = arrays["positions"][start : start + length : STEP].astype(np.float64)
        motion -= motion[:, HIP].mean(0)
        facing = motion @ turn(rng.uniform(0, 2 * np.pi)).T
        joints = facing @ optical.T + np.array([0, 0, rng.uniform(*DISTANCE_M)])
        if joints[..., 2].min() > NEAREST_M:
            found += 1
            yield noisy(camera.project(joints), rng)


def noisy(keypoints: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """The keypoints with white noise and equal noise that is correlated over time."""
    white, smooth = rng.normal(size=(2, *keypoints.shape))
    for frame in range(1, len(smooth)):
        smooth[frame] = LAG * smooth[frame - 1] + np.sqrt(1 - LAG**2) * smooth[frame]
    height = np.median(np.ptp(keypoints[..., 1], axis=1))
    return keypoints + NOISE * height * (white + smooth)


def orders(keypoints: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The joints' orders (frames, 17) as first published, and as finally known."""
    left_right = LeftRight()
    stamps = [round(frame * STEP / MOCAP_HZ * 1e9) for frame in range(len(keypoints))]
    first = np.tile(np.arange(NUM_JOINTS), (len(keypoints), 1))
    last = first.copy()
    for frame, (stamp_ns, seen) in enumerate(zip(stamps, keypoints, strict=True)):
        for at_ns, order in left_right.update(stamp_ns, seen).items():
            at = stamps.index(at_ns)
            last[at] = last[at][order]
        first[frame] = last[frame]
    return first, last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = data_folder() / "mocap" / "cmu_h36m17_50hz.npz"
    parser.add_argument("mocap", type=Path, nargs="?", default=default)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    keypoints = list(clips(arguments.mocap, arguments.clips, rng))
    print("| confused for 0.4 s | wrong frames at first, % | in the end, % | clips with one |")
    print("| --- | ---: | ---: | ---: |")
    for name, order in CONFUSIONS.items():
        wrong = []
        for clip in keypoints:
            truth = np.tile(np.arange(NUM_JOINTS), (len(clip), 1))
            truth[CONFUSED] = order
            seen = np.take_along_axis(clip, truth[..., None], 1)
            wrong.append([(found != truth).any(-1) for found in orders(seen)])
        first, last = np.moveaxis(np.array(wrong), 1, 0)
        cells = 100 * first.mean(), 100 * last.mean()
        print(f"| {name} | {cells[0]:.2f} | {cells[1]:.2f} | {last.any(-1).sum()} of {len(last)} |")


if __name__ == "__main__":
    main()
