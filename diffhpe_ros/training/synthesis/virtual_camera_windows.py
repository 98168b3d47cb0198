"""Training windows: augmented motion capture, seen by random cameras, with detector errors."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from diffhpe_ros.io import read_npz
from diffhpe_ros.lifting.pipeline.views import PersonView, turn_points
from diffhpe_ros.skeleton import HIP
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.datasets.mocap import SAME_PERSON, MotionCapture
from diffhpe_ros.training.detector_errors import DetectorModel
from diffhpe_ros.training.mirroring import mirror, reflect
from diffhpe_ros.training.projection import project
from diffhpe_ros.training.random_streams import (
    EVALUATION,
    VALIDATION,
    WINDOWS,
    generator_of,
    uniform,
)
from diffhpe_ros.training.synthesis import augmentation
from diffhpe_ros.training.synthesis.handmade_noise import HandmadeNoise
from diffhpe_ros.training.synthesis.virtual_camera import (
    EYE_LEVEL,
    CameraRange,
    beyond_field,
    body_scales,
    cut_by_border,
    to_random_cameras,
)
from diffhpe_ros.windows import RATE

SPEED = (0.7, 1.4)
BACKWARDS_SHARE = 0.1
EXCHANGE_SHARE = 0.3
SWING_SHARE = 0.3


class VirtualCameraWindows:
    """Batches (x_2d (B, 27, 17, 2), poses (B, 27, 17, 3)) in the person view.

    Args:
        capture: the motion capture; batches are made on its device.
        batch_size: B.
        seed: seed of all random choices; a batch depends only on the seed and its number.
        detectors: error models; each gets an equal part of every batch.
        cameras: ranges of people's positions and sizes, used in turn, batch by batch.
        rate: frames per second of the windows.
    """

    batches_per_epoch = None

    def __init__(
        self,
        capture: MotionCapture,
        batch_size: int,
        seed: int,
        detectors: Sequence[DetectorModel] = (HandmadeNoise(),),
        cameras: Sequence[CameraRange] = (EYE_LEVEL,),
        rate: float = RATE,
    ) -> None:
        self.capture = capture
        self.batch_size = batch_size
        self.seed = seed
        self.detectors = detectors
        self.cameras = cameras
        self.rate = rate

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Batch number `index`; unseen joints are (0, 0)."""
        device = self.capture.positions.device
        generator = generator_of(device, WINDOWS, self.seed, index)
        cameras = self.cameras[index % len(self.cameras)]
        positions, facing = augment(self.capture, self.batch_size, generator, cameras, self.rate)
        shares = zip(
            self.detectors,
            positions.tensor_split(len(self.detectors)),
            facing.tensor_split(len(self.detectors)),
            strict=True,
        )
        seen = [
            _detected(detector, body, head, generator, cameras)
            for detector, body, head in shares
            if len(body)  # with fewer windows than detectors, some get none
        ]
        points, x_2d = (torch.cat(each) for each in zip(*seen, strict=True))
        turned, rotation = PersonView().to_model_view(x_2d)
        return turned, turn_points(points - points[:, :, :1], rotation)


