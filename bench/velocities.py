"""Calibration of velocities, distances and obstacles, on people that were never trained on.

People of the motion capture walk in front of cameras with 30 images per second. A detector with
BlazePose's measured errors sees them, and the lifting stage computes what the lifter node
publishes. For a correct Gaussian ellipsoid, 19.9 % of the true values are within one sigma, and
73.9 % within two. `--fit` prints the constants of `pipeline.joint_velocity` that are most likely
for these people.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.geometry.capsules import Capsules, Closest, closest
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.body_capsules import body_capsules
from diffhpe_ros.pipeline.joint_velocity import rms_speed
from diffhpe_ros.pipeline.nearest import SIGMAS_95
from diffhpe_ros.pipeline.options import OutputOptions
from diffhpe_ros.pipeline.output_smoothing import OutputSmoothing
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows
from diffhpe_ros.pipeline.root_localizer import RootLocalizer
from diffhpe_ros.skeleton import HIP, JOINTS, MIRRORED
from diffhpe_ros.training.calibration.coverage import squared_sigmas
from diffhpe_ros.training.datasets.mocap import (
    TEST_SUBJECTS,
    VALIDATION_PEOPLE,
    VALIDATION_SUBJECTS,
)
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.training.synthesis.synthetic_streams import SyntheticStream, read_streams

Array = NDArray[np.float64]
SUBJECTS = {"test": TEST_SUBJECTS, "validation": VALIDATION_SUBJECTS | VALIDATION_PEOPLE}
HALF_NS = 20_000_000
"""True velocities are measured between the motion capture frames this far before and after."""
SPEEDS = (0.0, 0.1, 0.3, 0.8, 1.5, np.inf)
HORIZON_S, SIGMA = 0.5, 2.0
DIRECTIONS = 300
CAMERA = np.zeros(3)
FREEDOM = 4.0
"""Degrees of freedom of Student's t, which the fit assumes, since errors have heavy tails."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One window of one person as published, with the truth."""

    people: LiftedPeople
    truth: Array  # (17, 3) m
    later: Array  # (17, 3) m, after the horizon
    velocity: Array  # (17, 3) m/s, true
    rms_speed: Array  # (17,) m/s


def watch(lifter: Lifter, track: SyntheticStream) -> Iterator[Shown]:
    """All windows of a track in which the person's position is known."""
    stream, localizer, smoothing = (
        lifter.stream(), RootLocalizer(), OutputSmoothing(OutputOptions())
    )  # fmt: skip
    for window in track.windows(lifter.config):
        windows = PeopleWindows(
            "camera", window.stamp_ns, (0,), window.offsets_ns[None], window.keypoints[None],
            window.confidence[None], window.covariance[None],
        )  # fmt: skip
        lifted = stream.lift(
            np.nan_to_num(windows.keypoints), [(track.name, 0)], [window.stamp_ns],
            windows.confidence, windows.covariance,
        )  # fmt: skip
        people = smoothing.smooth(localizer.localize(windows, lifted))
        moments = people.stamp_ns + np.array([0, round(HORIZON_S * 1e9), -HALF_NS, HALF_NS])
        truth, later, before, after = track.joints_at(moments)
        if people.located[0] and moments.max() <= track.end_ns:
            speed = rms_speed(windows.offsets_ns / 1e9, lifted.poses)[0]
            yield Shown(people, truth, later, (after - before) / (2e-9 * HALF_NS), speed)


def relative(velocity: Array) -> Array:
    """Velocities (..., 17, 3) as in their covariances: the Hip's, and others relative to it."""
    moved = velocity - velocity[..., [HIP], :]
    moved[..., HIP, :] = velocity[..., HIP, :]
    return moved


def within(errors: Array, covariance: Array) -> list[str]:
    squared = squared_sigmas(errors, covariance)
    return [f"{100 * (squared <= k**2).mean():.1f}" for k in (1, 2)]


def velocity_table(shown: list[Shown]) -> str:
    """Errors and coverage of velocities: Hip, joints relative to it, and joints in the frame."""
    found = np.array([each.people.velocity[0] for each in shown], np.float64)
    true = np.array([each.velocity for each in shown])
    covariance = np.array([each.people.velocity_covariance[0] for each in shown], np.float64)
    errors, fast = relative(found) - relative(true), np.linalg.norm(relative(found), axis=-1)
    others, total = slice(HIP + 1, None), covariance[:, HIP + 1 :] + covariance[:, [HIP]]
    rows = [
        _row("Hip", errors[:, HIP], relative(true)[:, HIP], covariance[:, HIP]),
        _row("others, relative to the Hip", errors[:, others], relative(true)[:, others],
             covariance[:, others]),
        _row("others", (found - true)[:, others], true[:, others], total),
    ]  # fmt: skip
    for low, high in pairwise(SPEEDS):
        rows_of = (fast >= low) & (fast < high)
        rows_of[:, HIP] = False
        name = f"relative, found to be {low:g} to {high:g} m/s"
        rows.append(_row(name, errors[rows_of], relative(true)[rows_of], covariance[rows_of]))
    for joint in range(HIP + 1, len(JOINTS)):
        rows.append(
            _row(JOINTS[joint], errors[:, joint], relative(true)[:, joint], covariance[:, joint])
        )
    header = ["velocity of", "true, median, m/s", "error, median", "within 1 sigma, %", "2"]
    return markdown_table(header, rows)


def _row(name: str, errors: Array, true: Array, covariance: Array) -> list[str]:
    speeds = [f"{np.median(np.linalg.norm(each, axis=-1)):.2f}" for each in (true, errors)]
    return [name, *speeds, *within(errors, covariance)]


