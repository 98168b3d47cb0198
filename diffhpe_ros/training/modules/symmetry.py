"""Training for poses that do not depend on left and right.

A body and its mirror image are equally likely, and training windows are mirrored at random. Still
the errors of a network on a window and on its mirror image differ: flip augmentation averages them,
at twice the time. Here the network learns that average itself: a batch has the mirror image of each
window, and a penalty draws the two poses together. Unlike the truth, which a window does not fully
determine, each is a target without noise.
"""

import torch
from torch import Tensor

from diffhpe_ros.training.mirroring import mirror
from diffhpe_ros.training.modules.losses import mean_joint_distance


class MirrorPenalty:
    """The weighted distance between the poses of windows and of their mirror images.

    Args:
        weight: relative to the loss, whose unit is that of the poses. With 0, nothing is mirrored.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def doubled(self, values: Tensor) -> Tensor:
        """Windows, poses or noise (B, L, 17, 2 or 3), followed by their mirror images (2·B, …)."""
        return torch.cat([values, mirror(values)]) if self.weight else values

    def __call__(self, poses: Tensor) -> Tensor | float:
        """The penalty of the poses (2·B, L, 17, 3) of doubled windows."""
        if not self.weight:
            return 0.0
        original, mirrored = poses.chunk(2)
        return self.weight * mean_joint_distance(original, mirror(mirrored))
