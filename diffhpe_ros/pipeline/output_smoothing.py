"""Placed windows → what is shown of them: one frame, steadied over time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.coherence import bone_lengths, segment_std, symmetry_gap
from diffhpe_ros.lifting.pipeline.bone_lengths import with_lengths
from diffhpe_ros.pipeline.options import OutputOptions
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows
from diffhpe_ros.pipeline.root_localizer import LocalizedWindows
from diffhpe_ros.skeleton import HIP, NUM_JOINTS
from diffhpe_ros.smoothing import Blending, OneEuro
from diffhpe_ros.track_registry import TrackStates


class TrackSmoother:
    """One person's joints over time: windows blended, joints smoothed, bones as long as found."""

    def __init__(self, blend_s: float, min_cutoff: float, beta: float) -> None:
        """See `smoothing.Blending` and `smoothing.OneEuro`.

        Raises:
            DiffhpeError: a value makes no sense.
        """
        self._blending = Blending(blend_s)
        self._one_euro = OneEuro(min_cutoff, beta)

    def __call__(
        self, times_ns: NDArray[np.int64], poses: NDArray[Any], frame: int, root: NDArray[Any]
    ) -> NDArray[np.float64]:
        """The joints (17, 3) to show for a frame of a window (L,), (L, 17, 3), root (3,) metres."""
        pose = self._blending(times_ns, poses, frame)
        joints = self._one_euro(int(times_ns[frame]), pose + root)
        # Means of turned bones are shorter than the bones.
        return np.asarray(with_lengths(joints[None], bone_lengths(poses[frame]))[0])


class OutputSmoothing:
    """Shows one frame of each person's windows, `lag` frames before the newest.

    The root-relative poses of overlapping windows are blended; joints in metres may be smoothed.
    """

    def __init__(self, options: OutputOptions) -> None:
        """Begin with nobody there.

        Raises:
            DiffhpeError: an option makes no sense.
        """
        self._frame = -1 - options.lag
        self._people = TrackStates(
            lambda: TrackSmoother(
                options.blend_s, options.one_euro_min_cutoff, options.one_euro_beta
            ),
            options.forget_s,
        )

    def smooth(self, placed: LocalizedWindows) -> LiftedPeople:
        """One camera's people, at least one, at the time of the frame that is shown."""
        windows, lifted, frame = placed.windows, placed.lifted, self._frame
        stamp_ns = windows.stamp_ns + int(windows.offsets_ns[0, frame])
        everybody = self._people.update(windows.frame_id, windows.track_ids, stamp_ns)
        joints = np.empty((len(windows), NUM_JOINTS, 3), np.float32)
        for row, steady in enumerate(everybody):
            times_ns = windows.stamp_ns + windows.offsets_ns[row]
            joints[row] = steady(times_ns, lifted.poses[row], frame, placed.root[row, frame])
        covariance = lifted.covariance[:, frame].copy()
        covariance[:, HIP] = placed.root_covariance[:, frame]
        # What the model found, before bones were given a length: rigid poses are all coherent.
        found = lifted.hypotheses.mean(1)
        apart = lifted.hypotheses[:, :, frame] - found[:, None, frame]
        return LiftedPeople(
            frame_id=windows.frame_id,
            stamp_ns=stamp_ns,
            track_ids=windows.track_ids,
            joints=joints,
            covariance=covariance,
            confidence=windows.confidence[:, frame],
            symmetry_gap=np.asarray(symmetry_gap(found), np.float64),
            segment_std=np.asarray(segment_std(found), np.float64),
            hypothesis_spread=np.sqrt((apart.astype(np.float64) ** 2).sum(-1).mean((1, 2))),
        )

    def no_people(self, windows: PeopleWindows) -> LiftedPeople:
        """A camera whose people have all left."""
        self._people.remove_camera(windows.frame_id)
        return LiftedPeople.empty(windows.frame_id, windows.stamp_ns)
