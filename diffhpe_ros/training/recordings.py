"""Recorded people: 2D as it was detected, 3D as it was captured, and windows of both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.views import turn_points, view
from diffhpe_ros.skeleton import HIP, MIRRORED, NUM_JOINTS
from diffhpe_ros.training.sources import EPOCHS, generator_of
from diffhpe_ros.training.truth import Windows

FRAMES = 27


@dataclass(frozen=True, eq=False)
class Recording:
    """T frames of one person seen by one camera.

    Raises:
        DiffhpeError: a shape does not fit.
    """

    x_2d: NDArray[np.float32]
    """(T, 17, 2), as `seen_by` gives them, (0, 0) where unseen."""
    poses: NDArray[np.float32]
    """(T, 17, 3), root-relative metres in the camera frame."""
    root: NDArray[np.float32] | None
    """(T, 3), metres in the camera frame; None where unknown."""
    valid: NDArray[np.bool_]
    """(T,), whether the frame's pose is to be believed."""
    subject: str
    action: str
    sequence: str
    camera: str
    rate: float
    """Frames per second."""

    def __post_init__(self) -> None:
        frames = len(self.x_2d)
        for name, shape in (
            ("x_2d", (frames, NUM_JOINTS, 2)),
            ("poses", (frames, NUM_JOINTS, 3)),
            ("root", (frames, 3)),
            ("valid", (frames,)),
        ):
            values = getattr(self, name)
            if values is not None and values.shape != shape:
                raise DiffhpeError(f"{name} must be {shape}, got {values.shape}")
        unknown = ~np.isfinite(self.poses[self.valid]).all((1, 2))
        if unknown.any():
            raise DiffhpeError(
                f"{self.subject}, {self.sequence}: NaN or infinity in the poses of"
                f" {unknown.sum()} valid frames"
            )


def seen_by(camera: Camera, pixels: NDArray[np.float32], input_view: str) -> NDArray[np.float32]:
    """2D in pixels as `Lifter.lift` takes it for a model of that input view.

    Args:
        camera: took the image.
        pixels: (T, 17, 2); not finite where unseen.
        input_view: screen, u/w·2-1 and v/w·2-h/w with the lens's distortion, as the papers have
            it; or person, the canonical view.

    Returns:
        (T, 17, 2), (0, 0) where unseen.

    Raises:
        DiffhpeError: there is no view of that name.
    """
    view(input_view)  # knows the names
    if input_view == "screen":
        middle = np.array([1.0, camera.height / camera.width], np.float32)
        seen = pixels * np.float32(2 / camera.width) - middle
    else:
        seen = camera.to_canonical(pixels)
    is_seen = np.isfinite(seen).all(-1, keepdims=True)
    return np.where(is_seen, seen, 0.0).astype(np.float32)


def evaluation_windows(recordings: Sequence[Recording], frames: int = FRAMES) -> Windows:
    """Windows that cover all valid frames, each once where possible.

    A stretch of valid frames is cut into windows one after the other; where its last frames fill
    no window, they are seen in one that overlaps the one before. Shorter stretches are left out.

    Raises:
        DiffhpeError: no recording has as many valid frames in a row.
    """
    chosen = [
        (recording, start) for recording in recordings for start in _covering(recording, frames)
    ]
    if not chosen:
        longest = max((_longest_run(one.valid) for one in recordings), default=0)
        raise DiffhpeError(
            f"{len(recordings)} recordings have no {frames} valid frames in a row, the most are"
            f" {longest}"
        )

    def stacked(name: str) -> NDArray[np.float32]:
        return np.stack([getattr(one, name)[start : start + frames] for one, start in chosen])

    def label(name: str) -> NDArray[np.str_]:
        return np.array([getattr(one, name) for one, _ in chosen], np.str_)

    has_root = all(one.root is not None for one, _ in chosen)
    return Windows(
        x_2d=stacked("x_2d"),
        poses=stacked("poses"),
        root=stacked("root") if has_root else None,
        subject=label("subject"),
        action=label("action"),
        sequence=label("sequence"),
        camera=label("camera"),
        start=np.array([start for _, start in chosen]),
    )


