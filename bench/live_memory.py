"""Memory of `PosePipeline` over hours of people at 30 images per second, played at full speed.

    python bench/live_memory.py --hours 4

Two people walk to and fro; each leaves, returns and gets a new id. Their keypoints are those of the
package's own clip with noise, so no time is spent on detection. Every image is tracked; one in
`--lift-every` is lifted by the real model.
"""

import gc
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection import People
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.pipeline import PosePipeline
from diffhpe_ros.pipeline.options import WindowOptions
from diffhpe_ros.rendering.clip import walking_clip

FPS = 30
STAY_S, AWAY_S = 50, 10
PEOPLE_APART = 2.0  # metres
NOISE_PX = 2.0


class Walkers:
    """A detector that returns the known keypoints of two people."""

    name, device = "walkers", "none"
    min_confidence, max_people = 0.3, 4

    def __init__(self) -> None:
        clip = walking_clip()
        there = clip.joints.astype(np.float64)
        path = np.concatenate([there, there[::-1]])
        mirrored = path * np.array([-1, 1, 1]) + np.array([PEOPLE_APART, 0, 3])
        people = [path + np.array([0, 0, 1]), mirrored]
        self._keypoints = [clip.camera.project(each).astype(np.float32) for each in people]
        self._chance = np.random.default_rng(0)
        self._count = 0

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        """The people of the next image."""
        second = self._count / FPS
        there = [
            keypoints[self._count % len(keypoints)]
            for number, keypoints in enumerate(self._keypoints)
            if (second + number * STAY_S / 2) % (STAY_S + AWAY_S) < STAY_S
        ]
        self._count += 1
        joints = np.array(there, np.float32).reshape(-1, 17, 2)
        joints += self._chance.normal(0, NOISE_PX, joints.shape).astype(np.float32)
        confidence = np.full(joints.shape[:2], 0.9, np.float32)
        return People(joints, confidence, np.full((*joints.shape, 2), np.nan, np.float32))

    def reset(self) -> None:
        """Do nothing, since there is no state."""


def own_mb() -> float:
    """Memory of this process only."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


@click.command()
@click.option("--hours", default=4.0, show_default=True)
@click.option("--lift-every", default=150, show_default=True, help="Images from lift to lift.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
def main(hours: float, lift_every: int, model: str) -> None:
    """Print memory over time, and its growth in the second half."""
    clip = walking_clip()
    lifter = Lifter.from_pretrained(model, decode="rigid")
    pipeline = PosePipeline(
        Walkers(),
        lifter,
        camera=clip.camera,
        windows=WindowOptions(stride=lift_every),
    )
    image = np.zeros((clip.camera.height, clip.camera.width, 3), np.uint8)
    total, lifted, ids = round(hours * 3600 * FPS), 0, set()
    seconds, memory = [], []
    for number in range(total):
        people = pipeline(image, stamp_ns=round(number * 1e9 / FPS))
        lifted += len(people)
        ids.update(people.track_ids)
        if number % (total // 20) == 0:
            seconds.append(number / FPS)
            memory.append(own_mb())
            print(f"{number / FPS / 3600:5.2f} h {memory[-1]:7.1f} MB", flush=True)
    half = len(seconds) // 2
    slope = 3600 * np.polyfit(seconds[half:], memory[half:], 1)[0]
    print(f"{len(ids)} tracks, {lifted} poses; second half {slope:+.2f} MB an hour")


if __name__ == "__main__":
    main()