def _detected(
    detector: DetectorModel,
    positions: Tensor,
    facing: Tensor,
    generator: Generator,
    cameras: CameraRange = EYE_LEVEL,
) -> tuple[Tensor, Tensor]:
    """Bodies in the world → joints (B, L, 17, 3) in camera frames, detected 2D (B, L, 17, 2)."""
    detected = detector.joints(positions, facing, generator)
    hip = positions[:, positions.shape[1] // 2, HIP]
    both = to_random_cameras(torch.cat([positions, detected], 2), hip, generator, cameras)
    points, detected = both.chunk(2, 2)
    x_2d = project(detected)
    noise, unseen = detector.errors(x_2d, generator)
    x_2d = x_2d + noise
    unseen = unseen | cut_by_border(x_2d, generator) | beyond_field(detected, generator, cameras)
    return points, torch.where(unseen[..., None], 0.0, x_2d)


def validation_people(
    capture: MotionCapture,
    count: int,
    seed: int = 0,
    cameras: CameraRange = EYE_LEVEL,
    rate: float = RATE,
) -> LabelledWindows:
    """Windows of the second validation: no augmentation, hand-tuned noise as in the first.

    Args:
        capture: the people's, such as `VALIDATION_PEOPLE`.
        count: N, number of windows, at equal intervals over all takes, by their weights.
        seed: seed of cameras and noise.
        cameras: range of the people's positions; their size stays as captured.
        rate: frames per second of the windows.

    Returns:
        Windows in the canonical view, with root positions and subjects.
    """
    return _as_captured(capture, _evenly(capture.weights, count), seed, cameras, rate)


def calibration_people(
    capture: MotionCapture,
    each: int,
    seed: int = 0,
    cameras: CameraRange = EYE_LEVEL,
    rate: float = RATE,
) -> LabelledWindows:
    """Windows like `validation_people`, with the same number for each person.

    Args:
        capture: all people's.
        each: number of windows per person.
        seed: seed of cameras and noise.
        cameras: range of the people's positions.
        rate: frames per second of the windows.
    """
    people = torch.tensor([SAME_PERSON.get(int(who), int(who)) for who in capture.subjects])
    capture = replace(capture, subjects=people)
    chosen = [_evenly(capture.weights * (people == person), each) for person in people.unique()]
    return _as_captured(capture, torch.cat(chosen), seed, cameras, rate)


def _evenly(weights: Tensor, count: int) -> Tensor:
    """Indices (count,) of windows at equal intervals of their cumulative weights (W,)."""
    total = weights.cumsum(0, dtype=torch.float64)
    evenly = (torch.arange(count, dtype=total.dtype) + 0.5) / count * total[-1]
    return torch.searchsorted(total, evenly)


def _as_captured(
    capture: MotionCapture, chosen: Tensor, seed: int, cameras: CameraRange, rate: float
) -> LabelledWindows:
    """Chosen windows without augmentation; arguments as those of `validation_people`."""
    generator = generator_of("cpu", VALIDATION, seed, 0)
    positions, facing = capture.windows(chosen, torch.full((len(chosen),), RATE / rate))
    windows = _with_handmade_noise(positions, facing, generator, cameras)
    return replace(windows, subject=capture.subjects[chosen].numpy().astype(np.str_))


def synthetic_evaluation_windows(
    path: Path, subjects: Collection[int], seed: int = 0, cameras: int = 2, frames: int = 27
) -> LabelledWindows | None:
    """Consecutive windows of some subjects, each seen by random cameras, with hand-tuned noise.

    Args:
        path: a file that `diffhpe data` wrote.
        subjects: numbers of the subjects.
        seed: seed of cameras and noise.
        cameras: number of views of each window.
        frames: number of frames in a window.

    Returns:
        Windows in the canonical view with root positions and labels; None if there are none.

    Raises:
        DiffhpeError: the file is missing or invalid.
    """
    arrays = read_npz(path, ("positions", "head_forward", "offsets", "subject", "name"))
    chosen = [
        (sequence, start)
        for sequence, (first, last) in enumerate(itertools.pairwise(arrays["offsets"]))
        if int(arrays["subject"][sequence]) in subjects
        for start in range(0, last - first - frames + 1, frames)
    ]
    if not chosen:
        return None
    sequences, starts = np.array(chosen).T
    rows = (arrays["offsets"][sequences] + starts)[:, None] + np.arange(frames)
    positions, facing = (
        torch.from_numpy(arrays[name][rows].astype(np.float32))
        for name in ("positions", "head_forward")
    )
    views = []
    for camera in range(cameras):
        generator = generator_of("cpu", EVALUATION, seed, camera)
        views.append(
            replace(
                _with_handmade_noise(positions, facing, generator),
                subject=arrays["subject"][sequences].astype(np.str_),
                sequence=arrays["name"][sequences],
                camera=np.array(str(camera)),
                start=starts,
            )
        )
    return reduce(LabelledWindows.joined, views)


def _with_handmade_noise(
    positions: Tensor, facing: Tensor, generator: Generator, cameras: CameraRange = EYE_LEVEL
) -> LabelledWindows:
    """Bodies (B, L, 17, 3) in the world, seen by random cameras with hand-tuned noise."""
    points, x_2d = _detected(HandmadeNoise(), positions, facing, generator, cameras)
    root = points[:, :, :1]
    return LabelledWindows(x_2d.numpy(), (points - root).numpy(), root[:, :, 0].numpy())


def augment(
    capture: MotionCapture,
    batch: int,
    generator: Generator,
    cameras: CameraRange = EYE_LEVEL,
    rate: float = RATE,
) -> tuple[Tensor, Tensor]:
    """Random windows with augmented bodies and motions.

    Returns:
        Positions (B, L, 17, 3) and facing directions of the heads (B, L, 3).
    """
    positions, facing = _random_windows(capture, batch, generator, rate)
    arms, _ = _random_windows(capture, batch, generator, rate)
    legs = arms.roll(1, 0)
    for share, varied in (
        (EXCHANGE_SHARE, lambda body: augmentation.exchange_arms(body, arms)),
        (EXCHANGE_SHARE, lambda body: augmentation.exchange_legs(body, legs)),
        (SWING_SHARE, lambda body: augmentation.swing_arms(body, generator)),
    ):
        positions = torch.where(_some(batch, share, generator), varied(positions), positions)
    positions = augmentation.vary_proportions(positions, generator)
    scale = body_scales(batch, generator, cameras)
    return positions * scale[:, None, None, None], facing


def _random_windows(
    capture: MotionCapture, batch: int, generator: Generator, rate: float
) -> tuple[Tensor, Tensor]:
    """Windows at random speeds, some backwards, half of them mirrored."""
    chosen = capture.draw(batch, generator)
    speed = RATE / rate * uniform((batch,), *SPEED, generator)
    is_backwards = _some(batch, BACKWARDS_SHARE, generator).flatten()
    positions, facing = capture.windows(chosen, torch.where(is_backwards, -speed, speed))
    is_mirrored = _some(batch, 0.5, generator)
    return (
        torch.where(is_mirrored, mirror(positions), positions),
        torch.where(is_mirrored[..., 0], reflect(facing), facing),
    )


def _some(batch: int, share: float, generator: Generator) -> Tensor:
    """(B, 1, 1, 1), true for about that share."""
    return uniform((batch, 1, 1, 1), 0.0, 1.0, generator) < share
