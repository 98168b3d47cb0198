"""Recorded 2D keypoints in, 3D poses out: the core of `diffhpe lift`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.confidence import MIN_CONFIDENCE
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz, replacing
from diffhpe_ros.keypoint_checks import camera_warnings, clean_keypoints, lifted_warnings
from diffhpe_ros.lifting import Lifter, lift_in_batches
from diffhpe_ros.placement import localize_track
from diffhpe_ros.skeleton import to_h36m17
from diffhpe_ros.windows import BRIDGE_S, windows_of_track


@dataclass(frozen=True)
class KeypointTrack:
    """One person's keypoints over a recording."""

    times_s: NDArray[np.float64]
    """(T,)."""
    keypoints: NDArray[np.float32]
    """(T, 17, 2) pixels, NaN where unseen."""
    confidence: NDArray[np.float32]
    """(T, 17), 0 where unseen."""
    camera: Camera
    warnings: tuple[str, ...] = field(default=())
    """Warnings about the file."""
    world_landmarks: NDArray[np.float32] | None = None
    """(T, 17, 3), see `People.world_landmarks`; None where the detector gives none."""


@dataclass(frozen=True)
class LiftedTrack:
    """The same person in 3D, at the recording's own times."""

    times_s: NDArray[np.float64]
    """(T,)."""
    poses: NDArray[np.float32]
    """(T, 17, 3) root-relative metres, optical frame; NaN where nothing was seen."""
    root: NDArray[np.float32]
    """(T, 3) metres, optical frame; NaN where it is unknown."""
    warnings: tuple[str, ...] = field(default=())
    """Warnings about the poses."""

    @property
    def lifted_frames(self) -> int:
        """Number of frames with a pose."""
        return int(np.isfinite(self.poses).all((1, 2)).sum())


def read_track(path: Path, min_confidence: float = MIN_CONFIDENCE) -> KeypointTrack:
    """Read an .npz file of keypoints.

    Arrays: keypoints (T, K, 2) pixels or (T, K, 3) with confidence, NaN or exactly (0, 0) where
    unseen; layout, one of `skeleton.LAYOUTS`; fps; width; height; optionally K (3, 3) and dist (n,)
    in OpenCV's order (4 or 5 numbers: plumb_bob, 8 or more: rational_polynomial; no fisheye).
    Joints with a confidence below `min_confidence`, and those outside the image, count as unseen.

    Raises:
        DiffhpeError: the file is missing or damaged, an array is missing or does not fit, or the
            keypoints are not pixels of the image.
    """
    arrays = read_npz(path, ("keypoints", "layout", "fps", "width", "height"))
    keypoints = arrays["keypoints"]
    if (
        keypoints.ndim != 3
        or keypoints.shape[-1] not in (2, 3)
        or keypoints.dtype.kind not in "fiu"
    ):
        raise DiffhpeError(
            f"{path}: keypoints must be numbers (T, K, 2) or (T, K, 3),"
            f" got {keypoints.shape} of {keypoints.dtype}"
        )
    fps, width, height = (_number(arrays[name], name, path) for name in ("fps", "width", "height"))
    points = keypoints[..., :2].astype(np.float32)
    scores = keypoints[..., 2] if keypoints.shape[-1] == 3 else np.ones(points.shape[:2])
    certain: NDArray[np.float32] = np.array(scores, np.float32)
    certain[(points == 0).all(-1)] = 0
    try:
        size = int(width), int(height)
        points, certain, warnings = clean_keypoints(points, certain, size, min_confidence)
        mapped, confidence = to_h36m17(points, certain, _text(arrays["layout"]))
        camera = _camera(arrays, *size)
    except DiffhpeError as error:
        raise DiffhpeError(f"{path}: {error}") from None
    if not np.isfinite(mapped).any():
        raise DiffhpeError(f"{path}: no joint is seen in any of the {len(mapped)} frames")
    return KeypointTrack(
        times_s=np.arange(len(mapped)) / fps,
        keypoints=mapped,
        confidence=confidence,
        camera=camera,
        warnings=(*warnings, *camera_warnings(camera)),
    )


def lift_track(
    lifter: Lifter,
    track: KeypointTrack,
    progress: bool = False,
    on_share: Callable[[float], object] | None = None,
) -> LiftedTrack:
    """Lift a recording in overlapping windows, and blend them.

    With decode "rigid", bones keep their length over the whole recording. `on_share` is called
    repeatedly, with the share of the windows lifted so far.

    Raises:
        DiffhpeError: the recording is shorter than a window.
    """
    canonical = track.camera.to_canonical(track.keypoints)
    period_s = float(np.median(np.diff(track.times_s))) if len(track.times_s) > 1 else 0.0
    windows = windows_of_track(
        track.times_s,
        canonical,
        track.confidence,
        rate=lifter.config.rate_over(float(track.times_s[-1] - track.times_s[0])),
        frames=lifter.config.frames,
        bridge_s=max(BRIDGE_S, 1.5 * period_s),  # else slow recordings have no neighbours
        world_landmarks=track.world_landmarks,
    )
    x_2d = np.nan_to_num(windows.keypoints, nan=0.0)
    lifted = lift_in_batches(lifter, x_2d, progress, windows.world_landmarks, on_share)
    poses = windows.to_track(lifted)
    known = np.isfinite(poses).all((1, 2))
    poses[known] = lifter.decode(poses[known][None])[0]
    root = localize_track(track.times_s, poses, canonical, track.confidence)
    warnings = tuple(lifted_warnings(canonical, poses, root))
    return LiftedTrack(track.times_s, poses, root, warnings)


def save_track(path: Path, lifted: LiftedTrack) -> None:
    """Write poses (T, 17, 3), root (T, 3) and times_s (T,) as .npz.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    with replacing(path) as file:
        np.savez_compressed(file, poses=lifted.poses, root=lifted.root, times_s=lifted.times_s)


def _number(value: NDArray[Any], name: str, path: Path) -> float:
    if value.size != 1 or value.dtype.kind not in "fiu" or not 0 < float(value.item()) < np.inf:
        raise DiffhpeError(f"{path}: {name} must be one positive number, got {value}")
    return float(value.item())


def _text(value: NDArray[Any]) -> str:
    """The string in an array of one string, text or bytes."""
    item = value.ravel()[0] if value.size == 1 else value
    return item.decode(errors="replace") if isinstance(item, bytes) else str(item)


def _camera(arrays: Any, width: int, height: int) -> Camera:
    if "K" not in arrays:
        return Camera.from_field_of_view(width, height)
    distortion = arrays.get("dist", np.zeros(0)).ravel()
    model = "rational_polynomial" if len(distortion) > 5 else "plumb_bob"
    return Camera(width, height, arrays["K"], distortion, model)
