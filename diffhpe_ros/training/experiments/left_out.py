"""Shares of true joints in the ellipsoids of people outside of the fit, as tables."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.calibration.calibrate import CALIBRATED_SIGMAS, Calibration
from diffhpe_ros.training.calibration.calibration_data import CONDITIONS, EVERY
from diffhpe_ros.training.calibration.coverage import nominal, person_weights
from diffhpe_ros.training.experiments.document import markdown_table

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_UNSEEN = list(VARIANCE_FEATURES).index("unseen")


def left_out_tables(calibration: Calibration) -> str:
    """By condition, by lag and by joint, in Markdown. Each person has the same weight."""
    squared, parts = calibration.left_out, _parts(calibration)
    weights = person_weights(calibration.measured.person)
    joints, frames = squared.shape[2], squared.shape[1]
    sigmas = [f"within {sigma:g} sigma, %" for sigma in CALIBRATED_SIGMAS]
    should = ["should be", *(f"{100 * nominal(sigma):.1f}" for sigma in CALIBRATED_SIGMAS)]
    worst = [f"worst joint, {sigma:g} sigma" for sigma in CALIBRATED_SIGMAS]
    by_part, by_lag, by_joint = [[*should, "", ""]], [should], [["should be", *should[1:] * 2]]
    for name, part in parts.items():
        shares = _shares(squared, part, weights)
        each = np.array([_shares(squared, part & _at(joints, j), weights) for j in range(joints)])
        by_part.append([name, *_percent(shares), *_worst(each)])
    shown = parts[CONDITIONS[0]]
    for frame in reversed(range(frames)):
        at = shown & _at(frames, frame)[:, None]
        by_lag.append([str(EVERY * (frames - 1 - frame)), *_percent(_shares(squared, at, weights))])
    for joint, name in enumerate(JOINTS[1:]):
        columns = [
            _shares(squared, part & _at(joints, joint), weights)
            for part in (shown, parts["unseen"])
        ]
        by_joint.append([name, *(cell for column in columns for cell in _percent(column))])
    both = [f"{what}, {sigma}" for what in (CONDITIONS[0], "unseen") for sigma in sigmas]
    return "\n\n".join(
        [
            markdown_table(["people left out", *sigmas, *worst], by_part),
            markdown_table(["lag", *sigmas], by_lag),
            markdown_table(["joint", *both], by_joint),
        ]
    )


def _parts(calibration: Calibration) -> Mapping[str, Mask]:
    """Name → (N, F, 16), which joints belong to a part."""
    measured = calibration.measured
    everything = np.ones(calibration.left_out.shape, bool)
    by_condition = {
        name: everything & (measured.condition == name)[:, None, None] for name in CONDITIONS
    }
    frames = calibration.left_out.shape[1]
    last = everything & _at(frames, frames - 1)[:, None]
    hidden = measured.signs[..., _UNSEEN] > 0
    return {
        **by_condition,
        "last frame": by_condition[CONDITIONS[0]] & last,
        "unseen": hidden & by_condition["with occlusions"],
    }


def _shares(squared: Array, part: Mask, weights: Array) -> list[float]:
    """Share of the part's joints within each number of sigmas; NaN where it has none."""
    of_joint = np.broadcast_to(weights[:, None, None], squared.shape)[part]
    with np.errstate(invalid="ignore"):
        return [
            float(((squared[part] <= sigma**2) * of_joint).sum() / of_joint.sum())
            for sigma in CALIBRATED_SIGMAS
        ]


def _worst(each: Array) -> list[str]:
    """For each number of sigmas, the joint whose share (16, 2) is farthest from nominal."""
    cells = []
    for column, sigma in zip(each.T, CALIBRATED_SIGMAS, strict=True):
        off = np.nan_to_num(column - nominal(sigma))
        joint = int(np.abs(off).argmax())
        cells.append(f"{JOINTS[1 + joint]} {100 * column[joint]:.1f}")
    return cells


def _percent(shares: list[float]) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def _at(length: int, index: int) -> Mask:
    return np.arange(length) == index
