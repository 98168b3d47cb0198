"""Follows the first person of a video, and finds them again by the colours of their clothes."""

import sys

import cv2
import numpy as np

from diffhpe_ros.camera import Camera
from diffhpe_ros.pipeline import PosePipeline
from diffhpe_ros.video import VideoReader

TRUNK = (11, 14, 1, 4)  # both shoulders, both hips
SAME = 0.5  # least correlation of the colours of one person


def clothes(image_bgr: np.ndarray, camera: Camera, joints: np.ndarray) -> np.ndarray:
    """Histogram of hue and saturation between shoulders and hips."""
    inside = np.zeros(image_bgr.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.rint(camera.project(joints[[*TRUNK]])).astype(np.int32), 1)
    hsv = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2HSV)
    return cv2.calcHist([hsv], [0, 1], inside, [18, 8], [0, 180, 0, 256])


pipeline = PosePipeline.from_pretrained()  # for a calibrated camera: from_pretrained(camera=...)
followed, worn = None, None
with VideoReader(sys.argv[1]) as video:
    for _, time_s, image in video:
        people = pipeline(image, stamp_ns=round(time_s * 1e9))
        joints = dict(zip(people.track_ids, people.joints, strict=True))
        if followed not in joints:  # after a return, the track id may be another
            for track_id, body in joints.items():
                colours = clothes(image, pipeline.camera, body)
                worn = colours if worn is None else worn
                if cv2.compareHist(worn, colours, cv2.HISTCMP_CORREL) > SAME:
                    followed = track_id
        if followed in joints:
            x, _, z = joints[followed][0]
            print(f"{time_s:.2f} s, person {followed}: {z:.2f} m ahead, {x:+.2f} m to the right")
