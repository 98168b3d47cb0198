"""Placed windows → what is shown of them: one frame, steadied over time."""

from dataclasses import dataclass

import numpy as np

from diffhpe_ros.coherence import segment_std, symmetry_gap
from diffhpe_ros.nodes.parameters import LifterParameters
from diffhpe_ros.nodes.placing import PlacedWindows
from diffhpe_ros.nodes.types import LiftedPeople, PeopleWindows
from diffhpe_ros.skeleton import HIP, NUM_JOINTS
from diffhpe_ros.smoothing import Blending, OneEuro, PerPerson


@dataclass(frozen=True)
class _Steadied:
    """One person's."""

    blending: Blending
    one_euro: OneEuro


class Showing:
    """Shows one frame of each person's windows, `lag` frames before the newest.

    The root-relative poses of overlapping windows are blended; joints in metres may be smoothed.
    """

    def __init__(self, parameters: LifterParameters) -> None:
        """Begin with nobody there.

        Raises:
            DiffhpeError: a parameter makes no sense.
        """
        self._frame = -1 - parameters.lag
        self._people = PerPerson(
            lambda: _Steadied(
                Blending(parameters.blend_s),
                OneEuro(parameters.one_euro_min_cutoff, parameters.one_euro_beta),
            ),
            parameters.marker_lifetime_s,
        )

    def show(self, placed: PlacedWindows) -> LiftedPeople:
        """One camera's people at the time of the frame that is shown."""
        windows, lifted, frame = placed.windows, placed.lifted, self._frame
        if not len(windows):
            return self.nobody(windows)
        stamp_ns = windows.stamp_ns + int(windows.offsets_ns[0, frame])
        everybody = self._people.update(windows.frame_id, windows.persons, stamp_ns)
        joints = np.empty((len(windows), NUM_JOINTS, 3), np.float32)
        for row, person in enumerate(everybody):
            pose = person.blending(
                windows.offsets_ns[row] + windows.stamp_ns, lifted.poses[row], frame
            )
            joints[row] = person.one_euro(stamp_ns, pose + placed.root[row, frame])
        covariance = lifted.covariance[:, frame].copy()
        covariance[:, HIP] = placed.root_covariance[:, frame]
        # What the model found, before bones were given a length: rigid poses are all coherent.
        found = lifted.hypotheses.mean(1)
        apart = lifted.hypotheses[:, :, frame] - found[:, None, frame]
        return LiftedPeople(
            frame_id=windows.frame_id,
            stamp_ns=stamp_ns,
            persons=windows.persons,
            joints=joints,
            covariance=covariance,
            confidence=windows.confidence[:, frame],
            symmetry_gap=np.asarray(symmetry_gap(found), np.float64),
            segment_std=np.asarray(segment_std(found), np.float64),
            hypothesis_spread=np.sqrt((apart.astype(np.float64) ** 2).sum(-1).mean((1, 2))),
        )

    def nobody(self, windows: PeopleWindows) -> LiftedPeople:
        """A camera whose people have all left."""
        self._people.update(windows.frame_id, (), windows.stamp_ns)
        none, joints = np.zeros(0), np.zeros((0, NUM_JOINTS, 3), np.float32)
        covariance = np.zeros((0, NUM_JOINTS, 3, 3), np.float32)
        return LiftedPeople(
            windows.frame_id, windows.stamp_ns, (), joints, covariance, joints[..., 0],
            none, none, none,
        )  # fmt: skip
