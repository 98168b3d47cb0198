"""Shares of true joints in the ellipsoids of people outside of the fit, as tables."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.calibration.calibrate import Calibration
from diffhpe_ros.training.calibration.coverage import nominal, person_weights
from diffhpe_ros.training.calibration.held_out import CALIBRATED_SIGMAS
from diffhpe_ros.training.calibration.measured_errors import CONDITIONS, LAGS
from diffhpe_ros.training.datasets.mocap import VALIDATION_PEOPLE, VALIDATION_SUBJECTS
from diffhpe_ros.training.experiments.document import markdown_table

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TOLERANCE = 0.05
"""Shares are to be this near to nominal."""
DRAWS = 2000
"""Of people, for the intervals of 95 %."""
_LEVELS = np.array([nominal(sigma) for sigma in CALIBRATED_SIGMAS])
_UNSEEN, _NOISE = (list(VARIANCE_FEATURES).index(name) for name in ("unseen", "keypoint_noise"))
_GUESSED = 0.1
"""Keypoint noise (a logarithm) from which a joint counts as guessed."""
_LIVE = {"last frame": 0, "lag 3": 3}
"""Frames that live runs publish."""


@dataclass(frozen=True)
class Shares:
    """Shares of the joints of a part within 1 and 2 sigma, of all people alike."""

    name: str
    every: Array
    """(2,), of all joints together."""
    each: Array
    """(16, 2); NaN of joints that the part does not have."""
    low: Array
    """(16, 2), intervals of 95 % over people."""
    high: Array

    @property
    def outside(self) -> Mask:
        """(16, 2), where a share is not within the tolerance."""
        return np.abs(self.each - _LEVELS) > TOLERANCE

    @property
    def surely_outside(self) -> Mask:
        """(16, 2), where the whole interval is not."""
        return (self.low > _LEVELS + TOLERANCE) | (self.high < _LEVELS - TOLERANCE)

    def cell(self, joint: int, column: int) -> str:
        """Name, share and interval of a joint, in %."""
        share, low, high = (100 * x[joint, column] for x in (self.each, self.low, self.high))
        return f"{JOINTS[1 + joint]} {share:.1f} ({low:.1f} to {high:.1f})"


def left_out_tables(calibration: Calibration) -> str:
    """By part, by lag and by joint, and what is off, in Markdown. All people count alike."""
    parts = _parts(calibration)
    by_part = {name: _shares(name, calibration, part) for name, part in parts.items()}
    shown = parts[CONDITIONS[0]]
    frames = calibration.left_out.squared.shape[1]
    by_lag = [
        _shares(str(lag), calibration, shown & _at(frames, frame)[:, None])
        for frame, lag in enumerate(LAGS[-frames:])
    ]
    return "\n\n".join(
        [
            _part_table(by_part),
            markdown_table(
                ["lag", *_sigmas()],
                [_should_be(), *([each.name, *_percent(each.every)] for each in by_lag[::-1])],
            ),
            _joint_table([by_part[name] for name in (CONDITIONS[0], "unseen", "guessed")]),
            "All unchanged joints in tenths, by the error that their covariance states:",
            _stated_table(calibration, shown),
            _gain(calibration),
            "Joints more than 5 points off, with intervals of 95 % over people:",
            _outside_table(by_part),
        ]
    )


def _parts(calibration: Calibration) -> Mapping[str, Mask]:
    """Name → (N, F, 16), which joints belong to a part."""
    measured = calibration.measured
    everything = np.ones(calibration.left_out.squared.shape, bool)
    parts = {name: everything & (measured.condition == name)[:, None, None] for name in CONDITIONS}
    plain, occluded, unsure = (parts[name] for name in CONDITIONS)
    parts |= {
        "unseen": occluded & (measured.features[..., _UNSEEN] > 0),
        "guessed": unsure & (measured.features[..., _NOISE] > _GUESSED),
    }
    frames = LAGS[-calibration.left_out.squared.shape[1] :]
    lags = {name: frames.index(lag) for name, lag in _LIVE.items()}
    live = {
        f"{name}, {which}": part & _at(len(frames), frame)[:, None]
        for name, part in parts.items()
        for which, frame in lags.items()
    }
    untrained = np.isin(measured.person, list(map(str, VALIDATION_SUBJECTS | VALIDATION_PEOPLE)))
    return {**parts, **live, "people not in the training": plain & untrained[:, None, None]}


def _shares(name: str, calibration: Calibration, part: Mask) -> Shares:
    """Of joints (N, F, 16). The intervals are those of people drawn with replacement."""
    _, person = np.unique(calibration.measured.person, return_inverse=True)
    weights = person_weights(calibration.measured.person)[:, None]
    people = person.max() + 1
    total, inside = np.zeros((people, 16)), np.zeros((people, 16, 2))
    np.add.at(total, person, weights * part.sum(1))
    for column, sigma in enumerate(CALIBRATED_SIGMAS):
        within = part & (calibration.left_out.squared <= sigma**2)
        np.add.at(inside[..., column], person, weights * within.sum(1))
    drawn = np.random.default_rng(0).multinomial(people, np.full(people, 1 / people), DRAWS)
    with np.errstate(invalid="ignore"):
        shares = np.einsum("dp,pjs->djs", drawn, inside) / (drawn @ total)[..., None]
        each = inside.sum(0) / total.sum(0)[:, None]
        every = inside.sum((0, 1)) / total.sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of joints that the part does not have
        # A draw may hold none of the people of a small part.
        interval = np.nanpercentile(shares, (2.5, 97.5), axis=0)
    return Shares(name, every, each, *interval)


def _part_table(parts: Mapping[str, Shares]) -> str:
    worst = [f"worst joint, {sigma:g} sigma" for sigma in CALIBRATED_SIGMAS]
    header = ["people left out", *_sigmas(), *worst, "more than 5 off", "surely"]
    rows = [
        [
            each.name,
            *_percent(each.every),
            *_worst(each.each),
            str(int(each.outside.sum())),
            str(int(each.surely_outside.sum())),
        ]
        for each in parts.values()
    ]
    return markdown_table(header, [[*_should_be(), *[""] * 4], *rows])


def _joint_table(parts: list[Shares]) -> str:
    header = ["joint", *(f"{part.name}, {sigma}" for part in parts for sigma in _sigmas())]
    rows = [
        [name, *(cell for part in parts for cell in _percent(part.each[joint]))]
        for joint, name in enumerate(JOINTS[1:])
    ]
    return markdown_table(header, [["should be", *_percent(_LEVELS) * len(parts)], *rows])


def _outside_table(parts: Mapping[str, Shares]) -> str:
    rows = []
    for part in parts.values():
        for column, sigma in enumerate(CALIBRATED_SIGMAS):
            joints = np.flatnonzero(part.outside[:, column])
            cells = ", ".join(part.cell(int(joint), column) for joint in joints)
            rows += [[part.name, f"{sigma:g}", cells]] if cells else []
    return markdown_table(["people left out", "sigma", "joints, % (interval)"], rows)


def _stated_table(calibration: Calibration, part: Mask) -> str:
    """Stated and measured errors (root mean square) of tenths; the surest joints come first."""
    measured, stated = calibration.measured, calibration.left_out.stated
    weights = np.broadcast_to(person_weights(measured.person)[:, None, None], part.shape)[part]
    order = np.argsort(stated[part])
    tenth = np.minimum(10 * np.cumsum(weights[order]) / weights.sum(), 9.999).astype(int)
    squared = [np.square(stated[part]), np.square(measured.errors).sum(-1)[part]]
    columns = [
        np.bincount(tenth, (weights * each)[order]) / np.bincount(tenth, weights[order])
        for each in squared
    ]
    rows = [
        [name, *(f"{1000 * root:.0f}" for root in np.sqrt(column))]
        for name, column in zip(("stated, mm", "measured, mm"), columns, strict=True)
    ]
    return markdown_table(["error", *map(str, range(1, len(columns[0]) + 1))], rows)


def _gain(calibration: Calibration) -> str:
    if not calibration.network_gain:
        return "No variance network: it does not help people who are left out."
    return (
        f"The variance network adds {calibration.network_gain:.3f} to the mean log-likelihood of a"
        " joint of people left out."
    )


def _worst(each: Array) -> list[str]:
    """For each number of sigmas, the joint whose share (16, 2) is farthest from nominal."""
    cells = []
    for column, level in zip(each.T, _LEVELS, strict=True):
        joint = int(np.abs(np.nan_to_num(column - level)).argmax())
        cells.append(f"{JOINTS[1 + joint]} {100 * column[joint]:.1f}")
    return cells


def _sigmas() -> list[str]:
    return [f"within {sigma:g} sigma, %" for sigma in CALIBRATED_SIGMAS]


def _should_be() -> list[str]:
    return ["should be", *_percent(_LEVELS)]


def _percent(shares: Array) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def _at(length: int, index: int) -> Mask:
    return np.arange(length) == index
