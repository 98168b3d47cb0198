"""Keypoint files as sources: our own .npz, and other programs' files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats import KeypointRows
from diffhpe_ros.keypoint_checks import camera_warnings, clean_keypoints
from diffhpe_ros.keypoint_files import read_track
from diffhpe_ros.offline.options import SourceOptions, camera_guess, camera_of, required
from diffhpe_ros.offline.source import PeopleFrame, State
from diffhpe_ros.skeleton import LAYOUTS, to_h36m17
from diffhpe_ros.tracking import PeopleTracker

_MOST_PEOPLE = 64  # in one image

MOST_FRAMES = 5_000_000
"""46 hours at 30 frames a second. Beyond, numbers are no frames, and would not fit in memory."""
_SPARSE = 20
"""Frames for each one with people, from which the numbers are doubtful."""


class KeypointSource:
    """A whole recording's keypoints, in memory.

    Args:
        camera: the camera that took the images.
        times_s: (T,) increasing.
        frames: (N,) frame of each row, not decreasing.
        keypoints: (N, 17, 2) pixels, NaN where unseen.
        confidence: (N, 17).
        track_ids: (N,); None: people are tracked by position and motion.
        warnings: assumptions that were made.
    """

    live = False
    cheap = True
    start_ns = 0
    confuses_left_and_right = False

    def __init__(
        self,
        camera: Camera,
        times_s: NDArray[np.float64],
        frames: NDArray[np.int64],
        keypoints: NDArray[np.float32],
        confidence: NDArray[np.float32],
        track_ids: NDArray[np.int64] | None,
        warnings: tuple[str, ...],
    ) -> None:
        self.camera = camera
        self.frame_count: int | None = len(times_s)
        self.warnings = warnings
        self._times_s, self._frames = times_s, frames
        self._keypoints, self._confidence, self._track_ids = keypoints, confidence, track_ids

    def frames(
        self, past: Iterable[PeopleFrame] = (), state: State | None = None
    ) -> Iterator[PeopleFrame]:
        """See `Source.frames`; all frames are tracked again, which takes almost no time."""
        tracker = PeopleTracker(_MOST_PEOPLE) if self._track_ids is None else None
        known = sum(1 for _ in past)
        ends = np.searchsorted(self._frames, np.arange(len(self._times_s) + 1))
        for frame, time_s in enumerate(self._times_s.tolist()):
            rows = slice(ends[frame], ends[frame + 1])
            ids = np.zeros(0, np.int64) if self._track_ids is None else self._track_ids[rows]
            seen = PeopleFrame(time_s, ids, self._keypoints[rows], self._confidence[rows])
            if tracker is not None:
                ids = tracker.update(seen.people(), seen.stamp_ns)
                seen = PeopleFrame(time_s, ids, seen.keypoints, seen.confidence)
            if frame >= known:
                yield seen

    def state(self) -> State:
        """No state is needed."""
        return {}


def open_npz(path: Path, options: SourceOptions) -> KeypointSource:
    """Open one person's keypoints in our own .npz format; see `keypoint_files.read_track`.

    Raises:
        DiffhpeError: the file is damaged, or an option gives a value that the file also has.
    """
    track = read_track(path, options.least_confidence)
    for name in ("fps", "size", "layout"):
        if getattr(options, name) is not None:
            raise DiffhpeError(f"{path} already contains its {name}; leave out --{name}")
    own = track.camera if track.camera.calibrated else None
    camera = camera_of((track.camera.width, track.camera.height), own, options, path)
    count = len(track.times_s)
    if options.seconds is not None:
        count = int(np.searchsorted(track.times_s, options.seconds))
    return KeypointSource(
        camera,
        track.times_s[:count],
        np.arange(count, dtype=np.int64),
        track.keypoints[:count],
        track.confidence[:count],
        np.zeros(count, np.int64),
        (*camera_guess(camera, options), *track.warnings),
    )


def open_keypoints(path: Path, rows: KeypointRows, options: SourceOptions) -> KeypointSource:
    """Open another program's keypoints.

    Raises:
        DiffhpeError: layout, size or rate are neither in the file nor in the options, or the
            keypoints are not plausible.
    """
    if rows.frame_count > MOST_FRAMES:
        raise DiffhpeError(
            f"{path}: its frames are numbered up to {rows.frame_count - 1:.4g}; numbers of"
            f" consecutive images are expected, at most {MOST_FRAMES:g}, and no stamps or ids"
        )
    known = ", ".join(LAYOUTS)
    layout = required(options.layout or rows.layout, "the layout", f"--layout ({known})", path)
    size = required(options.size or rows.size, "the size of the images", "--size 1280x720", path)
    times_s = _times(path, rows, options)
    keypoints = rows.keypoints * np.array(size, np.float32) if rows.normalised else rows.keypoints
    confidence = np.where((rows.keypoints == 0).all(-1), np.float32(0), rows.confidence)
    try:
        keypoints, confidence, warnings = clean_keypoints(
            keypoints, confidence.astype(np.float32), size, options.least_confidence
        )
        mapped, confidence = to_h36m17(keypoints, confidence, layout)
    except DiffhpeError as error:
        raise DiffhpeError(f"{path}: {error}") from None
    camera = camera_of(size, None, options, path)
    kept = np.isfinite(mapped).any((1, 2)) & (rows.frames < len(times_s))
    if not kept.any():
        raise DiffhpeError(f"{path}: no joint is seen in any of the {rows.frame_count} frames")
    return KeypointSource(
        camera,
        times_s,
        rows.frames[kept],
        mapped[kept],
        confidence[kept],
        None if rows.track_ids is None else rows.track_ids[kept],
        (
            *camera_guess(camera, options),
            *(() if options.layout else rows.notes),
            *_sparse(rows),
            *warnings,
            *camera_warnings(camera),
        ),
    )


def _sparse(rows: KeypointRows) -> list[str]:
    """A warning if so few frames have people that their numbers may be something else."""
    count = len(np.unique(rows.frames))
    if rows.frame_count < _SPARSE * count:
        return []
    return [
        f"{count} of {rows.frame_count} frames have people: if its images are numbered by ids or"
        " stamps, number them one by one"
    ]


def _times(path: Path, rows: KeypointRows, options: SourceOptions) -> NDArray[np.float64]:
    times = rows.times_s
    if times is None or options.fps is not None:
        rate = "the number of frames per second"
        fps = required(options.fps or rows.fps, rate, "--fps", path)
        if not 0 < fps < np.inf:
            raise DiffhpeError(f"{path}: frames per second must be above 0, got {fps:g}")
        times = np.arange(rows.frame_count) / fps
    return times if options.seconds is None else times[times < options.seconds]
