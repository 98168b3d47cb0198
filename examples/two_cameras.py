"""Two cameras see the same people; each person is printed once, where the rays meet.

The argument is a YAML file. For each camera it gives a video, a calibration, and the transform
from its optical frame to the room (z up), as on /tf:

    left: {video: l.mp4, calibration: l.yaml, xyz: [0, 0, 1.3], xyzw: [-0.5, 0.5, -0.5, 0.5]}
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from diffhpe_ros.camera.calibration import read_camera
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.pipeline import PosePipeline
from diffhpe_ros.pipeline.camera_fusion import CameraFusion
from diffhpe_ros.video import VideoReader

cameras = yaml.safe_load(Path(sys.argv[1]).read_text())
pipelines, in_room = {}, {}
for name, each in cameras.items():
    pipelines[name] = PosePipeline.from_pretrained(camera=read_camera(Path(each["calibration"])))
    xyz, xyzw = np.array(each["xyz"], float), np.array(each["xyzw"], float)
    in_room[name] = RigidTransform.from_quaternion(xyz, xyzw)
fusion = CameraFusion()
for images in zip(*(VideoReader(each["video"]) for each in cameras.values()), strict=False):
    for name, (_, time_s, image) in zip(cameras, images, strict=True):
        seen = pipelines[name](image, stamp_ns=round(time_s * 1e9))
        seen = replace(seen, camera_name=name).moved(in_room[name], "room", up=(0, 0, 1))
        people = fusion.update(seen)
    for number, joints in zip(people.track_ids, people.joints, strict=True):
        by = ", ".join(camera for camera, _ in fusion.members[number])
        print(f"{time_s:.2f} s, person {number}: hip at {joints[0].round(2)} m, seen by {by}")
