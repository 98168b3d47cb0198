"""Lifting the tracks of a workspace, piece by piece."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.coherence import bone_lengths
from diffhpe_ros.detection import People
from diffhpe_ros.formats import POSE_ROW, PoseTrack
from diffhpe_ros.keypoint_files import KeypointTrack, LiftedTrack, lift_track
from diffhpe_ros.left_right import track_orders
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.pipeline.bone_lengths import with_lengths
from diffhpe_ros.offline.workspace import Workspace
from diffhpe_ros.skeleton import NUM_JOINTS

PIECE_S = 300.0
"""Longer tracks are lifted in pieces of about this length, which limits memory."""
MARGIN_S = 1.5
"""Each piece is lifted with this much of its neighbours, then cut, so that no seam is visible."""


@dataclass(frozen=True, eq=False)
class SeenTrack:
    """A person's rows in a workspace."""

    track_id: int
    frames: NDArray[np.int64]
    """(n,) frames in which the person is seen, increasing."""
    rows: NDArray[np.int64]
    """(n,) row numbers in the workspace's people."""

    @property
    def length(self) -> int:
        """Number of frames from the first to the last, inclusive."""
        return int(self.frames[-1] - self.frames[0]) + 1


def seen_tracks(workspace: Workspace) -> list[SeenTrack]:
    """All tracked people, sorted by id."""
    people = workspace.people()
    ids = np.asarray(people["track_id"])
    order = np.argsort(ids, kind="stable")
    order = order[ids[order] >= 0]
    found, starts = np.unique(ids[order], return_index=True)
    rows = np.split(order, starts)[1:]  # the piece before the first start is empty
    return [
        SeenTrack(int(track_id), np.asarray(people["frame"][each]), each)
        for track_id, each in zip(found, rows, strict=True)
    ]


