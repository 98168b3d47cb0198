"""A small network that learns how large a joint's error is in the pose and motion at hand.

The variance features say how an error grows with a few quantities, each by itself. The network
learns what remains: which poses are hard, and how the quantities act together. It sees the whole
body and gives a factor for the standard deviations of each joint (heteroscedastic regression,
Kendall and Gal, NeurIPS 2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.variance_features import MOST_GROWTH, LiftedBatch
from diffhpe_ros.lifting.pipeline.views import turn, turn_points
from diffhpe_ros.lifting.weights import NamedWeights, Weights
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS

Array = NDArray[np.float32]

SEEN_BY_NETWORK = ("frames_since_seen", "unseen", "keypoint_noise")
"""Variance features of all joints that the network sees for each of them."""
JOINT_INPUTS = 3 + 3 + 2 + len(SEEN_BY_NETWORK)
"""Of each joint: pose, motion, keypoint, and those features."""
MOTION_FRAMES = 2
"""Motion is from so many frames before to so many after."""
LARGEST_INPUT = 4.0
"""In standard deviations of the calibration: the network does not extrapolate beyond."""
_LEFT_RIGHT = (0, 3, 6)
"""Inputs of a joint that change their sign in a mirror: the x of pose, motion and keypoint."""


@dataclass(frozen=True, eq=False)
class VarianceNetwork:
    """One hidden layer with ReLU; a joint's hidden units see the body and its own features."""

    body_mean: Array
    """(17 · JOINT_INPUTS,), of the inputs in the calibration."""
    body_std: Array
    """(17 · JOINT_INPUTS,)"""
    feature_std: Array
    """(K,), of the K variance features; their means are in config.yaml."""
    body_weight: Array
    """(17 · JOINT_INPUTS, H)"""
    feature_weight: Array
    """(K, H)"""
    hidden_bias: Array
    """(16, H), for each joint without the root."""
    output_weight: Array
    """(16, H, 3)"""
    output_bias: Array
    """(16, 3)"""

    def __call__(self, body: Array, above: NDArray[np.floating[Any]]) -> Array:
        """Logs of factors for the standard deviations along x, y, z of the model's view.

        They are at most `MOST_GROWTH` from 0.

        Args:
            body: (..., 17, JOINT_INPUTS), see `body_inputs`.
            above: (..., 16, K), variance features less their means, 0 where unknown.

        Returns:
            (..., 16, 3).
        """
        flat = body.reshape(*body.shape[:-2], 1, len(self.body_mean))
        flat = ((flat - self.body_mean) / self.body_std).clip(-LARGEST_INPUT, LARGEST_INPUT)
        own = (above / self.feature_std).clip(-LARGEST_INPUT, LARGEST_INPUT)
        # As in `Affine`: products are small, so that BLAS starts no threads for them.
        hidden = np.matmul(flat, self.body_weight) + np.matmul(own, self.feature_weight)
        hidden = np.maximum(hidden + self.hidden_bias, 0)
        factors = np.matmul(hidden[..., None, :], self.output_weight)[..., 0, :]
        bounded = (factors + self.output_bias).clip(-MOST_GROWTH, MOST_GROWTH)
        return np.asarray(bounded, np.float32)

    def weights(self) -> Weights:
        """All arrays by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_weights(cls, weights: Weights, features: int) -> "VarianceNetwork":
        """The network of these arrays, for so many variance features.

        Raises:
            WeightsError: one is missing or has another shape, or there are others.
        """
        named, body, joints = NamedWeights(weights), NUM_JOINTS * JOINT_INPUTS, NUM_JOINTS - 1
        hidden = weights["feature_weight"].shape[-1] if "feature_weight" in weights else 0
        shapes: Mapping[str, tuple[int, ...]] = {
            "body_mean": (body,),
            "body_std": (body,),
            "feature_std": (features,),
            "body_weight": (body, hidden),
            "feature_weight": (features, hidden),
            "hidden_bias": (joints, hidden),
            "output_weight": (joints, hidden, 3),
            "output_bias": (joints, 3),
        }
        network = cls(**{name: named.array(name, *shape) for name, shape in shapes.items()})
        named.check_all_used()
        return network


def body_inputs(lifted: LiftedBatch, rotation: Array, found: Mapping[str, NDArray[Any]]) -> Array:
    """What the network sees of all joints, in the model's view.

    Args:
        lifted: B windows.
        rotation: (B, 3, 3) into the model's view.
        found: variance features by name, each (B, L, 17).

    Returns:
        (B, L, 17, JOINT_INPUTS): pose (x, y, z) and motion (x, y, z) in metres, keypoint (u, v),
        and the features of `SEEN_BY_NETWORK`.
    """
    poses = turn_points(lifted.poses, rotation)
    frames = np.arange(poses.shape[1])
    before, after = (frames + step for step in (-MOTION_FRAMES, MOTION_FRAMES))
    motion = poses[:, after.clip(max=frames[-1])] - poses[:, before.clip(min=0)]
    features = np.stack([found[name] for name in SEEN_BY_NETWORK], -1)
    inputs = [poses, motion, turn(lifted.x_2d, rotation), np.nan_to_num(features)]
    return np.concatenate(inputs, -1).astype(np.float32)


def mirrored(body: Array) -> Array:
    """The inputs (..., 17, JOINT_INPUTS) of the mirrored body."""
    changed = body[..., MIRRORED, :].copy()
    changed[..., _LEFT_RIGHT] *= -1
    return changed
