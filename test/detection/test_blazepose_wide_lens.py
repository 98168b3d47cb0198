"""BlazePose on a person at the border of a wide image, with and without the known lens."""

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL, Camera
from diffhpe_ros.detection import create_detector
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

WIDE = Camera.from_field_of_view(1280, 960, 125)
TURNED = cv2.Rodrigues(np.array([0.25, 0.9, 0.0]))[0]
"""From the clip's camera to one with another direction, where the person is at the border."""
FRAMES = range(42, 46)


def seen_by_wide_lens(image: NDArray[np.uint8], camera: Camera) -> NDArray[np.uint8]:
    """A wide camera's image from another camera's position, grey where that camera saw nothing."""
    pixels = np.stack(np.meshgrid(np.arange(WIDE.width), np.arange(WIDE.height)), -1)
    flat = WIDE.to_canonical(pixels.astype(float)) / CANONICAL_FOCAL
    rays = np.concatenate([flat, np.ones((*flat.shape[:2], 1))], -1) @ TURNED
    places = np.nan_to_num(camera.project(rays), nan=-1e4).astype(np.float32)
    grey = (128, 128, 128)
    return np.asarray(cv2.remap(image, places, None, cv2.INTER_AREA, borderValue=grey), np.uint8)


def test_lens_that_is_known_makes_joints_at_the_border_better(
    networks: tuple[bytes, bytes],
) -> None:
    clip = walking_clip()
    detectors = [create_detector("blazepose") for _ in range(2)]
    detectors[1].use_camera(WIDE)  # type: ignore[attr-defined]
    errors: list[list[float]] = [[], []]
    with VideoReader(clip.video_path) as video:
        for k, _, image in video:
            if k == FRAMES.stop:
                break
            if k < FRAMES.start:
                continue
            wide = seen_by_wide_lens(image, clip.camera)
            true = WIDE.project(clip.joints[k] @ TURNED.T)
            for detector, each in zip(detectors, errors, strict=True):
                (keypoints,) = detector.detect(wide).keypoints
                size = np.ptp(true, axis=0).max()
                each.append(float(np.nanmedian(np.linalg.norm(keypoints - true, axis=-1)) / size))
    unknown, known = (np.median(each) for each in errors)
    assert known < 0.75 * unknown
    assert known < 0.03
