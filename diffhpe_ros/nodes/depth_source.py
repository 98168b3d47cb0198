"""The depth image that belongs to a colour image."""

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
"""Depth images kept live; in replay each is kept until its colour image was processed."""
WAIT_S = 0.1
REPLAY_WAIT_S = 2.0


class DepthSource:
    """Keeps the last depth images and finds the one that belongs to a colour image.

    Drivers send depth a little after colour, so the detector waits for it. After a missing depth
    image it does not wait again until another one has arrived. Missing or invalid depth causes a
    warning, and distances are then estimated from the colour image alone.
    """

    def __init__(self, tolerance_s: float, replay: bool, diagnostics: NodeDiagnostics) -> None:
        """Arguments as in `DetectorParameters`."""
        self._tolerance_ns = round(tolerance_s * 1e9)
        self._wait_s = REPLAY_WAIT_S if replay else WAIT_S
        self._diagnostics = diagnostics
        self._images: deque[tuple[int, Image]] = deque(maxlen=None if replay else _KEPT)
        self._changed = threading.Condition()
        self._expected = True
        self._open = True

    def put(self, message: Image) -> None:
        """Add a depth image; called in the callback thread."""
        try:
            stamp_ns = stamp_to_ns(message.header.stamp)
        except DiffhpeError as error:
            self._diagnostics.warn_of_message("depth", f"depth: {error}")
            return
        with self._changed:
            if self._images and stamp_ns < self._images[-1][0]:
                self._images.clear()  # the clock jumped back
            self._images.append((stamp_ns, message))
            self._expected = True
            self._changed.notify()

    def close(self) -> None:
        """Unblock `at`."""
        with self._changed:
            self._open = False
            self._changed.notify()

    def at(self, stamp_ns: int, width: int, height: int) -> NDArray[np.float32] | None:
        """Depth (height, width) in metres at a stamp; None if it is missing or invalid."""
        message = self._nearest(stamp_ns)
        try:
            if message is None:
                raise DiffhpeError("no message has a stamp within depth_tolerance_s of the image's")
            depth = image_to_depth(message, width, height)
        except DiffhpeError as error:
            self._diagnostics.count("without_depth")
            self._diagnostics.warn_of_message(
                "depth", f"depth: {error}; distances are estimated from the colour image only"
            )
            return None
        self._diagnostics.clear("depth")
        return depth

    def _nearest(self, stamp_ns: int) -> Image | None:
        """The image nearest in time, within the tolerance; waits for it if depth is arriving."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._open or self._arrived(stamp_ns),
                self._wait_s if self._expected else 0.0,
            )
            while len(self._images) > 1 and self._images[0][0] < stamp_ns - self._tolerance_ns:
                self._images.popleft()
            candidates = [
                (abs(stamp - stamp_ns), number)
                for number, (stamp, _) in enumerate(self._images)
                if abs(stamp - stamp_ns) <= self._tolerance_ns
            ]
            self._expected = bool(candidates)
            return self._images[min(candidates)[1]][1] if candidates else None

    def _arrived(self, stamp_ns: int) -> bool:
        return any(stamp >= stamp_ns - self._tolerance_ns for stamp, _ in self._images)
