"""Layout of joints in a PointCloud2, for the topic `joints` and for bags written offline."""

import numpy as np

ELEMENTS = {"xx": (0, 0), "xy": (0, 1), "xz": (0, 2), "yy": (1, 1), "yz": (1, 2), "zz": (2, 2)}
"""Name of a covariance element → its row and column."""
JOINT_POINT = np.dtype(
    [
        ("x", np.float32),
        ("y", np.float32),
        ("z", np.float32),
        ("confidence", np.float32),
        ("person", np.uint32),
        ("joint", np.uint8),
        ("seen", np.uint8),
        *((f"cov_{name}", np.float32) for name in ELEMENTS),
        ("vx", np.float32),
        ("vy", np.float32),
        ("vz", np.float32),
        *((f"vcov_{name}", np.float32) for name in ELEMENTS),
    ],
    align=True,
)
"""One joint: m and m/s in the frame of the header, m² and m²/s²."""
