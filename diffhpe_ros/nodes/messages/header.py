"""Stamps and headers."""

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from diffhpe_ros.errors import DiffhpeError

_SECOND = 1_000_000_000


def stamp_to_ns(stamp: Time) -> int:
    """Convert a stamp to nanoseconds.

    Raises:
        DiffhpeError: its nanoseconds field is a second or more: such a stamp cannot be reproduced.
    """
    if stamp.nanosec >= _SECOND:
        raise DiffhpeError(f"a stamp of under 10^9 nanoseconds is expected, got {stamp.nanosec}")
    return int(stamp.sec) * _SECOND + int(stamp.nanosec)


def make_header(frame_id: str, stamp_ns: int) -> Header:
    """A header for nanoseconds since the epoch."""
    seconds, nanoseconds = divmod(stamp_ns, _SECOND)
    return Header(frame_id=frame_id, stamp=Time(sec=seconds, nanosec=nanoseconds))