class RecordedWindows:
    """Batches of windows of recordings (a `Source`).

    As in the released code, an epoch visits each recording ⌊T/27⌋ times, each time at a random
    start, all in a random order. Its last batch may be smaller.

    Args:
        recordings: with `x_2d` for the same input view.
        batch_size: windows in a batch.
        seed: of all that is random.
        input_view: of the model, screen or person.
        mirrored: whether half of the windows are mirrored.
        device: where the recordings are kept and batches are made.
        frames: window length.

    Raises:
        DiffhpeError: no window fits into any recording, or there is no such view.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        batch_size: int,
        seed: int,
        input_view: str,
        mirrored: bool = False,
        device: torch.device | str = "cpu",
        frames: int = FRAMES,
    ) -> None:
        self.batch_size = batch_size
        self.seed = seed
        self.view = view(input_view)
        self.mirrored = mirrored
        self.frames = frames
        self.visits = _Visits(recordings, frames)
        self.x_2d = torch.from_numpy(np.concatenate([one.x_2d for one in recordings])).to(device)
        self.poses = torch.from_numpy(np.concatenate([one.poses for one in recordings])).to(device)
        self._last: tuple[int, Tensor, Tensor] | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Batches that visit all recordings."""
        return -(-len(self.visits) // self.batch_size)

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Batch number `index`: x_2d (B, 27, 17, 2) and poses (B, 27, 17, 3) in the input view."""
        epoch, number = divmod(index, self.batches_per_epoch)
        starts, is_mirrored = self._drawn(epoch)
        here = slice(number * self.batch_size, (number + 1) * self.batch_size)
        at = starts[here, None] + torch.arange(self.frames)
        at = at.to(self.x_2d.device)
        x_2d, poses = self.x_2d[at], self.poses[at]
        if self.mirrored:
            flipped = is_mirrored[here, None, None, None].to(x_2d.device)
            x_2d = torch.where(flipped, mirror(x_2d), x_2d)
            poses = torch.where(flipped, mirror(poses), poses)
        x_2d, rotation = self.view.enter(x_2d)
        return x_2d, turn_points(poses, rotation)

    def _drawn(self, epoch: int) -> tuple[Tensor, Tensor]:
        """Starts (V,) of an epoch's windows, and which are mirrored (V,)."""
        if self._last is None or self._last[0] != epoch:
            self._last = (epoch, *self._draw(epoch))
        return self._last[1:]

    def _draw(self, epoch: int) -> tuple[Tensor, Tensor]:
        generator = generator_of("cpu", EPOCHS, self.seed, epoch)
        count = len(self.visits)
        starts = self.visits.starts(torch.rand(count, generator=generator, dtype=torch.float64))
        order = torch.randperm(count, generator=generator)
        return starts[order], torch.rand(count, generator=generator) < 0.5


class _Visits:
    """The windows of an epoch before their starts are drawn, and what those may be."""

    def __init__(self, recordings: Sequence[Recording], frames: int) -> None:
        possible, first = [], 0
        visits = []
        for recording in recordings:
            possible.append(first + _starts(recording.valid, frames))
            visits.append(int(recording.valid.sum()) // frames if len(possible[-1]) else 0)
            first += len(recording.valid)
        if not sum(visits):
            raise DiffhpeError(
                f"{len(recordings)} recordings have no {frames} valid frames in a row to train on"
            )
        counts = [len(starts) for starts in possible]
        offsets = np.cumsum([0, *counts[:-1]])
        self._possible = torch.from_numpy(np.concatenate(possible))
        self._count = torch.from_numpy(np.repeat(counts, visits))
        self._offset = torch.from_numpy(np.repeat(offsets, visits))

    def __len__(self) -> int:
        return len(self._count)

    def starts(self, share: Tensor) -> Tensor:
        """(V,), uniform in [0, 1) → each visit's first frame (V,), among all recordings' frames."""
        return self._possible[self._offset + (share * self._count).long()]


def mirror(values: Tensor) -> Tensor:
    """2D or poses (..., 17, 2 or 3) of the mirrored person: x changes sign, left is right."""
    flip = values.new_ones(values.shape[-1])
    flip[0] = -1
    return values[..., list(MIRRORED), :] * flip


def rooted(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Joints (T, 17, 3) in the camera frame → root-relative poses and the root (T, 3)."""
    root = points[:, HIP]
    return points - root[:, None], root.copy()


def _starts(valid: NDArray[np.bool_], frames: int) -> NDArray[np.int64]:
    """First frames of all windows that are valid throughout."""
    before = np.concatenate([[0], np.cumsum(valid)])
    return np.flatnonzero(before[frames:] - before[:-frames] == frames)


def _runs(valid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(R, 2), first frame and end of each stretch of valid frames."""
    edges = np.diff(np.concatenate([[0], valid.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], -1)


def _longest_run(valid: NDArray[np.bool_]) -> int:
    return int(np.diff(_runs(valid)).max(initial=0))


def _covering(recording: Recording, frames: int) -> list[int]:
    """Starts of the windows that cover a recording's valid frames."""
    starts: list[int] = []
    for first, end in _runs(recording.valid).tolist():
        whole = range(first, end - frames + 1, frames)
        starts += whole
        if whole and whole[-1] + frames < end:
            starts.append(end - frames)
    return starts
