"""Samples detector errors from a statistical model.

The joints that a detector detects (nose, midpoint of the eyes, joints of the limbs) are moved to
its convention and get errors. Hip, thorax and spine are averages of those, as in
`skeleton.LAYOUTS`.
"""

import math
from functools import cache
from typing import Protocol

import torch
from torch import Generator, Tensor

from diffhpe_ros.skeleton import MIRRORED
from diffhpe_ros.training.detector_errors.joints import (
    DETECTED_JOINTS,
    LIMBS,
    PARTS,
    averaged_joints,
    image_height,
    to_detector_joints,
    with_averaged_joints,
)
from diffhpe_ros.training.detector_errors.statistics import ErrorStatistics


class DetectorModel(Protocol):
    """Joint convention, errors and missing joints of a detector."""

    def joints(self, positions: Tensor, head_forward: Tensor, generator: Generator) -> Tensor:
        """Move joints to the detector's convention.

        Args:
            positions: (B, L, 17, 3) motion-capture joints, metres, in any frame.
            head_forward: (B, L, 3), facing direction of the head in the same frame.
            generator: random generator on the device of the tensors.

        Returns:
            (B, L, 17, 3).
        """

    def errors(self, x_2d: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Draw errors and missing joints for projected joints.

        Args:
            x_2d: (B, L, 17, 2), the projected joints of `joints`; any unit.
            generator: random generator on the device of the tensor.

        Returns:
            Errors (B, L, 17, 2) to add, and which joints (B, L, 17) are unseen.
        """


class FittedErrors:
    """A detector with measured errors (a `DetectorModel`).

    Args:
        statistics: the statistics of its errors.
        level: uniform range of the factor on a window's measured errors, since people vary more
            than those that were measured.
        strength: uniform range of the step from the motion capture's joint convention (0) to the
            detector's (1).
        has_unsure_joints: whether joints below the confidence threshold still count as detected.
    """

    def __init__(
        self,
        statistics: ErrorStatistics,
        level: tuple[float, float] = (1.0, 1.0),
        strength: tuple[float, float] = (1.0, 1.0),
        has_unsure_joints: bool = False,
    ) -> None:
        self.statistics = statistics
        self.level, self.strength = level, strength
        self.has_unsure_joints = has_unsure_joints
        by_joint = [statistics.parts[name] for name, joints in PARTS.items() for _ in joints]

        def column(name: str) -> Tensor:
            return torch.tensor([getattr(part, name) for part in by_joint], dtype=torch.float32)

        self.offsets = column("offset")
        """(14, 3), from the motion capture's joints to the detector's; see `to_detector_joints`."""
        self._constant, self._smooth, self._white = map(column, ("constant", "smooth", "white"))
        self._outlier_share, self._miss_logit = column("outlier_share"), column("miss_logit")
        self._outlier_from, self._outlier_excess = column("outlier_from"), column("outlier_excess")
        self._factor = cache(self._factor_of)

    def joints(self, positions: Tensor, head_forward: Tensor, generator: Generator) -> Tensor:
        """See `DetectorModel.joints`."""
        strength = _uniform(positions, *self.strength, generator)
        detected = to_detector_joints(positions, head_forward, self.offsets.to(positions.device))
        return torch.lerp(positions, detected, strength)

    def errors(self, x_2d: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """See `DetectorModel.errors`."""
        found = self._inlier_errors(x_2d, generator)
        found = torch.where(*self._outliers(found, generator), found)
        found = found * _uniform(x_2d, *self.level, generator)
        noise = with_averaged_joints(found) * image_height(x_2d)[:, None, None, None]
        noise = self._swapped(x_2d + noise, generator) - x_2d
        unseen = self._unseen(found, generator)
        return noise, torch.zeros_like(unseen) if self.has_unsure_joints else unseen

    def _factor_of(self, frames: int, device: torch.device) -> Tensor:
        """(14, L, L) lower triangular: times white noise, it gives a joint's inlier errors."""
        frame = torch.arange(frames)
        lag = (frame[:, None] - frame).abs()
        smooth = self.statistics.smooth_correlation ** lag.double()
        constant, slow, white = (
            std.double()[:, None, None] ** 2 for std in (self._constant, self._smooth, self._white)
        )
        tiny = 1e-12  # keeps the factorisation possible where there is no white part
        covariance = constant + slow * smooth + (white + tiny) * torch.eye(frames)
        return torch.linalg.cholesky(covariance).float().to(device)

    def _inlier_errors(self, x_2d: Tensor, generator: Generator) -> Tensor:
        """Errors (B, L, 14, 2) without outliers: constant, smooth and white."""
        batch, frames = x_2d.shape[:2]
        factor = self._factor(frames, x_2d.device)
        shape = (len(DETECTED_JOINTS), frames, batch * 2)
        white = torch.randn(shape, generator=generator, device=x_2d.device)
        nose, eyes = DETECTED_JOINTS.index(*PARTS["nose"]), DETECTED_JOINTS.index(*PARTS["eyes"])
        same = self.statistics.head_correlation
        white[eyes] = same * white[nose] + (1 - same**2) ** 0.5 * white[eyes]
        return (factor @ white).view(-1, frames, batch, 2).permute(2, 1, 0, 3)

    def _outliers(self, like: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Which joints (B, L, 14, 1) are outliers, and their errors (B, L, 14, 2)."""
        shape, device = like.shape[:-1], like.device
        draws = torch.rand(*shape, 3, generator=generator, device=device)
        chance, size, angle = hold_draws(draws, self.statistics.outlier_change, generator).unbind(
            -1
        )
        excess = -self._outlier_excess.to(device) * torch.log1p(-size)
        distance = self._outlier_from.to(device) + excess
        angle = 2 * math.pi * angle
        offset = distance[..., None] * torch.stack([angle.cos(), angle.sin()], -1)
        return (chance < self._outlier_share.to(device))[..., None], offset

    def _swapped(self, x_2d: Tensor, generator: Generator) -> Tensor:
        """Joints (B, L, 17, 2), with left and right arms or legs swapped in some frames.

        Arms and legs share one draw: a detector that mistakes back for front swaps both.
        """
        draws = torch.rand(*x_2d.shape[:2], 1, generator=generator, device=x_2d.device)
        draws = hold_draws(draws, self.statistics.swap_change, generator)
        swap = torch.zeros(x_2d.shape[:3], dtype=torch.bool, device=x_2d.device)
        for name, joints in LIMBS.items():
            swap[..., list(joints)] = draws < self.statistics.swap_share[name]
        mirrored = x_2d[:, :, list(MIRRORED)]
        return averaged_joints(torch.where(swap[..., None], mirrored, x_2d))

    def _unseen(self, found: Tensor, generator: Generator) -> Tensor:
        """Joints (B, L, 17) under the confidence threshold, given the errors (B, L, 14, 2)."""
        percent = 100 * found.norm(dim=-1).clamp(min=1e-4)
        logit = self._miss_logit.to(found.device) + self.statistics.miss_slope * percent.log()
        draws = torch.rand(logit.shape, generator=generator, device=found.device)
        missed = hold_draws(draws, self.statistics.miss_change, generator) < logit.sigmoid()
        return with_averaged_joints(missed[..., None].float())[..., 0] > 0


def hold_draws(draws: Tensor, change: float, generator: Generator) -> Tensor:
    """Keep draws over frames: at each frame a joint is redrawn with probability `change`.

    Args:
        draws: (B, L, J) or (B, L, J, n), independent.
        change: probability.
        generator: selects the frames with new draws.

    Returns:
        The same shape.
    """
    batch, frames, joints = draws.shape[:3]
    device = draws.device
    new = torch.rand(batch, frames, joints, generator=generator, device=device) < change
    frame = torch.arange(frames, device=device)[:, None]
    last = torch.where(new, frame, 0).cummax(1).values
    last = last.view(*last.shape, *[1] * (draws.ndim - 3)).expand(draws.shape)
    return draws.gather(1, last)


def _uniform(like: Tensor, low: float, high: float, generator: Generator) -> Tensor:
    """One number per window, (B, 1, 1, 1)."""
    shape = (len(like), 1, 1, 1)
    return low + (high - low) * torch.rand(shape, generator=generator, device=like.device)