class TrackLifter:
    """Lifts a workspace's people to files of `POSE_ROW`; existing pieces are kept.

    Args:
        workspace: contains the people.
        lifter: lifts windows.
        camera: the camera that took the images.
        keep_left_and_right: whether to correct swapped left and right joints, as live.
    """

    def __init__(
        self, workspace: Workspace, lifter: Lifter, camera: Camera, keep_left_and_right: bool
    ) -> None:
        self._folder = workspace.folder
        self._people, self._times_s = workspace.people(), workspace.times_s()
        self._lifter, self._camera = lifter, camera
        self._keep_left_and_right = keep_left_and_right
        self.config = lifter.config
        self.warnings: list[str] = []
        """Warnings on unlikely poses, with the person's id if there are several."""

    def lift(self, track: SeenTrack, on_frames: Callable[[int], object]) -> None:
        """Lift the pieces that are not lifted yet.

        Args:
            track: the person.
            on_frames: called with the number of frames done since the last call.

        Raises:
            DiffhpeError: the track is shorter than a window.
        """
        bounds = self._bounds(track)
        file = self.file(track)
        done = self._settle(file, bounds)
        on_frames(int(bounds[done]))
        orders = self._orders(track) if done + 1 < len(bounds) else None
        for start, end in zip(bounds[done:], bounds[done + 1 :], strict=False):
            share = _FramesOfShare(int(end - start), on_frames)
            rows = self.piece(track, int(start), int(end), orders, share)
            with file.open("ab") as output:
                output.write(rows.tobytes())
            share(1.0)
        if len(bounds) > 2 and self._lifter.options.decode == "rigid":
            _with_mean_lengths(file)

    def poses(self, track: SeenTrack) -> PoseTrack | None:
        """A person's lifted poses; None if there are none."""
        file = self.file(track)
        self._settle(file, self._bounds(track))
        count = file.stat().st_size // POSE_ROW.itemsize if file.is_file() else 0
        if not count:
            return None
        return PoseTrack(track.track_id, np.memmap(file, POSE_ROW, "r", shape=(count,)))

    def file(self, track: SeenTrack) -> Path:
        """A track's file; the name contains the length, since a longer track has other pieces."""
        return self._folder / f"track-{track.track_id}-{track.length}.rows"

    def _bounds(self, track: SeenTrack) -> NDArray[np.int64]:
        """The pieces' bounds, in frames since the track's first."""
        first, last = track.frames[[0, -1]]
        pieces = max(1, round(float(self._times_s[last] - self._times_s[first]) / PIECE_S))
        return np.linspace(0, track.length, pieces + 1).round().astype(np.int64)

    def _settle(self, file: Path, bounds: NDArray[np.int64]) -> int:
        """Cut off an incomplete piece, and return the number of complete ones."""
        rows = file.stat().st_size // POSE_ROW.itemsize if file.is_file() else 0
        done = int(np.searchsorted(bounds, rows, "right")) - 1
        if rows:
            with file.open("rb+") as output:
                output.truncate(int(bounds[done]) * POSE_ROW.itemsize)
        return done

    def piece(
        self,
        track: SeenTrack,
        start: int,
        end: int,
        orders: NDArray[np.int8] | None,
        on_share: Callable[[float], object] | None = None,
    ) -> NDArray[Any]:
        """Rows of the frames from `start` to `end`, counted from the track's first.

        Args:
            track: the person.
            start: first frame of the piece.
            end: end of the piece.
            orders: (n, 17), order of the joints in each of the track's rows; None: unchanged.
            on_share: called with the share of the piece that is done.
        """
        first = int(track.frames[0])
        times = np.asarray(self._times_s[first : first + track.length])
        before = int(np.searchsorted(times, times[start] - MARGIN_S))
        after = int(np.searchsorted(times, times[end - 1] + MARGIN_S, "right"))
        seen = self._keypoints(track, times, slice(before, after), orders)
        inside = slice(start - before, end - before)
        rows = np.zeros(end - start, POSE_ROW)
        rows["frame"], rows["time_s"] = first + np.arange(start, end), times[start:end]
        rows["pose"], rows["root"] = np.nan, np.nan
        rows["confidence"] = seen.confidence[inside]
        if np.isfinite(seen.keypoints).any():
            alone = len(self._times_s) == 1
            config = self.config
            lifted = lift_track(
                self._lifter,
                held(seen, config.frames, config.rate) if alone else seen,
                on_share=on_share,
            )
            self._note(lifted, track.track_id)
            inside = slice(config.frames // 2, config.frames // 2 + 1) if alone else inside
            rows["pose"], rows["root"] = lifted.poses[inside], lifted.root[inside]
        return rows

    def _orders(self, track: SeenTrack) -> NDArray[np.int8] | None:
        """The order of the joints in each row that corrects swapped sides."""
        if not self._keep_left_and_right:
            return None
        stamps_ns = (self._times_s[track.frames] * 1e9).round().astype(np.int64)
        return track_orders(stamps_ns, (self._people[row]["keypoints"] for row in track.rows))

    def _keypoints(
        self,
        track: SeenTrack,
        times: NDArray[np.float64],
        part: slice,
        orders: NDArray[np.int8] | None,
    ) -> KeypointTrack:
        """The person in every frame of a part, NaN in frames where they are not seen."""
        count = part.stop - part.start
        keypoints = np.full((count, NUM_JOINTS, 2), np.nan, np.float32)
        confidence = np.zeros((count, NUM_JOINTS), np.float32)
        world = np.full((count, NUM_JOINTS, 3), np.nan, np.float32)
        frames = track.frames - track.frames[0]
        inside = slice(*np.searchsorted(frames, [part.start, part.stop]))
        rows = self._people[track.rows[inside]]
        unknown = np.full((len(rows), NUM_JOINTS, 2, 2), np.nan, np.float32)
        people = People(rows["keypoints"], rows["confidence"], unknown, rows["world_landmarks"])
        if orders is not None:
            people = people.reordered(orders[inside].astype(np.intp))
        at = frames[inside] - part.start
        keypoints[at], confidence[at] = people.keypoints, people.confidence
        world[at] = people.world_landmarks
        return KeypointTrack(
            times[part],
            keypoints,
            confidence,
            self._camera,
            world_landmarks=world if np.isfinite(world).any() else None,
        )

    def _note(self, lifted: LiftedTrack, track_id: int) -> None:
        alone = bool((self._people["track_id"] == track_id).all())
        self.warnings += [
            text if alone else f"person {track_id}: {text}" for text in lifted.warnings
        ]


class _FramesOfShare:
    """Converts the share of a piece that is done to numbers of frames.

    Args:
        frames: number of frames in the piece.
        on_frames: called with the number of frames done since the last call.
    """

    def __init__(self, frames: int, on_frames: Callable[[int], object]) -> None:
        self._frames, self._on_frames = frames, on_frames
        self._done = 0

    def __call__(self, share: float) -> None:
        done = round(share * self._frames)
        self._on_frames(done - self._done)
        self._done = done


def held(seen: KeypointTrack, frames: int, rate: float) -> KeypointTrack:
    """A person in one image, repeated for a window as if not moving.

    Args:
        seen: the person in that image.
        frames: number of frames in a window.
        rate: frames per second of a window.
    """
    world = seen.world_landmarks
    return replace(
        seen,
        times_s=seen.times_s + np.arange(frames) / rate,
        keypoints=seen.keypoints.repeat(frames, 0),
        confidence=seen.confidence.repeat(frames, 0),
        world_landmarks=None if world is None else world.repeat(frames, 0),
    )


def _with_mean_lengths(file: Path) -> None:
    """Give the poses of all pieces the same bone lengths."""
    rows = np.memmap(file, POSE_ROW, "r+")
    total, count = np.zeros(NUM_JOINTS - 1), 0
    for chunk in _chunks(rows):
        known = chunk["pose"][np.isfinite(chunk["pose"]).all((1, 2))]
        total += bone_lengths(known).sum(0)
        count += len(known)
    if not count:
        return
    for chunk in _chunks(rows):
        chunk["pose"] = with_lengths(chunk["pose"], (total / count).astype(np.float32))
    rows.flush()


def _chunks(rows: NDArray[Any], size: int = 4096) -> Iterator[NDArray[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
