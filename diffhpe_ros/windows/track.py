"""Cuts a recorded track into windows and joins lifted windows to a track.

The track is resampled to the lifters' grid and cut into overlapping windows. The lifted windows
are blended and interpolated to the recording's own times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.windows.grid import (
    BRIDGE_S,
    FRAMES,
    RATE,
    TOLERANCE_S,
    check_grid,
    hide_unseen,
    interpolate_joints,
)

# More grid frames than this per recorded frame mean times in a wrong unit, or hours without data.
_MOST_GRID_FRAMES = 100


@dataclass(frozen=True, eq=False)
class TrackWindows:
    """A track cut into windows.

    Attributes:
        keypoints: (W, frames, 17, 2) float32 canonical view, NaN where unseen.
        confidence: (W, frames, 17) float32, 0 where unseen.
        starts: (W,) int64, the grid frame at which each window starts.
        grid_times_s: (G,) float64 times of the grid, in the track's own clock.
        times_s: (T,) float64, the track's times.
        seen: (T,) bool, the track's frames in which a joint was seen.
        world_landmarks: (W, frames, 17, 3) float32 metres, NaN where unknown; None without any.
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    starts: NDArray[np.int64]
    grid_times_s: NDArray[np.float64]
    times_s: NDArray[np.float64]
    seen: NDArray[np.bool_]
    world_landmarks: NDArray[np.float32] | None = None

    def to_track(self, window_poses: NDArray[Any]) -> NDArray[Any]:
        """The lifted windows as one track.

        Args:
            window_poses: (W, frames, 17, 3).

        Returns:
            (T, 17, 3) at the track's own times; NaN in every frame in which no joint was seen. A
            lifter would give a pose there, too, but nobody was visible.
        """
        blended = blend_windows(window_poses, self.starts, len(self.grid_times_s))
        poses = at_times(blended, self.grid_times_s, self.times_s)
        poses[~self.seen] = np.nan
        return poses


def windows_of_track(
    times_s: NDArray[Any],
    keypoints: NDArray[Any],
    confidence: NDArray[Any],
    rate: float = RATE,
    frames: int = FRAMES,
    stride: int = 9,
    bridge_s: float = BRIDGE_S,
    world_landmarks: NDArray[Any] | None = None,
) -> TrackWindows:
    """Resample a recorded track to the grid and cut it into overlapping windows.

    The grid spans the track exactly, with the possible rate nearest to `rate`: within 2 % for the
    shortest track, 0.1 % after ten seconds. The last window ends with the track.

    Args:
        times_s: (T,) rising.
        keypoints: (T, 17, 2) canonical view, NaN where unseen.
        confidence: (T, 17), 0 where unseen.
        rate: grid frames per second.
        frames: frames of a window.
        stride: grid frames from one window to the next; at most `frames`.
        bridge_s: a joint is unseen between sightings further apart than this, as in
            `WindowBuilder`.
        world_landmarks: (T, 17, 3), see `People.world_landmarks`.

    Returns:
        The windows.

    Raises:
        DiffhpeError: shapes, times or numbers are invalid, or the track is shorter than a window.
    """
    check_grid(frames, rate, bridge_s)
    if not 1 <= stride <= frames:
        raise DiffhpeError(f"a stride of 1 to {frames} grid frames is expected, got {stride}")
    times = np.asarray(times_s, np.float64)
    _check_track(times, keypoints, confidence)
    total = _grid_size(times, rate, frames)

    relative = times - times[0]
    # Nanoseconds as in the live windows, so that both use the same interpolation.
    stamps = np.rint(relative * 1e9).astype(np.int64)
    grid = np.linspace(0.0, relative[-1], total)
    values = np.concatenate([hide_unseen(keypoints, confidence), confidence[..., None]], -1)
    grid_ns = np.clip(np.rint(grid * 1e9).astype(np.int64), 0, stamps[-1])
    bridge_ns = round(bridge_s * 1e9)
    on_grid = interpolate_joints(stamps, values.astype(np.float32), grid_ns, bridge_ns)
    starts = np.arange(0, total - frames, stride)
    starts = np.append(starts, total - frames).astype(np.int64)
    rows = starts[:, None] + np.arange(frames)
    world = None
    if world_landmarks is not None:
        known = np.asarray(world_landmarks, np.float32)
        world = interpolate_joints(stamps, known, grid_ns, bridge_ns)[rows]
    return TrackWindows(
        keypoints=on_grid[rows][..., :2],
        confidence=np.nan_to_num(on_grid[rows][..., 2], nan=0.0),
        starts=starts,
        grid_times_s=times[0] + grid,
        times_s=times,
        seen=np.isfinite(values[..., 0]).any(-1),
        world_landmarks=world,
    )


