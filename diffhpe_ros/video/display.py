"""Frames as players show them: square pixels, rotated and mirrored as the file says."""

from __future__ import annotations

from typing import Any

import numpy as np
from av.sidedata.sidedata import Type as SideData
from numpy.typing import NDArray

_SQUARE = 0.01
"""Pixels closer to square than this are shown unchanged: such ratios are rounding errors."""
_MOST_OBLONG = 4.0


class StreamDisplay:
    """How the frames of a stream are shown.

    Args:
        stream: a video stream of PyAV.
        first: its first frame, which carries the display matrix.
    """

    def __init__(self, stream: Any, first: Any) -> None:
        self._size = _square_pixels(first.width, first.height, stream.sample_aspect_ratio)
        self._matrix = _display_matrix(first)
        swaps = abs(self._matrix[0, 1]) > abs(self._matrix[0, 0])
        self.width, self.height = self._size[::-1] if swaps else self._size
        self._stored = first.width, first.height
        self.stored_size = self._stored[::-1] if swaps else self._stored
        """Width and height of the rotated frames before their pixels are made square."""

    def show(self, frame: Any) -> NDArray[np.uint8]:
        """The frame as a BGR image (height, width, 3)."""
        oblong = (frame.width, frame.height) == self._stored != self._size
        size = dict(zip(("width", "height"), self._size, strict=True)) if oblong else {}
        image = frame.to_ndarray(format="bgr24", **size)
        (a, b), (c, d) = self._matrix
        if abs(b) > abs(a):
            image, (a, d) = image.transpose(1, 0, 2), (b, c)
        # Rows follow y, downwards; columns follow x, to the right.
        shown = image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
        return np.ascontiguousarray(shown)


def _square_pixels(width: int, height: int, ratio: Any) -> tuple[int, int]:
    """The size with square pixels, such that no pixel is lost."""
    oblong = float(ratio or 1)
    if abs(oblong - 1) < _SQUARE or not 1 / _MOST_OBLONG <= oblong <= _MOST_OBLONG:
        return width, height
    return (round(width * oblong), height) if oblong > 1 else (width, round(height / oblong))


def _display_matrix(frame: Any) -> NDArray[np.float64]:
    """(2, 2), from x and y of the stored frame to x and y as shown, without the shift."""
    data = frame.side_data.get(SideData.DISPLAYMATRIX)
    if data is None:
        return np.eye(2)
    # The file has rows a, b, u; c, d, v; x, y, w, where x' = a x + c y and y' = b x + d y.
    matrix = np.frombuffer(bytes(data), np.int32).reshape(3, 3)[:2, :2].astype(np.float64)
    return matrix.T if matrix.any() else np.eye(2)
