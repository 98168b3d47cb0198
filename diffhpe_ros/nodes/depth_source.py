"""Which depth image belongs to a colour image."""

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.messages.depth import image_to_depth
from diffhpe_ros.nodes.messages.header import stamp_to_ns

_KEPT = 8
"""Live; in replay all are kept until their image was looked at."""
_PATIENCE_S = 0.1
_REPLAY_PATIENCE_S = 2.0


class DepthSource:
    """Keeps the last depth images and finds the one that was taken with a colour image.

    Drivers send depth a little after colour. It is waited for, though not again after it did not
    come, until depth is heard of once more. What is missing or wrong is warned of; the picture
    alone then has to do.
    """

    def __init__(self, tolerance_s: float, replay: bool, diagnostics: NodeDiagnostics) -> None:
        """See `parameters.DetectorParameters`."""
        self._tolerance_ns = round(tolerance_s * 1e9)
        self._patience_s = _REPLAY_PATIENCE_S if replay else _PATIENCE_S
        self._diagnostics = diagnostics
        self._images: deque[tuple[int, Image]] = deque(maxlen=None if replay else _KEPT)
        self._changed = threading.Condition()
        self._expected = True
        self._open = True

    def put(self, message: Image) -> None:
        """Hear a depth image, in the thread of the callbacks."""
        try:
            stamp_ns = stamp_to_ns(message.header.stamp)
        except DiffhpeError as error:
            self._diagnostics.warn("depth", f"depth: {error}")
            return
        with self._changed:
            if self._images and stamp_ns < self._images[-1][0]:
                self._images.clear()  # the clock jumped back
            self._images.append((stamp_ns, message))
            self._expected = True
            self._changed.notify()

    def close(self) -> None:
        """Wait no longer."""
        with self._changed:
            self._open = False
            self._changed.notify()

    def at(self, stamp_ns: int, width: int, height: int) -> NDArray[np.float32] | None:
        """Depth (height, width) in metres at a time; None where there is none or it is no good."""
        message = self._nearest(stamp_ns)
        try:
            if message is None:
                raise DiffhpeError("none came within depth_tolerance_s of the image's stamp")
            depth = image_to_depth(message, width, height)
        except DiffhpeError as error:
            self._diagnostics.count("without_depth")
            self._diagnostics.warn("depth", f"depth: {error}; distances are from the picture alone")
            return None
        self._diagnostics.clear("depth")
        return depth

    def _nearest(self, stamp_ns: int) -> Image | None:
        """The nearest in time, once nothing nearer is to be expected."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._open or self._arrived(stamp_ns),
                self._patience_s if self._expected else 0.0,
            )
            while len(self._images) > 1 and self._images[0][0] < stamp_ns - self._tolerance_ns:
                self._images.popleft()
            near = [
                (abs(stamp - stamp_ns), number)
                for number, (stamp, _) in enumerate(self._images)
                if abs(stamp - stamp_ns) <= self._tolerance_ns
            ]
            self._expected = bool(near)
            return self._images[min(near)[1]][1] if near else None

    def _arrived(self, stamp_ns: int) -> bool:
        return any(stamp >= stamp_ns - self._tolerance_ns for stamp, _ in self._images)
