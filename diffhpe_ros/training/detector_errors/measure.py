"""Runs the real BlazePose on rendered people whose joints are known."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import Detector, create_detector
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz
from diffhpe_ros.rendering.body import Array, Pose, turn
from diffhpe_ros.rendering.clothes import Figure
from diffhpe_ros.rendering.march import BLOCK, march
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.skeleton import HIP, NUM_JOINTS

FRAMES = 27  # a window, at the motion capture's 50 Hz
SIDE_PX, FIELD_OF_VIEW = 320, 60.0
DISTANCE_M, SIDEWAYS_M, CAMERA_HEIGHT_M = (2.1, 5.0), 0.4, (0.5, 2.2)
HIDDEN_M = 0.15  # a joint lies up to 0.1 m inside its own limb


@dataclass(frozen=True)
class DetectorMeasurements:
    """Detected and true joints of C clips of L frames."""

    joints: NDArray[np.float32]
    """(C, L, 17, 3) motion-capture joints, metres, optical frame."""
    head_forward: NDArray[np.float32]
    """(C, L, 3) facing direction of the head, optical frame."""
    hidden: NDArray[np.bool_]
    """(C, L, 17) whether another body part hides the joint."""
    detected: NDArray[np.float32]
    """(C, L, 17, 2) canonical view, NaN without a detection or outside the image."""
    confidence: NDArray[np.float32]
    """(C, L, 17), 0 where the joint was not found."""
    subject: NDArray[np.int64]
    """(C,)."""

    def save(self, path: Path) -> None:
        """Write an .npz file."""
        np.savez_compressed(path, **{each.name: getattr(self, each.name) for each in fields(self)})


def read_measured(path: Path) -> DetectorMeasurements:
    """Read what `DetectorMeasurements.save` wrote.

    Raises:
        DiffhpeError: the file is missing or invalid.
    """
    names = [each.name for each in fields(DetectorMeasurements)]
    arrays = read_npz(path, names)
    return DetectorMeasurements(**{name: arrays[name] for name in names})


@dataclass(frozen=True)
class RenderedClip:
    """One person's motion in the view of one camera."""

    poses: list[Pose]
    view: CameraView
    subject: int


def draw_clips(mocap: Path, count: int, seed: int, without: Collection[int]) -> list[RenderedClip]:
    """Random windows, rotated and placed in front of a camera in a room.

    Args:
        mocap: cmu_h36m17_50hz.npz.
        count: number of clips.
        seed: seed of the random choices.
        without: subjects to leave out.

    Raises:
        DiffhpeError: the file is missing or invalid, or has no window.
    """
    names = ("positions", "head_forward", "toes", "offsets", "subject")
    arrays = read_npz(mocap, names)
    offsets, subjects = arrays["offsets"], arrays["subject"]
    sequences = [k for k, subject in enumerate(subjects) if int(subject) not in without]
    starts = [
        (k, start) for k in sequences for start in range(offsets[k], offsets[k + 1] - FRAMES + 1)
    ]
    if not starts:
        raise DiffhpeError(f"{mocap}: no sequence of {FRAMES} frames or more to draw from")
    rng = np.random.default_rng(seed)
    clips = []
    for index in rng.integers(len(starts), size=count):
        sequence, start = starts[index]
        floor = float(arrays["toes"][offsets[sequence] : offsets[sequence + 1], :, 2].min())
        window = slice(start, start + FRAMES)
        positions, facing, toes = (arrays[name][window].astype(np.float64) for name in names[:3])
        view, to_room, shift = _place(positions, floor, rng)
        poses = [
            Pose(joints @ to_room.T + shift, forward @ to_room.T, tips @ to_room.T + shift)
            for joints, forward, tips in zip(positions, facing, toes, strict=True)
        ]
        clips.append(RenderedClip(poses, view, int(subjects[sequence])))
    return clips


def _place(
    positions: Array, floor: float, rng: np.random.Generator
) -> tuple[CameraView, Array, Array]:
    """A camera, and the rotation (3, 3) and shift (3,) that place a motion in its view."""
    hip = positions[:, HIP].mean(0)
    to_room = turn(yaw=rng.uniform(0, 2 * np.pi))
    sideways, distance = rng.uniform(-SIDEWAYS_M, SIDEWAYS_M), rng.uniform(*DISTANCE_M)
    at = np.array([sideways, distance, hip[2] - floor])
    eye = np.array([0.0, 0.0, rng.uniform(*CAMERA_HEIGHT_M)])
    target = at + rng.uniform(-0.1, 0.1, 3)
    camera = Camera.from_field_of_view(SIDE_PX, SIDE_PX, FIELD_OF_VIEW)
    return CameraView.looking_at(camera, eye, target), to_room, at - hip @ to_room.T


def measure(clips: list[RenderedClip]) -> DetectorMeasurements:
    """Render the clips and run BlazePose on them; takes about 0.2 s per frame on one core.

    When interrupted, it returns the finished clips.

    Raises:
        DiffhpeError: BlazePose cannot be loaded.
    """
    detector = create_detector("blazepose", min_confidence=0.0)
    found = []
    try:
        for clip in tqdm(clips, "measuring", unit="clip"):
            found.append(measure_clip(clip, detector))
    except KeyboardInterrupt:
        if not found:
            raise
    subject = np.array([clip.subject for clip in clips[: len(found)]])
    joints, head_forward, hidden, detected, confidence = (
        np.stack(column) for column in zip(*found, strict=True)
    )
    return DetectorMeasurements(joints, head_forward, hidden, detected, confidence, subject)


def measure_clip(clip: RenderedClip, detector: Detector) -> tuple[NDArray[Any], ...]:
    """The rows of one clip, in the order of `DetectorMeasurements`."""
    detector.reset()
    renderer, view = Renderer(clip.view, samples=1), clip.view
    keypoints = np.full((len(clip.poses), NUM_JOINTS, 2), np.nan, np.float32)
    confidence = np.zeros(keypoints.shape[:2], np.float32)
    for frame, pose in enumerate(clip.poses):
        people = detector.detect(renderer.render([pose], seed=frame))
        if len(people):
            keypoints[frame], confidence[frame] = people.keypoints[0], people.confidence[0]
    return (
        np.stack([view.to_optical(pose.joints) for pose in clip.poses]).astype(np.float32),
        np.stack([view.rotation @ pose.head_forward for pose in clip.poses]).astype(np.float32),
        np.stack([hidden_joints(pose, view) for pose in clip.poses]),
        view.camera.to_canonical(keypoints),
        confidence,
    )


def hidden_joints(pose: Pose, view: CameraView) -> NDArray[np.bool_]:
    """Joints (17,) that are hidden by another body part."""
    figure = Figure(pose)
    offset = pose.joints - view.position
    distance = np.linalg.norm(offset, axis=-1)
    rays = (offset / distance[:, None]).astype(np.float32)
    blocks = rays[None].repeat(BLOCK, 0).repeat(BLOCK, 1)  # `march` takes whole blocks of rays
    surface = march(figure, view.position, blocks)[0, ::BLOCK]
    return np.asarray(surface < distance - HIDDEN_M * figure.scale)
