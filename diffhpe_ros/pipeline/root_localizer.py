"""Lifted windows → root trajectories of their people."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry import RootTrajectory, localize_windows
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.lifting import LiftResult
from diffhpe_ros.pipeline.body_sizes import BodySize, BodySizes
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.placement import (
    DEPTH_SD_M,
    DistanceFilter,
    measure,
)
from diffhpe_ros.track_registry import ROOT_S, TrackStates


@dataclass(frozen=True, eq=False)
class LocalizedWindows:
    """Windows of P people of one camera, lifted and localized."""

    windows: PeopleWindows
    """The 2D input."""
    lifted: LiftResult
    """The result for these P windows, root-relative, scaled by the body scale of each track."""
    root: NDArray[np.float32]
    """(P, 27, 3) metres, optical frame of the newest image; NaN if unknown."""
    root_covariance: NDArray[np.float32]
    """(P, 27, 3, 3) m²."""
    speed: NDArray[np.float64]
    """(P, 2) the distance filter's speed along z in m/s, and its variance; NaN if unknown."""


@dataclass
class _TrackState:
    """State of a track."""

    size: BodySize = field(default_factory=BodySize)
    filter_distance: DistanceFilter = field(default_factory=DistanceFilter)
    last: tuple[RigidTransform, NDArray[np.float64]] | None = None
    """For the last window: the camera's pose in a fixed frame, and the root (3,) in the camera;
    None if one of them is unknown."""

    def move_camera(self, camera: RigidTransform) -> None:
        """Predict the distance from the camera's current position."""
        if self.last is not None:
            before, root = self.last
            self.filter_distance.shift(float((camera.inverse() @ before).points(root)[2] - root[2]))


class RootLocalizer:
    """Localizes the roots of people in all frames of their windows, and filters their distance.

    Args:
        person_height: metres, used while one person is in view; None if it is not known.
    """

    def __init__(self, person_height: float | None = None) -> None:
        """Start without tracks."""
        self.sizes = BodySizes(person_height)
        """The people's body sizes."""
        self._tracks = TrackStates(_TrackState, ROOT_S)

    def localize(self, windows: PeopleWindows, lifted: LiftResult) -> LocalizedWindows:
        """Localize the people of one camera, at least one."""
        tracks = self._tracks.update(windows.camera, windows.track_ids, windows.stamp_ns)
        trajectory = localize_windows(
            lifted.poses, windows.keypoints, windows.confidence, windows.offsets_ns / 1e9,
            windows.covariance,
        )  # fmt: skip
        if windows.motion is not None:
            for row, track in enumerate(tracks):
                track.move_camera(windows.motion[row, -1])
        self._learn_sizes(tracks, windows, lifted, trajectory)
        depths = _depths(tracks, windows, lifted, trajectory)
        by_depth = np.isfinite(depths)
        scales = np.array([track.size.scale.value for track in tracks])
        trajectory = trajectory.scaled(scales)
        found = trajectory.root[:, -1, 2].astype(np.float64)
        # A measured distance does not depend on the body scale.
        relative = [track.size.scale.sd / track.size.scale.value for track in tracks]
        scale_sd = np.where(by_depth, 0.0, relative)
        variance = np.where(by_depth[:, None], DEPTH_SD_M**2, trajectory.variance)
        filtered = [
            track.filter_distance(windows.stamp_ns, float(distance), float(of_newest))
            for track, distance, of_newest in zip(
                tracks, np.where(by_depth, depths, found), variance[:, -1], strict=True
            )
        ]
        # A distance is NaN if the newest image does not give it; earlier frames may have one.
        offset = np.nan_to_num(np.array(filtered) - found)
        trajectory = replace(trajectory, variance=variance).moved(offset)
        for row, track in enumerate(tracks):
            track.last = _last(windows, trajectory, row)
        return LocalizedWindows(
            windows,
            _scaled(lifted, scales),
            _in_newest_camera(trajectory.root, windows.motion).astype(np.float32),
            trajectory.covariance(scale_sd).astype(np.float32),
            np.array([track.filter_distance.speed for track in tracks]),
        )

    def remove_camera(self, camera: str) -> None:
        """Drop all tracks of a camera."""
        self._tracks.remove_camera(camera)
        self.sizes.remove_camera(camera)

    def _learn_sizes(
        self,
        tracks: list[_TrackState],
        windows: PeopleWindows,
        lifted: LiftResult,
        trajectory: RootTrajectory,
    ) -> None:
        """Update the sizes from all sources but depth, and the filtered distances with them."""
        before = [track.size.scale.value for track in tracks]
        self.sizes.learn([track.size for track in tracks], windows, lifted, trajectory)
        for track, size in zip(tracks, before, strict=True):
            track.filter_distance.rescale(track.size.scale.value / size)


def _in_newest_camera(
    roots: NDArray[np.floating[Any]], motion: RigidTransform | None
) -> NDArray[np.floating[Any]]:
    """Move roots (P, 27, 3) from the camera of each frame to the newest camera.

    All cameras already have the newest orientation, so only the camera's translation is added.
    """
    if motion is None:
        return roots
    newest = RigidTransform(motion.rotation[:, -1:], motion.translation[:, -1:])
    return roots + newest.inverse().points(motion.translation)


def _last(
    windows: PeopleWindows, trajectory: RootTrajectory, row: int
) -> tuple[RigidTransform, NDArray[np.float64]] | None:
    """The camera and a person's root in the newest image; None if one of them is unknown."""
    root = trajectory.root[row, -1].astype(np.float64)
    if windows.motion is None or not np.isfinite(root).all():
        return None
    return windows.motion[row, -1], root


def _depths(
    tracks: list[_TrackState],
    windows: PeopleWindows,
    lifted: LiftResult,
    trajectory: RootTrajectory,
) -> NDArray[np.float64]:
    """Distances (P,) from depth in the newest image, or NaN; also updates the body scales."""
    distances = np.full(len(tracks), np.nan)
    if windows.depth is None:
        return distances
    for row, track in enumerate(tracks):
        pose, distance = lifted.poses[row, -1], float(trajectory.root[row, -1, 2])
        scale, _ = measure(pose, distance, windows.depth[row], track.size.scale.value)
        track.size.scale.measure(scale)
        _, distances[row] = measure(pose, distance, windows.depth[row], track.size.scale.value)
    return distances


def _scaled(lifted: LiftResult, scales: NDArray[np.float64]) -> LiftResult:
    """The poses multiplied by body scales (P,)."""
    scale = scales.astype(np.float32)[:, None, None, None]
    return replace(
        lifted,
        poses=lifted.poses * scale,
        hypotheses=lifted.hypotheses * scale[..., None],
        covariance=lifted.covariance * scale[..., None] ** 2,
    )
