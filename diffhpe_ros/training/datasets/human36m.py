"""Human3.6M in the two files of VideoPose3D (Pavllo et al., CVPR 2019)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.object_arrays import mapping, numbers, read_object_npz
from diffhpe_ros.skeleton import LEFT_JOINTS, NUM_JOINTS, RIGHT_JOINTS
from diffhpe_ros.training.datasets.human36m_cameras import PlacedCamera, cameras_of
from diffhpe_ros.training.datasets.recordings import (
    RecordedSequence,
    to_input_view,
    to_root_relative,
)

SPLITS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
"""Protocol 1's subjects."""

RATE_HZ = 50.0
CAPTURED_JOINTS = 32
KEPT_JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Of the 32 captured joints, those of the 17-joint skeleton; the others are fixed or duplicates."""

NOT_RECORDED = ("S11", "Directions")
"""One of its videos is damaged, so most files leave it out."""

_EVERY = 25  # frames; enough to identify a camera
_FARTHEST_PX = 100.0


@dataclass(frozen=True, eq=False)
class _CameraSequence:
    """One action in one camera."""

    subject: str
    action: str
    camera: PlacedCamera
    joints: NDArray[np.float32]
    """(T, 17, 3), metres in the camera's frame."""
    pixels: NDArray[np.float32]
    """(T, 17, 2)"""

    def misfit_px(self) -> float:
        """Median distance of the 2D joints from the projected 3D joints."""
        projected = self.camera.lens.project(self.joints[::_EVERY])
        apart = np.linalg.norm(projected - self.pixels[::_EVERY], axis=-1)
        known = apart[np.isfinite(apart)]
        return float(np.median(known)) if known.size else float("inf")

    def recording(self, input_view: str) -> RecordedSequence:
        """As a `RecordedSequence`."""
        poses, root = to_root_relative(self.joints)
        return RecordedSequence(
            x_2d=to_input_view(self.camera.lens, self.pixels, input_view),
            poses=poses,
            root=root,
            valid=np.ones(len(poses), np.bool_),
            subject=self.subject,
            action=self.action.split(" ")[0],
            sequence=self.action,
            camera=self.camera.name,
            rate=RATE_HZ,
        )


def read_human36m(
    data_3d: Path, data_2d: Path, subjects: Sequence[str], input_view: str
) -> list[RecordedSequence]:
    """Read the sequences of some subjects in all four cameras.

    Args:
        data_3d: data_3d_h36m.npz, world metres of 32 joints.
        data_2d: such as data_2d_h36m_cpn_ft_h36m_dbb.npz or ..._gt.npz, pixels of the 17 joints
            in each camera. It may have more frames, actions and subjects than the other file;
            where an action has fewer than four views, each is assigned to its best fitting camera.
        subjects: such as `SPLITS["test"]`; those without 3D are left out.
        input_view: screen or person; see `recordings.to_input_view`.

    Raises:
        DiffhpeError: a file is missing or invalid, or there is no such subject.
    """
    world = read_object_npz(data_3d, ("positions_3d",))["positions_3d"]
    arrays = read_object_npz(data_2d, ("positions_2d", "metadata"))
    try:
        _check_layout(mapping(arrays["metadata"], "metadata"))
        seen = _sequences(world, arrays["positions_2d"], subjects)
        _check_fit(seen)
        return [one.recording(input_view) for one in seen]
    except DiffhpeError as error:
        raise DiffhpeError(f"{data_3d}, {data_2d}: {error}") from None


def _sequences(world: Any, pixels: Any, subjects: Sequence[str]) -> list[_CameraSequence]:
    world, pixels = mapping(world, "positions_3d"), mapping(pixels, "positions_2d")
    chosen = [subject for subject in subjects if cameras_of(subject) and subject in world]
    if not chosen:
        raise DiffhpeError(f"no 3D of {', '.join(subjects)}; found {', '.join(map(str, world))}")
    seen: list[_CameraSequence] = []
    for subject in chosen:
        views = mapping(pixels.get(subject), f"positions_2d of {subject}")
        for action, positions in mapping(world[subject], f"positions_3d of {subject}").items():
            if action in views:
                seen += _in_each_camera(subject, action, positions, views[action])
            elif (subject, action.split(" ")[0]) != NOT_RECORDED:
                raise DiffhpeError(f"2D of {subject} {action} are missing, although there are 3D")
    return seen


def _in_each_camera(subject: str, action: str, positions: Any, views: Any) -> list[_CameraSequence]:
    """One action in each of its cameras."""
    what = f"{subject} {action}"
    cameras = cameras_of(subject)
    joints = numbers(positions, (CAPTURED_JOINTS, 3), f"3D of {what}")[:, KEPT_JOINTS]
    if not isinstance(views, list | tuple | np.ndarray) or not 0 < len(views) <= len(cameras):
        raise DiffhpeError(f"2D of {what}: one array for each of {len(cameras)} cameras expected")
    known = {
        number: _cropped(numbers(view, (NUM_JOINTS, 2), f"2D of {what}"), len(joints), what)
        for number, view in enumerate(views)
        if view is not None
    }
    if len(views) == len(cameras):
        return [
            _CameraSequence(
                subject, action, cameras[number], cameras[number].to_optical(joints), pixels
            )
            for number, pixels in known.items()
        ]
    fits = [
        [
            _CameraSequence(subject, action, camera, camera.to_optical(joints), pixels)
            for camera, pixels in zip(some, known.values(), strict=True)
        ]
        for some in combinations(cameras, len(known))
    ]
    return min(fits, key=lambda fit: sum(one.misfit_px() for one in fit))


def _cropped(pixels: NDArray[np.float32], frames: int, what: str) -> NDArray[np.float32]:
    """The first `frames` frames: the videos are longer than the motion capture."""
    if len(pixels) < frames:
        raise DiffhpeError(
            f"{what} has {len(pixels)} frames of 2D and {frames} of 3D; at least as many of 2D"
            " are expected"
        )
    return pixels[:frames]


def _check_fit(seen: Sequence[_CameraSequence]) -> None:
    """Check the median over all sequences, since the published 3D is displaced in a few of S9."""
    misfit = float(np.median([one.misfit_px() for one in seen]))
    if misfit > _FARTHEST_PX:
        raise DiffhpeError(
            f"most 2D are {misfit:.0f} pixels from where the published cameras see the 3D;"
            " world metres, pixels, and cameras in the published order are expected"
        )


def _check_layout(metadata: Mapping[str, Any]) -> None:
    layout, joints = metadata.get("layout_name"), metadata.get("num_joints")
    if layout != "h36m" or joints != NUM_JOINTS:
        raise DiffhpeError(
            f"2D have the layout {layout!r} of {joints} joints; 'h36m' of {NUM_JOINTS} is expected"
        )
    sides = [sorted(map(int, side)) for side in metadata.get("keypoints_symmetry", ())]
    if sides != [sorted(LEFT_JOINTS), sorted(RIGHT_JOINTS)]:
        raise DiffhpeError(
            f"2D have the left and right joints {sides}; {LEFT_JOINTS} and {RIGHT_JOINTS} expected"
        )
