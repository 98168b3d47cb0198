"""Fuses people seen by several cameras, so that each is reported once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from diffhpe_ros.pipeline.camera_matching import CameraMatcher, Key
from diffhpe_ros.pipeline.fused_pose import Sighting, fuse
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.track_registry import TRACK_S

FUSED = "fused"
"""The camera name of fused people."""
_OLDEST_NS = 200_000_000
_KEPT_NS = round(TRACK_S * 1e9)
_JUMP_NS = 1_000_000_000


class CameraFusion:
    """Merges the tracks of several cameras that belong to the same person.

    All people must be in one frame. A person keeps the number for as long as one camera follows
    them.
    """

    def __init__(self) -> None:
        """Start without people."""
        self.reset()

    def reset(self) -> None:
        """Drop all people; numbers start over."""
        self._now_ns = 0
        self._sightings: dict[Key, Sighting] = {}
        self._numbers: dict[Key, tuple[int, int]] = {}  # number, and when it was last used
        self._next = 0
        self._matcher = CameraMatcher()
        self.members: dict[int, list[Key]] = {}
        """Number → the person's tracks at the last update."""

    def update(self, people: LiftedPeople) -> LiftedPeople:
        """Add the people of one camera.

        Returns:
            All people that any camera has seen within 0.2 s, at the newest time of all cameras.
        """
        if people.stamp_ns < self._now_ns - _JUMP_NS:
            self.reset()
        self._now_ns = max(self._now_ns, people.stamp_ns)
        changed = self._remember(people)
        sightings = {key: each.at(self._now_ns) for key, each in self._sightings.items()}
        self.members = self._number(self._matcher.groups(sightings, changed))
        fused = [fuse([sightings[key] for key in group]) for group in self.members.values()]
        return _people(people, self._now_ns, tuple(self.members), fused)

    def _remember(self, people: LiftedPeople) -> set[Key]:
        """Store the new sightings and drop old ones; returns the keys of the new ones."""
        new = {
            (people.camera, people.track_ids[row]): _sighting(people, row)
            for row in np.flatnonzero(people.located).tolist()
        }
        kept = {
            key: each
            for key, each in self._sightings.items()
            if key[0] != people.camera and self._now_ns - each.stamp_ns <= _OLDEST_NS
        }
        self._sightings = kept | new
        return set(new)

    def _number(self, groups: list[list[Key]]) -> dict[int, list[Key]]:
        """Number the groups: each gets its tracks' lowest number not used by a larger group."""
        self._numbers = {
            key: (number, used_ns)
            for key, (number, used_ns) in self._numbers.items()
            if self._now_ns - used_ns <= _KEPT_NS
        }
        members: dict[int, list[Key]] = {}
        for group in sorted(groups, key=lambda each: (-len(each), each)):
            known = {self._numbers[key][0] for key in group if key in self._numbers}
            number = min(known - members.keys(), default=self._next)
            self._next = max(self._next, number + 1)
            members[number] = group
            self._numbers |= dict.fromkeys(group, (number, self._now_ns))
        return dict(sorted(members.items()))


class PeopleFusion:
    """Fuses people together with their plausibility warnings."""

    def __init__(self) -> None:
        """Start without people."""
        self._fusion = CameraFusion()
        self._warnings: dict[Key, str] = {}

    def update(
        self, people: LiftedPeople, warnings: Sequence[str]
    ) -> tuple[LiftedPeople, list[str]]:
        """Add the people of one camera, each with a text, "" for none.

        Returns:
            See `CameraFusion.update`; and a text for each person. It is empty for people whom at
            least one camera sees without a warning.
        """
        fused = self._fusion.update(people)
        members = self._fusion.members
        known = self._warnings | {
            (people.camera, track_id): text
            for track_id, text in zip(people.track_ids, warnings, strict=True)
        }
        self._warnings = {key: known[key] for group in members.values() for key in group}
        texts = [[known[key] for key in members[number]] for number in fused.track_ids]
        return fused, [each[0] if all(each) else "" for each in texts]


def _sighting(people: LiftedPeople, row: int) -> Sighting:
    joints, covariance, velocity, velocity_covariance, confidence = (
        np.asarray(each[row], np.float64)
        for each in (
            people.joints, people.covariance, people.velocity, people.velocity_covariance,
            people.confidence,
        )
    )  # fmt: skip
    coherence = people.symmetry_gap[row], people.segment_std[row], people.hypothesis_spread[row]
    return Sighting(
        people.stamp_ns, joints, covariance, velocity, velocity_covariance, confidence,
        np.array(people.viewpoint), np.array(coherence),
    )  # fmt: skip


def _people(
    of_camera: LiftedPeople, stamp_ns: int, numbers: tuple[int, ...], fused: list[Sighting]
) -> LiftedPeople:
    """Fused people, in the frame of one camera's people."""
    nobody = LiftedPeople.empty(of_camera.frame_id, stamp_ns, FUSED)
    nobody = replace(nobody, viewpoint=(0.0, 0.0, 0.0), up=of_camera.up)
    if not fused:
        return nobody
    arrays: dict[str, Any] = {
        name: np.array([getattr(each, name) for each in fused], np.float32)
        for name in ("joints", "covariance", "velocity", "velocity_covariance", "confidence")
    }
    gap, std, spread = np.array([each.coherence for each in fused]).T
    return replace(
        nobody,
        track_ids=numbers,
        **arrays,
        symmetry_gap=gap,
        segment_std=std,
        hypothesis_spread=spread,
    )
