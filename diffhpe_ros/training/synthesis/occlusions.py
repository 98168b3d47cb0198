"""The paper's occlusion patterns: which joints of which frames are hidden from a model.

Rommel et al., ICCVW 2023, section 4.3; the joints and shares are those of the released code.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from diffhpe_ros.errors import unknown
from diffhpe_ros.lifting.pipeline.views import View, turn_points
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.training.datasets.batches import WindowSource
from diffhpe_ros.training.random_streams import OCCLUSIONS, generator_of, uniform

RIGHT_LEG = (1, 2, 3)
LEFT_ARM = (11, 12, 13)
ALL_JOINTS = tuple(range(NUM_JOINTS))

RANDOM_RATE = 0.2
LEG_AND_ARM_RATE = 0.4
LEG_RATE = 0.4
FRAMES_RATE = 0.2


class Occlusion(Protocol):
    """A way to occlude joints."""

    def draw(self, batch: int, frames: int, generator: Generator) -> Tensor:
        """Which joints are occluded: (B, L, 17) bool, on the generator's device."""


class NoJoints:
    """Nothing is occluded."""

    def draw(self, batch: int, frames: int, generator: Generator) -> Tensor:
        """All false."""
        return torch.zeros(batch, frames, NUM_JOINTS, dtype=torch.bool, device=generator.device)


@dataclass(frozen=True)
class RandomJoints:
    """Each joint of each frame independently."""

    rate: float

    def draw(self, batch: int, frames: int, generator: Generator) -> Tensor:
        """True with probability `rate`."""
        return uniform((batch, frames, NUM_JOINTS), 0.0, 1.0, generator) < self.rate


@dataclass(frozen=True)
class InRandomFrames:
    """Some joints in ⌊rate·L⌋ frames anywhere in the window."""

    joints: tuple[int, ...]
    rate: float

    def draw(self, batch: int, frames: int, generator: Generator) -> Tensor:
        """True for the joints in that many different frames."""
        rank = uniform((batch, frames), 0.0, 1.0, generator).argsort(1).argsort(1)
        return _of_joints(rank < int(self.rate * frames), self.joints)


@dataclass(frozen=True)
class InBlock:
    """Some joints in ⌊rate·L⌋ consecutive frames, which start anywhere from 0 to L - len.

    Args:
        joints: the joints to occlude.
        rate: share of the frames.
        spared: frames at the window's end that no block reaches. The released code draws starts
            from 0 to L - len - 1, so it spares one: the last frame, which live use shows.
    """

    joints: tuple[int, ...]
    rate: float
    spared: int = 0

    def draw(self, batch: int, frames: int, generator: Generator) -> Tensor:
        """True for the joints in one block of each window."""
        length = int(self.rate * frames)
        starts = max(frames - length - self.spared, 0) + 1
        start = torch.randint(starts, (batch, 1), generator=generator, device=generator.device)
        frame = torch.arange(frames, device=generator.device)
        return _of_joints((frame >= start) & (frame < start + length), self.joints)


@dataclass(frozen=True)
class AnyOf:
    """One of several patterns for each window, all equally likely."""

    patterns: tuple[Occlusion, ...]

    def draw(self, batch: int, frames: int, generator: Generator) -> Tensor:
        """The draw of one pattern for each window."""
        drawn = torch.stack([one.draw(batch, frames, generator) for one in self.patterns])
        device = generator.device
        chosen = torch.randint(len(drawn), (batch,), generator=generator, device=device)
        return drawn[chosen, torch.arange(batch, device=device)]


def occlusion(name: str, released: bool) -> Occlusion:
    """A pattern by its name.

    Args:
        name: none; random, each joint with probability 0.2; leg-and-arm, the left arm and right
            leg in ⌊0.4·L⌋ random frames; leg, the right leg in a block of ⌊0.4·L⌋ frames; frames,
            all joints in a block of ⌊0.2·L⌋; or all, one of the five for each window.
        released: whether blocks are drawn as in the released code, never over the last frame.

    Raises:
        DiffhpeError: there is no pattern with this name.
    """
    spared = 1 if released else 0
    single: dict[str, Occlusion] = {
        "none": NoJoints(),
        "random": RandomJoints(RANDOM_RATE),
        "leg-and-arm": InRandomFrames(RIGHT_LEG + LEFT_ARM, LEG_AND_ARM_RATE),
        "leg": InBlock(RIGHT_LEG, LEG_RATE, spared),
        "frames": InBlock(ALL_JOINTS, FRAMES_RATE, spared),
    }
    known = single | {"all": AnyOf(tuple(single.values()))}
    if name not in known:
        raise unknown("occlusion", name, known)
    return known[name]


def occlude(x_2d: Tensor, pattern: Occlusion, generator: Generator) -> Tensor:
    """2D input (B, L, 17, 2) with occluded joints at (0, 0), like unseen joints."""
    batch, frames = x_2d.shape[:2]
    occluded = pattern.draw(batch, frames, generator).to(x_2d.device)
    return x_2d.masked_fill(occluded[..., None], 0.0)


@dataclass(frozen=True)
class Occluded:
    """A window source with occluded joints (a `WindowSource`).

    Args:
        source: gives the windows.
        pattern: selects the occluded joints.
        seed: seed of the occlusions, which differ from batch to batch.
        view: the model's view, which is applied again, since its rotation depends on the visible
            joints.
    """

    source: WindowSource
    pattern: Occlusion
    seed: int
    view: View

    @property
    def batches_per_epoch(self) -> int | None:
        """As in the source."""
        return self.source.batches_per_epoch

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """The source's batch with occluded joints at (0, 0); the poses are complete."""
        x_2d, poses = self.source.batch(index)
        generator = generator_of(x_2d.device, OCCLUSIONS, self.seed, index)
        x_2d, rotation = self.view.to_model_view(occlude(x_2d, self.pattern, generator))
        return x_2d, turn_points(poses, rotation)


def _of_joints(in_frame: Tensor, joints: tuple[int, ...]) -> Tensor:
    """Frames (B, L) → (B, L, 17), true for the given joints in those frames."""
    chosen = torch.zeros(NUM_JOINTS, dtype=torch.bool, device=in_frame.device)
    chosen[list(joints)] = True
    return in_frame[..., None] & chosen
