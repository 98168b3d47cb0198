"""Synthetic detections of moving people, image by image, with the truth at any time.

Training windows are independent. These streams are long enough to measure how a live graph handles
overlapping windows.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from diffhpe_ros.io import read_npz
from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.skeleton import HIP
from diffhpe_ros.training.detector_errors import DetectorModel, FittedErrors, blazepose_statistics
from diffhpe_ros.training.projection import project
from diffhpe_ros.training.random_streams import TRACKS, generator_of
from diffhpe_ros.training.synthesis import virtual_camera
from diffhpe_ros.windows import RATE, Observation, Window, WindowBuilder

_NEAREST_M = 1.0
_DRAWS = 100


@dataclass(frozen=True, eq=False)
class SyntheticStream:
    """Detections of one person by one camera.

    Attributes:
        stamps_ns: (T,) of the images, from 0.
        keypoints: (T, 17, 2) canonical view as detected, NaN where unseen.
        truth: (G, 17, 3) root-relative metres in the camera frame, at 50 Hz from time 0.
        root: (G, 3) metres in the camera frame, at the same times.
        name: name of the motion.
    """

    stamps_ns: NDArray[np.int64]
    keypoints: NDArray[np.float32]
    truth: NDArray[np.float64]
    root: NDArray[np.float64]
    name: str

    def windows(self, config: ModelConfig) -> Iterator[Window]:
        """The windows that the detector node would publish for a model, in order."""
        builder = WindowBuilder(config.frames, config.rate, first_rate=config.first_rate)
        for stamp, keypoints in zip(self.stamps_ns, self.keypoints, strict=True):
            confidence = np.isfinite(keypoints[:, 0]).astype(np.float32)
            unknown = np.full((len(keypoints), 2, 2), np.nan, np.float32)
            window = builder.add(Observation(int(stamp), keypoints, confidence, unknown))
            if window is not None:
                yield window

    def truth_at(self, stamps_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """(N, 17, 3), the true poses at times within the stream."""
        return _at(self.truth, np.asarray(stamps_ns) / 1e9)

    @property
    def end_ns(self) -> int:
        """Time of the last frame of the truth."""
        return round((len(self.truth) - 1) / RATE * 1e9)

    def joints_at(self, stamps_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """(N, 17, 3), the true joints in metres in the camera frame."""
        return _at(self.truth + self.root[:, None], np.asarray(stamps_ns) / 1e9)


def read_streams(
    path: Path,
    subjects: Collection[int],
    seed: int = 0,
    images_per_s: float = 30.0,
    seconds: float = 6.0,
) -> list[SyntheticStream]:
    """The middle of each sequence of some subjects, seen by a random camera.

    Args:
        path: cmu_h36m17_50hz.npz.
        subjects: numbers of the subjects.
        seed: seed of cameras and detector errors.
        images_per_s: frame rate of the camera.
        seconds: longest duration of a stream; sequences under 1.5 s are left out.

    Raises:
        DiffhpeError: the file is missing or invalid.
    """
    arrays = read_npz(path, ("positions", "head_forward", "offsets", "subject", "name"))
    detector = FittedErrors(blazepose_statistics().at(images_per_s))
    streams = []
    bounds = zip(arrays["offsets"], arrays["offsets"][1:], strict=False)
    for number, (first, last) in enumerate(bounds):
        if int(arrays["subject"][number]) not in subjects or last - first < 1.5 * RATE:
            continue
        most = round(seconds * RATE)
        first = first + max(0, last - first - most) // 2
        rows = slice(first, min(last, first + most))
        generator = generator_of("cpu", TRACKS, seed, number)
        streams.append(
            _stream(
                torch.from_numpy(arrays["positions"][rows].astype(np.float32)),
                torch.from_numpy(arrays["head_forward"][rows].astype(np.float32)),
                detector, images_per_s, generator, str(arrays["name"][number]),
            )
        )  # fmt: skip
    return streams


def _stream(
    positions: Tensor, facing: Tensor, detector: DetectorModel, images_per_s: float,
    generator: Generator, name: str,
) -> SyntheticStream:  # fmt: skip
    """The stream of a body (G, 17, 3) in the world."""
    detected = detector.joints(positions[None], facing[None], generator)[0]
    both = _to_random_camera(torch.cat([positions, detected], 1), generator)
    truth, moved = (part.double().numpy() for part in both.chunk(2, 1))
    times = np.arange(0, (len(truth) - 1) / RATE, 1 / images_per_s)
    points = torch.from_numpy(_at(moved, times)).float()[None]
    x_2d = project(points)
    noise, unseen = detector.errors(x_2d, generator)
    seen = torch.where(unseen[..., None], torch.nan, x_2d + noise)[0]
    stamps = np.rint(times * 1e9).astype(np.int64)
    root = truth[:, HIP]
    return SyntheticStream(stamps, seen.numpy(), truth - root[:, None], root, name)


def _to_random_camera(points: Tensor, generator: Generator) -> Tensor:
    """World points (G, K, 3) → a random camera's frame, at least `_NEAREST_M` away."""
    for _ in range(_DRAWS):
        seen = virtual_camera.to_random_cameras(
            points[None], points[None, len(points) // 2, HIP], generator
        )[0]
        if seen[..., 2].min() > _NEAREST_M:
            return seen
    raise AssertionError(f"none of {_DRAWS} random cameras keeps its distance")


def _at(poses: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Poses (G, ...) at 50 Hz, interpolated to other times."""
    position = np.clip(seconds * RATE, 0, len(poses) - 1)
    before = np.minimum(position.astype(np.int64), len(poses) - 2)
    share = (position - before)[:, None, None]
    return poses[before] * (1 - share) + poses[before + 1] * share
