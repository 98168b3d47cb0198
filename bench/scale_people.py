"""Walking people, as in the windows messages of a camera."""

import numpy as np

from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.windows import FRAMES, windows_of_track

RATE_HZ = 30
NS = 10**9


def windows_of(people: int, camera: str = "camera", stamp_ns: int = 5 * NS) -> PeopleWindows:
    """People who walk as in the package's clip, each at a different time in it."""
    clip = walking_clip()
    keypoints = clip.camera.to_canonical(clip.camera.project(clip.joints.astype(np.float64)))
    times = np.arange(len(keypoints)) / clip.fps
    cut = windows_of_track(times, keypoints, np.ones(keypoints.shape[:2]), stride=3)
    rows = np.arange(people) % len(cut.keypoints)
    covariance = np.broadcast_to(1e-4 * np.eye(2, dtype=np.float32), (people, FRAMES, 17, 2, 2))
    return PeopleWindows(
        frame_id=camera,
        stamp_ns=stamp_ns,
        track_ids=tuple(range(people)),
        offsets_ns=np.tile(np.arange(1 - FRAMES, 1) * (NS // 50), (people, 1)),
        keypoints=cut.keypoints[rows].astype(np.float32),
        confidence=cut.confidence[rows].astype(np.float32),
        covariance=np.array(covariance),
    )
