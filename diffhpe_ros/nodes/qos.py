"""Quality of service of every topic, in one place; docs/ros.md says why.

Live, the newest counts: images and windows may be lost on the way, as with any sensor. Results are
reliable, which subscribers of either kind can hear. In replay every message arrives.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

_EVERYTHING = QoSProfile(
    history=HistoryPolicy.KEEP_ALL, depth=1, reliability=ReliabilityPolicy.RELIABLE
)


def image(replay: bool) -> QoSProfile:
    """Images, of their sender and their receiver."""
    return _EVERYTHING if replay else _lossy(1)


def windows_in(replay: bool) -> QoSProfile:
    """Windows as the lifter hears them: a few, since several cameras may send at once."""
    return _EVERYTHING if replay else _lossy(16)


def result(replay: bool) -> QoSProfile:
    """Windows, joints, skeletons, coherence and overlays as they are sent."""
    return _EVERYTHING if replay else QoSProfile(depth=5)


CAMERA_INFO_OUT = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Latched, and heard by subscribers that expect no more than a sensor's best effort."""

CAMERA_INFO_IN = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Hears every kind of sender."""

TF = QoSProfile(depth=100)
"""As tf2's own broadcasters send."""


def _lossy(depth: int) -> QoSProfile:
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT)