def clearance_table(shown: list[Shown]) -> str:
    """How often the stated bounds of distances and obstacles hold."""
    off, now, later = [], [], []
    for each in shown:
        body = body_capsules(each.people, 0)
        real = _nearest(each.truth, each).distance
        off.append(abs(real - closest(body, CAMERA, 0.0).distance) / real)
        now.append(contains(body, each.truth))
        later.append(contains(body.moved_on(HORIZON_S), each.later))
    above = is_above(shown, SIGMAS_95)
    return markdown_table(
        ["what", "share or size"],
        [
            ["true distance above `distance_95`", f"{100 * np.mean(above):.1f} %"],
            ["error of `distance`, median", f"{100 * np.median(off):.1f} % of the distance"],
            [f"true joints within `obstacles`, {SIGMA:g} sigma", f"{100 * np.mean(now):.1f} %"],
            [f"the same {HORIZON_S:g} s later", f"{100 * np.mean(later):.1f} %"],
        ],
    )


def is_above(shown: list[Shown], sigmas: float) -> list[bool]:
    """Whether the true distance exceeds the stated one minus a number of sigmas."""
    return [
        _nearest(each.truth, each).distance
        >= closest(body_capsules(each.people, 0), CAMERA, sigmas).lower_bound
        for each in shown
    ]


def _nearest(truth: Array, shown: Shown) -> Closest:
    """The point of the true body that is nearest to the camera."""
    people = replace(shown.people, joints=truth[None].astype(np.float32))
    return closest(body_capsules(people, 0), CAMERA, 0.0)


def contains(body: Capsules, points: Array) -> NDArray[np.bool_]:
    """Whether points (N, 3) are in any of the inflated capsules, which are convex."""
    normals = np.random.default_rng(0).normal(size=(DIRECTIONS, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    deviation = np.sqrt(np.einsum("di,keij,dj->ked", normals, body.covariance, normals))
    support = (body.ends @ normals.T + SIGMA * deviation).max(1) + body.radius[:, None]
    inside = (points @ normals.T <= support[:, None]).all(-1)  # (K, N)
    return np.asarray(inside.any(0))


def fit(shown: list[Shown]) -> None:
    """Print the most likely constants."""
    errors = np.array([relative(s.people.velocity[0] - s.velocity)[1:] for s in shown], np.float64)
    position = np.array([each.people.covariance[0, 1:] for each in shown], np.float64)
    speed = np.array([each.rms_speed[1:] for each in shown])
    root = np.array([each.people.joints[0, HIP] for each in shown], np.float64)
    sight = root / np.linalg.norm(root, axis=-1, keepdims=True)
    along = torch.from_numpy(sight[:, None, :, None] * sight[:, None, None, :])
    errors_, position_, speed_ = (torch.from_numpy(each) for each in (errors, position, speed))
    logs = torch.zeros(18, dtype=torch.float64, requires_grad=True)
    mirrored = [MIRRORED[joint] - 1 for joint in range(1, 17)]

    def covariance() -> Tensor:
        rate = ((logs[:16] + logs[mirrored]) / 2).exp()[:, None, None]
        across, ahead = (2 * logs[16:]).exp()
        turned = across * (torch.eye(3) - along) + ahead * along
        return rate**2 * position_ + speed_[..., None, None] ** 2 * turned

    optimizer = torch.optim.LBFGS([logs], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        root = torch.linalg.cholesky(covariance())
        solved = torch.linalg.solve_triangular(root, errors_[..., None], upper=False)[..., 0]
        size = root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        surprise = 0.5 * (FREEDOM + 3) * torch.log1p((solved**2).sum(-1) / FREEDOM)
        loss: Tensor = (size + surprise).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        rate = ((logs[:16] + logs[mirrored]) / 2).exp()
        print("error rate, 1/s:", [0.0, *(round(float(each), 2) for each in rate)])
        print("of the speed across and along:", [round(float(x), 3) for x in logs[16:].exp()])
        squared = squared_sigmas(errors, covariance().numpy())
    for sigmas in (SIGMAS_95, 1.8, 2.0, 2.2, 2.4, 2.6):
        print(f"  distance less {sigmas:g} sigma: {100 * np.mean(is_above(shown, sigmas)):.1f} %")
    for scale in (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3):
        shares = [f"{100 * (squared <= (k * scale) ** 2).mean():.1f} %" for k in (1, 2)]
        print(f"  times {scale:g}: within 1 sigma {shares[0]}, within 2 {shares[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--mocap", type=Path, nargs="+", default=[data_folder() / "mocap/cmu_h36m17_50hz.npz"],
        help="files with the people; those of validation are in several",
    )  # fmt: skip
    parser.add_argument("--split", choices=SUBJECTS, default="test")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each motion at most")
    parser.add_argument("--max-takes", type=int, default=40, help="motions of each file at most")
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    lifter = Lifter.from_pretrained(arguments.model, decode="rigid")
    shown: list[Shown] = []
    for path in arguments.mocap:
        tracks = read_streams(path, SUBJECTS[arguments.split], seconds=arguments.seconds)
        for track in tracks[:: max(1, len(tracks) // arguments.max_takes)]:
            shown += watch(lifter, track)
    print(f"{arguments.split}: {len(shown)} windows\n")
    print(velocity_table(shown), end="\n\n")
    print(clearance_table(shown))
    if arguments.fit:
        print()
        fit(shown)


if __name__ == "__main__":
    main()
