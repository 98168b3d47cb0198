"""Batches of training windows: motion capture through random cameras and a detector's eyes."""

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor
from torch.utils.data import IterableDataset

from diffhpe_ros.lifting.views import PersonView, turn_points
from diffhpe_ros.skeleton import HIP
from diffhpe_ros.training import detector_like, virtual_camera
from diffhpe_ros.training.mocap import MotionCapture, mirror

DETECTOR_CONVENTION_SHARE = 0.5


class VirtualCameraWindows(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches (x_2d (B, 27, 17, 2), poses (B, 27, 17, 3)) in the person view.

    Args:
        capture: the motion capture.
        batch_size: B.
        seed: of all that is random; batch k depends on the seed and k alone.
        first: tells the number of the first batch, so that a resumed training goes on.
    """

    def __init__(
        self, capture: MotionCapture, batch_size: int, seed: int, first: Callable[[], int]
    ) -> None:
        self.capture = capture
        self.batch_size = batch_size
        self.seed = seed
        self.first = first

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches from the first one on."""
        for index in itertools.count(self.first()):
            yield self.batch(Generator().manual_seed((self.seed << 32) + index))

    def batch(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """One batch; unseen joints are (0, 0)."""
        starts = self.capture.starts
        chosen = torch.randint(len(starts), (self.batch_size,), generator=generator)
        positions, facing = _vary_body(*self.capture.windows(starts[chosen]), generator)
        strength = _convention_strength(self.batch_size, generator)
        detected = detector_like.detector_joints(positions, facing, strength)
        hip = positions[:, positions.shape[1] // 2, HIP]
        both = virtual_camera.see(torch.cat([positions, detected], 2), hip, generator)
        points, detected = both.chunk(2, 2)
        x_2d = virtual_camera.project(detected)
        x_2d = x_2d + detector_like.detector_noise(x_2d, generator)
        unseen = virtual_camera.cut_by_border(x_2d, generator)
        unseen |= detector_like.missing_joints(unseen.shape, generator)
        x_2d = torch.where(unseen[..., None], 0.0, x_2d)
        turned, rotation = PersonView().enter(x_2d)
        poses = points - points[:, :, :1]
        return turned, turn_points(poses, rotation)


def _vary_body(positions: Tensor, facing: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Mirror half of the windows; scale the bodies."""
    batch = len(positions)
    is_mirrored = (torch.rand(batch, generator=generator) < 0.5).view(-1, 1, 1, 1)
    other_positions, other_facing = mirror(positions, facing)
    scale = virtual_camera.uniform((batch, 1, 1, 1), *virtual_camera.BODY_SCALE, generator)
    positions = torch.where(is_mirrored, other_positions, positions) * scale
    return positions, torch.where(is_mirrored[..., 0], other_facing, facing)


def _convention_strength(batch: int, generator: Generator) -> Tensor:
    """Half of the windows with the motion capture's own joints, half as a detector has them."""
    has = torch.rand(batch, generator=generator) < DETECTOR_CONVENTION_SHARE
    return torch.where(has, virtual_camera.uniform((batch,), 0.6, 1.3, generator), 0.0)
