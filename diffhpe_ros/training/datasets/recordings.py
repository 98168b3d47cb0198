"""Recorded sequences of detected 2D and captured 3D joints, and their evaluation windows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.pipeline.views import view
from diffhpe_ros.skeleton import HIP, NUM_JOINTS
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows

FRAMES = 27


@dataclass(frozen=True, eq=False)
class RecordedSequence:
    """T frames of one person seen by one camera.

    Raises:
        DiffhpeError: a shape does not fit.
    """

    x_2d: NDArray[np.float32]
    """(T, 17, 2), from `to_input_view`, (0, 0) where unseen."""
    poses: NDArray[np.float32]
    """(T, 17, 3), root-relative metres in the camera frame."""
    root: NDArray[np.float32] | None
    """(T, 3), metres in the camera frame; None where unknown."""
    valid: NDArray[np.bool_]
    """(T,), whether the frame's pose is valid."""
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


def to_input_view(
    camera: Camera, pixels: NDArray[np.float32], input_view: str
) -> NDArray[np.float32]:
    """Convert pixels to the 2D input of a model with this input view.

    Args:
        camera: the image's camera.
        pixels: (T, 17, 2); not finite where unseen.
        input_view: screen, u/w·2-1 and v/w·2-h/w with the lens's distortion, as in the papers; or
            person, the canonical view.

    Returns:
        (T, 17, 2), (0, 0) where unseen.

    Raises:
        DiffhpeError: there is no view with this name.
    """
    view(input_view)  # raises for unknown names
    if input_view == "screen":
        middle = np.array([1.0, camera.height / camera.width], np.float32)
        seen = pixels * np.float32(2 / camera.width) - middle
    else:
        seen = camera.to_canonical(pixels)
    is_seen = np.isfinite(seen).all(-1, keepdims=True)
    return np.where(is_seen, seen, 0.0).astype(np.float32)


def evaluation_windows(
    recordings: Sequence[RecordedSequence], frames: int = FRAMES
) -> LabelledWindows:
    """Windows that cover all valid frames, without overlap where possible.

    A run of valid frames is cut into consecutive windows. The last window overlaps the one before
    if the run is not a multiple of the window length. Runs shorter than a window are left out.

    Raises:
        DiffhpeError: no recording has enough consecutive valid frames.
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
    return LabelledWindows(
        x_2d=stacked("x_2d"),
        poses=stacked("poses"),
        root=stacked("root") if has_root else None,
        subject=label("subject"),
        action=label("action"),
        sequence=label("sequence"),
        camera=label("camera"),
        start=np.array([start for _, start in chosen]),
    )


def to_root_relative(
    points: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Joints (T, 17, 3) in the camera frame → root-relative poses and the root (T, 3)."""
    root = points[:, HIP]
    return points - root[:, None], root.copy()


def _runs(valid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(R, 2), start and end of each run of valid frames."""
    edges = np.diff(np.concatenate([[0], valid.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], -1)


def _longest_run(valid: NDArray[np.bool_]) -> int:
    return int(np.diff(_runs(valid)).max(initial=0))


def _covering(recording: RecordedSequence, frames: int) -> list[int]:
    """Starts of the windows that cover a recording's valid frames."""
    starts: list[int] = []
    for first, end in _runs(recording.valid).tolist():
        whole = range(first, end - frames + 1, frames)
        starts += whole
        if whole and whole[-1] + frames < end:
            starts.append(end - frames)
    return starts
