"""Quality of service of every topic, in one place; docs/ros.md gives the reasons.

Live, images and windows are best effort, as with any sensor: only the newest counts. Results are
reliable, which matches reliable and best-effort subscribers. In replay every message arrives.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

_EVERYTHING = QoSProfile(
    history=HistoryPolicy.KEEP_ALL, depth=1, reliability=ReliabilityPolicy.RELIABLE
)


def image(replay: bool) -> QoSProfile:
    """For publishers and subscriptions of images."""
    return _EVERYTHING if replay else _lossy(1)


def windows_in(replay: bool) -> QoSProfile:
    """For the lifter's subscription to windows; several, since cameras may send at once."""
    return _EVERYTHING if replay else _lossy(16)


def result(replay: bool) -> QoSProfile:
    """For publishers of windows, joints, skeletons, coherence and overlays."""
    return _EVERYTHING if replay else QoSProfile(depth=5)


def tf_in(replay: bool) -> QoSProfile:
    """For the subscription to /tf."""
    return _EVERYTHING if replay else TF


def imu(replay: bool) -> QoSProfile:
    """For the subscription to imu, which may send 1000 messages a second."""
    return _EVERYTHING if replay else _lossy(100)


CAMERA_INFO_OUT = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Reliable and latched; also matches best-effort subscribers."""

CAMERA_INFO_IN = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Matches every publisher."""

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""For data that change rarely: a late subscriber gets the last message."""

TF = QoSProfile(depth=100)
"""As in tf2's own broadcasters."""

TF_STATIC_IN = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""As in tf2's own listeners: each broadcaster sends once, perhaps long ago."""


def _lossy(depth: int) -> QoSProfile:
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT)
