"""Counts the people in a zone of the floor, seen by a fixed camera."""

import sys
from math import cos, radians, sin

import cv2
import numpy as np

from diffhpe_ros.pipeline import LiftedPeople, PosePipeline
from diffhpe_ros.video import VideoReader

# Corners on the floor: metres to the right of the camera, and ahead of it.
ZONE = np.array([(-2, 2), (0, 2), (0, 6), (-2, 6)], np.float32)
TILT = radians(5)  # of the camera below the horizontal


def people_in_zone(people: LiftedPeople) -> int:
    """The number of people whose hips are over the zone."""
    x, y, z = people.joints[people.located, 0].T.astype(float)
    ahead = z * cos(TILT) - y * sin(TILT)
    places = zip(x, ahead, strict=True)
    return sum(cv2.pointPolygonTest(ZONE, place, measureDist=False) >= 0 for place in places)


pipeline = PosePipeline.from_pretrained(max_people=8)  # distances need a calibration: camera=...
before = None
with VideoReader(sys.argv[1]) as video:
    for _, time_s, image in video:
        count = people_in_zone(pipeline(image, stamp_ns=round(time_s * 1e9)))
        if count != before:
            print(f"{time_s:.2f} s: {count} in the zone")
        before = count
