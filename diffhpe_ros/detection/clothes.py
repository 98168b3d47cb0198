"""The clothes of detected people."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People
from diffhpe_ros.reidentification import clothes_colours


def see_clothes(people: People, image_bgr: NDArray[np.uint8]) -> People:
    """Add to people the colours of their clothes in an image (H, W, 3)."""
    if not len(people):
        return people
    colours = clothes_colours(people.keypoints, people.confidence, image_bgr)
    return replace(people, clothes=colours.astype(np.float32))
