"""One person over time: probabilities are smoothed, and decisions have hysteresis."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.postures.gesture_rules import (
    NOSE,
    WRISTS,
    arm_stretched,
    arms_crossed,
    hands_on_face,
    hands_raised,
    ready_to_wave,
)
from diffhpe_ros.postures.motion import HandMotion
from diffhpe_ros.postures.person_state import GESTURES, POSTURES, UNKNOWN, PersonState, Pointing
from diffhpe_ros.postures.posture_rules import Array, angle_deg, lengths, posture_probabilities
from diffhpe_ros.postures.samples import draw_poses

_SMOOTHING_S = 0.2
_BEGINS, _ENDS = 0.65, 0.35
"""Probabilities at which a gesture begins and ends, and a posture changes."""
_FALL_S = 2.0
"""A person has fallen who was upright at most this long before lying down, and then lies for as
long."""
_UPRIGHT = ("STANDING", "SITTING")


class PersonObserver:
    """Estimates a person's posture and gestures, frame by frame."""

    def __init__(self) -> None:
        self._motion = HandMotion()
        self._probability: Array | None = None
        """(12,) smoothed probabilities of postures and gestures."""
        self._posture = UNKNOWN
        self._gestures: set[str] = set()
        self._stamp_ns = 0
        self._upright_ns: int | None = None
        self._lying_ns: int | None = None
        self._fell = False

    def update(
        self,
        stamp_ns: int,
        joints: NDArray[Any],
        covariance: NDArray[Any],
        up: NDArray[Any] | None,
    ) -> PersonState:
        """Add the next frame.

        Args:
            stamp_ns: later than the previous one.
            joints: (17, 3) metres.
            covariance: (17, 3, 3) m², relative to the Hip.
            up: (3,) unit vector against gravity. If None, postures, raised hands and waving are
                unknown.
        """
        self._motion.update(stamp_ns, np.asarray(joints, np.float64))
        poses = draw_poses(joints, covariance)
        pointing = arm_stretched(poses) & self._motion.still()
        pointing &= ~pointing[:, ::-1]
        found = [_postures(poses, up), self._gesture_probabilities(poses, pointing, up)]
        self._smooth(stamp_ns, np.concatenate(found))
        assert self._probability is not None
        probability = self._probability.tolist()
        postures = dict(zip(POSTURES, probability[: len(POSTURES)], strict=True))
        gestures = dict(zip(GESTURES, probability[len(POSTURES) :], strict=True))
        self._decide(postures, gestures)
        return PersonState(
            posture=self._posture,
            posture_probability=postures,
            fallen=self._has_fallen(stamp_ns),
            gestures=tuple(each for each in GESTURES if each in self._gestures),
            gesture_probability=gestures,
            pointing=_ray(joints, poses, pointing) if "POINTING" in self._gestures else None,
        )

    def _gesture_probabilities(
        self, poses: Array, pointing: NDArray[np.bool_], up: NDArray[Any] | None
    ) -> Array:
        """(7,) share of the poses that show each of `GESTURES`."""
        raised, waving = np.full(3, np.nan), np.nan
        if up is not None:
            left, right = hands_raised(poses, up).T
            raised = np.mean([left & ~right, right & ~left, left & right], axis=1)
            waving = float((ready_to_wave(poses, up) & self._motion.swinging()).any(-1).mean())
        crossed, on_face = arms_crossed(poses).mean(), hands_on_face(poses).mean()
        return np.array([*raised, waving, crossed, on_face, pointing.any(-1).mean()])

    def _smooth(self, stamp_ns: int, found: Array) -> None:
        passed_s = (stamp_ns - self._stamp_ns) / 1e9
        before, self._stamp_ns = self._probability, stamp_ns
        if before is None:
            self._probability = found
            return
        before = np.where(np.isfinite(before), before, found)
        self._probability = before - math.expm1(-passed_s / _SMOOTHING_S) * (found - before)

    def _decide(self, postures: dict[str, float], gestures: dict[str, float]) -> None:
        likeliest = max(postures, key=lambda name: postures[name])
        if math.isnan(postures[likeliest]):
            self._posture = UNKNOWN
        elif self._posture == UNKNOWN or postures[likeliest] > _BEGINS:
            self._posture = likeliest
        self._gestures = {
            name
            for name, probability in gestures.items()
            if probability > (_ENDS if name in self._gestures else _BEGINS)
        }

    def _has_fallen(self, stamp_ns: int) -> bool:
        if self._posture != "LAYING":
            self._lying_ns = None
            if self._posture in _UPRIGHT:
                self._upright_ns = stamp_ns
            return False
        if self._lying_ns is None:
            self._lying_ns = stamp_ns
            upright_ns = self._upright_ns
            self._fell = upright_ns is not None and stamp_ns - upright_ns <= _FALL_S * 1e9
        return self._fell and stamp_ns - self._lying_ns >= _FALL_S * 1e9


def _postures(poses: Array, up: NDArray[Any] | None) -> Array:
    return np.full(len(POSTURES), np.nan) if up is None else posture_probabilities(poses, up)


def _ray(joints: NDArray[Any], poses: Array, pointing: NDArray[np.bool_]) -> Pointing:
    """The ray of the arm that points in the most poses."""
    hand = int(pointing.sum(0).argmax())
    wrist = np.asarray(joints[WRISTS[hand]], np.float64)
    ray = wrist - joints[NOSE]
    drawn = poses[:, WRISTS[hand]] - poses[:, NOSE]
    cone_deg = float(np.quantile(angle_deg(drawn, ray), 0.95))
    return Pointing(("left", "right")[hand], wrist, ray / lengths(ray), cone_deg)
