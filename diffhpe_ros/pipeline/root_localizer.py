"""Lifted windows → root trajectories of their people."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry import RootTrajectory, localize_windows
from diffhpe_ros.lifting import LiftResult
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.placement import (
    DEPTH_SD_M,
    BodyScale,
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
    """Of these P windows, root-relative, scaled to the body scale of each track."""
    root: NDArray[np.float32]
    """(P, 27, 3) metres, optical frame; NaN if it is unknown."""
    root_covariance: NDArray[np.float32]
    """(P, 27, 3, 3) m²."""
    speed: NDArray[np.float64]
    """(P, 2) speed along z by the distance filter in m/s, and its variance; NaN if unknown."""


@dataclass(frozen=True)
class _TrackState:
    """State of a track."""

    scale: BodyScale = field(default_factory=BodyScale)
    filter_distance: DistanceFilter = field(default_factory=DistanceFilter)


class RootLocalizer:
    """Localizes the roots of people in all frames of their windows, and filters their distance."""

    def __init__(self) -> None:
        """Start without tracks."""
        self._tracks = TrackStates(_TrackState, ROOT_S)

    def localize(self, windows: PeopleWindows, lifted: LiftResult) -> LocalizedWindows:
        """Localize the people of one camera, at least one."""
        tracks = self._tracks.update(windows.camera, windows.track_ids, windows.stamp_ns)
        trajectory = localize_windows(
            lifted.poses, windows.keypoints, windows.confidence, windows.offsets_ns / 1e9,
            windows.covariance,
        )  # fmt: skip
        depths = _depths(tracks, windows, lifted, trajectory)
        by_depth = np.isfinite(depths)
        scales = np.array([track.scale.value for track in tracks])
        trajectory = trajectory.scaled(scales)
        found = trajectory.root[:, -1, 2].astype(np.float64)
        # A measured distance does not depend on the body scale.
        scale_sd = np.where(by_depth, 0.0, [track.scale.sd for track in tracks])
        variance = np.where(by_depth[:, None], DEPTH_SD_M**2, trajectory.variance)
        filtered = [
            track.filter_distance(windows.stamp_ns, float(distance), float(of_newest))
            for track, distance, of_newest in zip(
                tracks, np.where(by_depth, depths, found), variance[:, -1], strict=True
            )
        ]
        # A distance is NaN if the newest image does not show it; earlier frames may still have one.
        offset = np.nan_to_num(np.array(filtered) - found)
        trajectory = replace(trajectory, variance=variance).moved(offset)
        return LocalizedWindows(
            windows,
            _scaled(lifted, scales),
            trajectory.root.astype(np.float32),
            trajectory.covariance(scale_sd).astype(np.float32),
            np.array([track.filter_distance.speed for track in tracks]),
        )

    def remove_camera(self, camera: str) -> None:
        """Drop all tracks of a camera."""
        self._tracks.remove_camera(camera)


def _depths(
    tracks: list[_TrackState],
    windows: PeopleWindows,
    lifted: LiftResult,
    trajectory: RootTrajectory,
) -> NDArray[np.float64]:
    """Distances (P,) by depth in the newest image, which also update the body scales; or NaN."""
    distances = np.full(len(tracks), np.nan)
    if windows.depth is None:
        return distances
    for row, track in enumerate(tracks):
        pose, distance = lifted.poses[row, -1], float(trajectory.root[row, -1, 2])
        scale, _ = measure(pose, distance, windows.depth[row], track.scale.value)
        track.scale.measure(scale)
        _, distances[row] = measure(pose, distance, windows.depth[row], track.scale.value)
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
