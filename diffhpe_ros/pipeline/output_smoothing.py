"""Localized windows → one frame of each, smoothed over time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.coherence import bone_lengths, segment_std, symmetry_gap
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.lifting.pipeline.bone_lengths import with_lengths
from diffhpe_ros.pipeline.ego_motion import turns_to_newest
from diffhpe_ros.pipeline.joint_velocity import joint_velocities
from diffhpe_ros.pipeline.options import OutputOptions
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.pipeline.root_localizer import LocalizedWindows
from diffhpe_ros.skeleton import HIP, NUM_JOINTS
from diffhpe_ros.smoothing import Blending, OneEuro
from diffhpe_ros.track_registry import TrackStates


class TrackSmoother:
    """Smooths the joints of a track: blends windows, filters joints, keeps the bone lengths."""

    def __init__(self, blend_s: float, min_cutoff: float, beta: float) -> None:
        """See `smoothing.Blending` and `smoothing.OneEuro`.

        Raises:
            DiffhpeError: a value is out of range.
        """
        self._blending = Blending(blend_s)
        self._one_euro = OneEuro(min_cutoff, beta)

    def __call__(
        self, times_ns: NDArray[np.int64], poses: NDArray[Any], frame: int, root: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Smoothed joints (17, 3) of one frame of a window (L,), (L, 17, 3), root (3,); metres."""
        pose = self._blending(times_ns, poses, frame)
        joints = self._one_euro(int(times_ns[frame]), pose + root)
        # Averaging bones of different directions makes them shorter: restore their lengths.
        return np.asarray(with_lengths(joints[None], bone_lengths(poses[frame]))[0])


class OutputSmoothing:
    """Takes one frame of each track's windows, `lag` frames before the newest, and smooths it.

    The root-relative poses of overlapping windows are blended; joints in metres may be smoothed.
    """

    def __init__(self, options: OutputOptions) -> None:
        """Start without tracks.

        Raises:
            DiffhpeError: an option is out of range.
        """
        self._frame = -1 - options.lag
        self._tracks = TrackStates(
            lambda: TrackSmoother(
                options.blend_s, options.one_euro_min_cutoff, options.one_euro_beta
            ),
            options.forget_s,
        )

    def smooth(self, localized: LocalizedWindows) -> LiftedPeople:
        """The people of one camera, at least one, at the time of the output frame."""
        windows, lifted, frame = localized.windows, localized.lifted, self._frame
        stamp_ns = windows.stamp_ns + int(windows.offsets_ns[0, frame])
        smoothers = self._tracks.update(windows.camera, windows.track_ids, stamp_ns)
        joints = np.empty((len(windows), NUM_JOINTS, 3), np.float32)
        for row, smoother in enumerate(smoothers):
            times_ns = windows.stamp_ns + windows.offsets_ns[row]
            poses, root = lifted.poses[row], localized.root[row, frame]
            if windows.motion is None:
                joints[row] = smoother(times_ns, poses, frame, root)
            else:
                path = windows.motion[row]
                joints[row] = _smoothed_at_rest(smoother, path, times_ns, poses, frame, root)
        covariance = lifted.covariance[:, frame].copy()
        covariance[:, HIP] = localized.root_covariance[:, frame]
        velocity, velocity_covariance = joint_velocities(localized, frame)
        if windows.motion is not None:
            back = np.swapaxes(turns_to_newest(windows.motion)[:, frame], -1, -2)
            to_frame = RigidTransform(back[:, None], np.zeros(3))
            velocity = to_frame.vectors(velocity).astype(np.float32)
            covariance = to_frame.covariances(covariance).astype(np.float32)
            velocity_covariance = to_frame.covariances(velocity_covariance).astype(np.float32)
        # Coherence is computed before the bones get fixed lengths: after that it would always be
        # perfect.
        found = lifted.hypotheses.mean(1)
        deviation = lifted.hypotheses[:, :, frame] - found[:, None, frame]
        return LiftedPeople(
            frame_id=windows.frame_id,
            stamp_ns=stamp_ns,
            track_ids=windows.track_ids,
            joints=joints,
            covariance=covariance,
            velocity=velocity,
            velocity_covariance=velocity_covariance,
            confidence=windows.confidence[:, frame],
            symmetry_gap=np.asarray(symmetry_gap(found), np.float64),
            segment_std=np.asarray(segment_std(found), np.float64),
            hypothesis_spread=np.sqrt((deviation.astype(np.float64) ** 2).sum(-1).mean((1, 2))),
            camera_name=windows.camera_name,
        )

    def remove_camera(self, camera: str) -> None:
        """Drop all tracks of a camera."""
        self._tracks.remove_camera(camera)


def _smoothed_at_rest(
    smoother: TrackSmoother,
    path: RigidTransform,
    times_ns: NDArray[np.int64],
    poses: NDArray[Any],
    frame: int,
    root: NDArray[Any],
) -> NDArray[np.float64]:
    """Joints (17, 3) of a frame in the camera of that frame, smoothed in the fixed frame.

    Args:
        smoother: smoother of the track.
        path: (L,) from the camera at each frame to a fixed frame.
        times_ns: (L,).
        poses: (L, 17, 3) in the orientation of the newest camera.
        frame: index of the output frame.
        root: (3,) in the newest camera.
    """
    newest, then = path[-1], path[frame]
    smoothed = smoother(times_ns, newest.vectors(poses), frame, newest.points(root))
    return then.inverse().points(smoothed)
