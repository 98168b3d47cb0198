"""Errors with a turning camera, with and without compensation, and the transforms it needs.

The input is the frozen test windows, seen by a camera that pans or tilts, which rotates their rays.
Compensated windows are rotated back with transforms as a robot sends them: sampled, noisy, late.
Errors are the MPJPE of the newest frame, mm.

The first table has constant speeds and exact transforms. In the second, the camera sways by 30
degrees to each side, at up to 120 degrees per second, and one property of the transforms is varied
at a time.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.metrics import joint_errors
from diffhpe_ros.nodes.transforms.buffer import TransformBuffer
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.ego_motion import rotated_to_newest, turn_rays
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows, read_windows
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.windows import FRAMES, RATE

Array = NDArray[np.float64]
SPEEDS = (0, 15, 30, 60, 120)
AXES = {"pan": (0.0, 1.0, 0.0), "tilt": (1.0, 0.0, 0.0), "roll": (0.0, 0.0, 1.0)}
"""Axes in the optical frame."""
OFFSETS_NS = np.rint(np.arange(1 - FRAMES, 1) * (1e9 / RATE)).astype(np.int64)
SWAY_DEG, SWAY_PER_S = 30.0, 4.0
"""Amplitude, and angular frequency, for at most 120 degrees per second."""
AT_ONCE = 64


@dataclass(frozen=True)
class Transforms:
    """How a robot sends its camera's orientation."""

    title: str
    rate: float = 100.0
    noise_deg: float = 0.0
    """Standard deviation of each sample."""
    delay_s: float = 0.0
    """Offset by which transforms' stamps are later than images' stamps of the same moment."""


SENT = (
    Transforms("exact, 200 Hz", rate=200),
    Transforms("50 Hz", rate=50),
    Transforms("20 Hz", rate=20),
    Transforms("10 Hz", rate=10),
    Transforms("noise of 0.1 degrees", noise_deg=0.1),
    Transforms("noise of 0.3 degrees", noise_deg=0.3),
    Transforms("noise of 1 degree", noise_deg=1.0),
    Transforms("5 ms late", delay_s=0.005),
    Transforms("10 ms late", delay_s=0.01),
    Transforms("20 ms late", delay_s=0.02),
    Transforms("50 ms late", delay_s=0.05),
)


def turned(degrees: Array, axis: tuple[float, float, float]) -> Array:
    """Rotations (..., 3, 3) about an axis."""
    vectors = np.radians(degrees)[..., None] * np.array(axis)
    return Rotation.from_rotvec(vectors.reshape(-1, 3)).as_matrix().reshape(*degrees.shape, 3, 3)


def seen_by(windows: LabelledWindows, orientation: Array) -> PeopleWindows:
    """The windows as seen by a camera with orientations (N, 27, 3, 3).

    The newest orientation is the recorded camera's, in whose frame the true poses are.
    """
    newest = orientation[:, -1:]
    back = np.swapaxes(orientation, -1, -2) @ newest
    unseen = (windows.x_2d == 0).all(-1)
    keypoints = np.where(unseen[..., None], np.nan, windows.x_2d)
    unknown = np.full((*unseen.shape, 2, 2), np.nan)
    keypoints, covariance = turn_rays(keypoints, unknown, back)
    return PeopleWindows(
        frame_id="camera",
        stamp_ns=0,
        track_ids=tuple(range(len(windows))),
        offsets_ns=np.tile(OFFSETS_NS, (len(windows), 1)),
        keypoints=keypoints,
        confidence=np.isfinite(keypoints[..., 0]).astype(np.float32),
        covariance=covariance,
    )


def known(windows: PeopleWindows, orientation: Array) -> PeopleWindows:
    """The windows with the stated camera motion."""
    motion = RigidTransform(orientation, np.zeros(orientation.shape[:-1]))
    return rotated_to_newest(PeopleWindows(**{**vars(windows), "motion": motion}))


def error_mm(lifter: Lifter, windows: PeopleWindows, truth: LabelledWindows) -> float:
    """MPJPE of the newest frame."""
    errors = [
        joint_errors(
            lifter.lift(np.nan_to_num(windows.keypoints[rows]), windows.confidence[rows]).poses[
                :, -1
            ],
            truth.poses[rows, -1],
        )
        for rows in (slice(k, k + AT_ONCE) for k in range(0, len(truth), AT_ONCE))
    ]
    return 1000 * float(np.concatenate(errors).mean())


def as_sent(
    sent: Transforms, degrees_at: Callable[[Array], Array], rng: np.random.Generator
) -> Array:
    """Orientations (27, 3, 3) as a lifter looks them up while the camera pans."""
    buffer = TransformBuffer()
    times = np.arange(-1.0, 0.5, 1 / sent.rate) + rng.uniform(0, 1 / sent.rate)
    noise = rng.normal(0, sent.noise_deg or 1e-12, (len(times), 3))
    exact = Rotation.from_rotvec(np.radians(degrees_at(times))[:, None] * np.array(AXES["pan"]))
    samples = (exact * Rotation.from_rotvec(np.radians(noise))).as_quat()
    for time_s, sample in zip(times, samples, strict=True):
        stamp_ns = round((time_s + sent.delay_s) * 1e9)
        buffer.add("odom", "camera", stamp_ns, (0.0, 0.0, 0.0), sample.tolist())
    return buffer.lookup("odom", "camera", OFFSETS_NS.tolist()).rotation


def of_speed(lifter: Lifter, windows: LabelledWindows) -> str:
    """The first table."""
    rows = []
    for name, axis in AXES.items():
        errors: dict[str, list[str]] = {name: [], f"{name}, compensated": []}
        for speed in SPEEDS:
            degrees = np.tile(speed * OFFSETS_NS / 1e9, (len(windows), 1))
            orientation = turned(degrees, axis)
            moved = seen_by(windows, orientation)
            for title, given in zip(errors, (moved, known(moved, orientation)), strict=True):
                errors[title].append(f"{error_mm(lifter, given, windows):.1f}")
        rows += [[title, *each] for title, each in errors.items()]
    return markdown_table(["degrees a second", *map(str, SPEEDS)], rows)


def of_transforms(lifter: Lifter, windows: LabelledWindows) -> str:
    """The second table."""
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, len(windows))

    def sway(phase: float) -> Callable[[Array], Array]:
        return lambda times: SWAY_DEG * np.sin(SWAY_PER_S * times + phase)

    exact = np.stack([turned(sway(phase)(OFFSETS_NS / 1e9), AXES["pan"]) for phase in phases])
    moved = seen_by(windows, exact)
    rows = [["not compensated", f"{error_mm(lifter, moved, windows):.1f}"]]
    for sent in SENT:
        said = np.stack([as_sent(sent, sway(phase), rng) for phase in phases])
        rows.append([sent.title, f"{error_mm(lifter, known(moved, said), windows):.1f}"])
    return markdown_table(["transforms", "error"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=Path, default=data_folder() / "mocap/cmu_test.npz")
    parser.add_argument("--every", type=int, default=4, help="use every n-th window")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    windows = read_windows(arguments.windows).every(arguments.every)
    lifter = Lifter.from_pretrained(arguments.model, decode="rigid")
    print(f"{len(windows)} windows, {arguments.model}\n")
    print(of_speed(lifter, windows), "\n", sep="")
    print(of_transforms(lifter, windows))


if __name__ == "__main__":
    main()
