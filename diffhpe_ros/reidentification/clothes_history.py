"""The clothes that a person was seen in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PARTS = 2
"""Torso and legs."""


@dataclass
class ClothesHistory:
    """Colours of a person's clothes, averaged over the images that show them."""

    most_images: int = 100
    """A mean never counts as one of more images than this: light and clothes change."""

    mean: NDArray[np.float64] = field(default_factory=lambda: np.full((_PARTS, 3), np.nan))
    """(2, 3) CIE Lab of torso and legs, NaN where not seen yet."""
    images: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_PARTS, np.int64))
    """(2,) number of images that have shown torso and legs."""

    def add(self, colours: NDArray[Any]) -> None:
        """Add `People.clothes` (2, 3) of one more image."""
        seen = np.isfinite(colours).all(-1)
        self.images = np.minimum(self.images + seen, self.most_images)
        new = (colours - np.nan_to_num(self.mean)) / np.maximum(self.images, 1)[:, None]
        self.mean = np.where(seen[:, None], np.nan_to_num(self.mean) + new, self.mean)

    @property
    def numbers(self) -> list[float]:
        """The whole state except `most_images`, for `from_numbers`."""
        return [*np.nan_to_num(self.mean).ravel().tolist(), *map(float, self.images)]

    @classmethod
    def from_numbers(cls, numbers: Sequence[float]) -> "ClothesHistory":
        """Rebuild a history from its `numbers`."""
        mean, images = np.split(np.asarray(numbers, np.float64), [_PARTS * 3])
        mean = np.where(images[:, None] > 0, mean.reshape(_PARTS, 3), np.nan)
        return cls(mean=mean, images=images.astype(np.int64))