def blend_windows(
    window_poses: NDArray[Any], starts: NDArray[np.integer[Any]], total: int
) -> NDArray[Any]:
    """Blend overlapping windows into one sequence.

    Each frame is the mean of the windows that cover it, weighted by a triangle: a window is most
    accurate in its middle, and no window begins or ends with a jump.

    Args:
        window_poses: (W, L, 17, 3).
        starts: (W,) the frame at which each window starts.
        total: the number of frames of the sequence.

    Returns:
        (total, 17, 3); NaN where no window covers the frame.

    Raises:
        DiffhpeError: a window does not lie within the sequence.
    """
    count, length = window_poses.shape[:2]
    if len(starts) != count or (count and (min(starts) < 0 or max(starts) + length > total)):
        raise DiffhpeError(
            f"{count} windows of {length} frames within 0 to {total} are expected,"
            f" got starts {np.asarray(starts).tolist()}"
        )
    triangle = 1.0 - np.abs(np.arange(length) - (length - 1) / 2) / ((length + 1) / 2)
    rows = (np.asarray(starts)[:, None] + np.arange(length)).ravel()
    tail = window_poses.shape[2:]
    sums, weights = np.zeros((total, *tail)), np.zeros(total)
    weighted = window_poses * triangle.reshape(-1, *[1] * len(tail))
    np.add.at(sums, rows, weighted.reshape(-1, *tail))
    np.add.at(weights, rows, np.tile(triangle, count))
    with np.errstate(invalid="ignore"):
        blended = sums / weights.reshape(-1, *[1] * len(tail))
    return blended.astype(np.result_type(window_poses, np.float32))


def at_times(
    grid_poses: NDArray[Any], grid_times: NDArray[Any], times: NDArray[Any]
) -> NDArray[Any]:
    """Interpolate a sequence to other times, by cubic Hermite splines (Catmull-Rom).

    Videos may have twice as many images as the grid has frames. Next to an unknown frame the
    interpolation is linear.

    Args:
        grid_poses: (G, ...).
        grid_times: (G,) rising.
        times: (T,).

    Returns:
        (T, ...); NaN at times outside the grid by more than 1 ms.

    Raises:
        DiffhpeError: the numbers of times and poses differ, or are 0.
    """
    if len(grid_poses) != len(grid_times) or not len(grid_times):
        raise DiffhpeError(
            f"as many grid times as poses are expected, got {len(grid_times)} and {len(grid_poses)}"
        )
    position = np.interp(times, grid_times, np.arange(len(grid_times)))
    outside = (times < grid_times[0] - TOLERANCE_S) | (times > grid_times[-1] + TOLERANCE_S)
    before = np.floor(position).astype(np.int64)
    after = np.minimum(before + 1, len(grid_times) - 1)
    share = _column(np.where(outside, np.nan, position - before), grid_poses)
    # A pose exactly on the grid must not become NaN through a NaN neighbour.
    start, end = grid_poses[before], np.where(share == 0, grid_poses[before], grid_poses[after])
    step = _column(grid_times[after] - grid_times[before], grid_poses)
    velocity = _velocities(grid_poses, grid_times)
    straight = end - start
    bend_start, bend_end = (
        np.nan_to_num(step * velocity[frames] - straight) for frames in (before, after)
    )
    curve = (1 - share) * bend_start - share * bend_end
    poses: NDArray[Any] = start + share * (straight + (1 - share) * curve)
    return poses.astype(np.result_type(grid_poses, np.float32))


def _velocities(poses: NDArray[Any], times: NDArray[Any]) -> NDArray[Any]:
    """(G, ...) from the frames before and after; NaN at both ends and next to unknown frames."""
    velocity = np.full(poses.shape, np.nan)
    velocity[1:-1] = (poses[2:] - poses[:-2]) / _column(times[2:] - times[:-2], poses)
    return velocity


def _column(values: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    """(T,) → (T, 1, ...), with as many axes as `like`."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


def _check_track(
    times: NDArray[np.float64], keypoints: NDArray[Any], confidence: NDArray[Any]
) -> None:
    count = len(times) if times.ndim == 1 else -1
    if keypoints.shape != (count, NUM_JOINTS, 2) or confidence.shape != (count, NUM_JOINTS):
        raise DiffhpeError(
            f"times (T,), keypoints (T, {NUM_JOINTS}, 2) and confidence (T, {NUM_JOINTS}) are"
            f" expected, got {times.shape}, {keypoints.shape} and {confidence.shape}"
        )
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise DiffhpeError("finite, rising times are expected")


def _grid_size(times: NDArray[np.float64], rate: float, frames: int) -> int:
    """Number of grid frames of the track."""
    duration = float(times[-1] - times[0]) if len(times) else 0.0
    total = round(duration * rate) + 1
    if total < frames:
        raise DiffhpeError(
            f"a track of at least {(frames - 1) / rate:.2f} s ({frames} frames at {rate:g} per"
            f" second) is expected, got {duration:.2f} s in {len(times)} frames"
        )
    if total > _MOST_GRID_FRAMES * len(times):
        raise DiffhpeError(
            f"{len(times)} frames over {duration:g} s are too few to lift: times in seconds are"
            " expected; split recordings with long pauses"
        )
    return total
