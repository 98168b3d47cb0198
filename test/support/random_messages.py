"""Seeded random messages, as from a hostile or broken sender."""

from array import array

import numpy as np
from sensor_msgs.msg import CameraInfo, PointCloud2
from standing import standing_windows

from diffhpe_ros.nodes.messages.windows import POINT, pack_windows

NUMBERS = np.array(
    [0.0, -0.0, 1, -1, 1e-30, 0.5, 3, 999, 1000, 1001, 1e30, 3e38, np.nan, np.inf, -np.inf]
)
SIZES = [0, 1, 2, 7, 640, 2**15, 2**31, 2**32 - 1]
SECONDS = [-(2**31), -1, 0, 5, 2**31 - 1]
NAMES = ["", "camera", "a/b c", "é" * 200, "x" * 256, "x" * 257, "%s{}\n"]


def random_windows(chance: np.random.Generator) -> PointCloud2:
    """The right layout with up to three people, and any numbers and header."""
    track_ids = chance.choice([0, 1, 2, 2**31, 2**32 - 1], chance.integers(1, 4), replace=False)
    message = pack_windows(standing_windows(track_ids.tolist()))
    points = np.frombuffer(message.data, POINT).copy()
    for _ in range(chance.integers(0, 4)):
        name = chance.choice(["u", "v", "var_uu", "var_uv", "var_vv", "confidence"])
        rows = chance.random(len(points)) < chance.choice([0.01, 0.3, 1])
        points[name][rows] = chance.choice(NUMBERS)
    message.data = array("B", points.tobytes())
    if chance.random() < 0.3:
        message.header.frame_id = str(chance.choice(NAMES))
        message.header.stamp.sec = int(chance.choice(SECONDS))
        message.header.stamp.nanosec = int(chance.choice([0, 10**9 - 1, 10**9, 2**32 - 1]))
    return message


def random_camera_info(chance: np.random.Generator) -> CameraInfo:
    """A calibrated camera's camera_info with up to two corrupted values."""
    info = CameraInfo(width=640, height=480, distortion_model="plumb_bob", d=[0.1, 0, 0, 0, 0])
    info.k[[0, 4]] = info.p[[0, 5]] = 500
    info.k[8] = info.p[10] = 1
    for spoilt in chance.choice(["size", "model", "d", "k", "p", "roi", "binning"], 2):
        match spoilt:
            case "size":
                info.width, info.height = (int(chance.choice(SIZES)) for _ in range(2))
            case "model":
                models = ["", "equidistant", "rational_polynomial", "x" * 100_000]
                info.distortion_model = str(chance.choice(models))
            case "d":
                info.d = chance.choice(NUMBERS, chance.choice([0, 4, 5, 8, 1000])).tolist()
            case "k" | "p" as name:
                getattr(info, name)[chance.integers(9)] = chance.choice(NUMBERS)
            case "roi":
                info.roi.width, info.roi.height = (int(chance.choice(SIZES)) for _ in range(2))
            case "binning":
                info.binning_x, info.binning_y = (int(chance.choice(SIZES)) for _ in range(2))
    return info
