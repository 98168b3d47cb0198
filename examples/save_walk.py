"""Saves all people in a video as BVH, for Blender: `save_walk.py walk.mp4 walk.bvh`.

The same as `diffhpe lift walk.mp4 --out walk.bvh`; docs/formats.md has the other formats.
"""

import sys
from pathlib import Path

from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.offline import SourceOptions, lift_recording

lifted = lift_recording(
    sys.argv[1],
    Path(sys.argv[2]),
    SourceOptions(max_people=4),  # for a calibrated camera: calibration=Path("camera.yaml")
    make_lifter=lambda: Lifter.from_pretrained(DEFAULT_MODEL),
    settings={},
    warn=lambda text: print(f"warning: {text}"),
)
print("\n".join(lifted.summary()))
