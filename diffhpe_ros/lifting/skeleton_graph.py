"""The skeleton as the graph that DiffHPE's denoiser convolves over."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import BONES, NUM_JOINTS

# Joints ordered by body part, so that pooling neighbours pools within a part.
PART_ORDER = (2, 3, 5, 6, 1, 4, 0, 7, 8, 9, 10, 15, 16, 12, 13, 11, 14)
POOL = 2


def skeleton_adjacency() -> NDArray[np.float32]:
    """Row-normalised (17, 17) adjacency: the bones, both ways, and each joint itself."""
    adjacency = np.eye(NUM_JOINTS, dtype=np.float32)
    for parent, child in BONES:
        adjacency[parent, child] = adjacency[child, parent] = 1.0
    return adjacency / adjacency.sum(1, keepdims=True)
