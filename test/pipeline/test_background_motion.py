"""Detection of camera motion from the background of rendered images."""

import cv2
import numpy as np
import pytest

from diffhpe_ros.camera import Camera
from diffhpe_ros.pipeline.background_motion import BackgroundMotion
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

CLIP = walking_clip()
KEYPOINTS = CLIP.camera.project(CLIP.joints)[:, None]
NOBODY = np.zeros((0, 17, 2))
PERIOD_NS = 33_333_333


def images(count: int) -> list[np.ndarray]:
    with VideoReader(CLIP.video_path) as reader:
        return [image for _, (_, _, image) in zip(range(count), reader, strict=False)]


def panned(image: np.ndarray, degrees: float) -> np.ndarray:
    """The image from a camera that has turned in place."""
    turn = cv2.Rodrigues(np.array([0, np.radians(degrees), 0]))[0]
    homography = CLIP.camera.matrix @ turn @ np.linalg.inv(CLIP.camera.matrix)
    size = image.shape[1], image.shape[0]
    return cv2.warpPerspective(image, homography, size, borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("people", [KEYPOINTS, None])
def test_camera_that_stands_while_a_person_walks(people: np.ndarray | None) -> None:
    background = BackgroundMotion()
    for k, image in enumerate(images(120)):
        seen = NOBODY if people is None else people[k]
        background.update(image, CLIP.camera, seen, k * PERIOD_NS)
        assert not background.is_moving
    assert background.deg_s is not None and background.deg_s < 1


@pytest.mark.parametrize("deg_s", [-12, 25])
def test_pan_is_noticed_within_a_second_and_forgotten_after_it(deg_s: float) -> None:
    background, noticed = BackgroundMotion(), []
    for k, image in enumerate(images(75)):
        turned = panned(image, deg_s * min(k / 30, 1.0))
        background.update(turned, CLIP.camera, KEYPOINTS[k], k * PERIOD_NS)
        noticed.append(background.is_moving)
        if k == 28:
            assert background.deg_s == pytest.approx(abs(deg_s), rel=0.25)
    assert any(noticed[:30]) and not noticed[-1]


def test_images_without_corners_tell_nothing() -> None:
    background, grey = BackgroundMotion(), np.full((480, 640, 3), 120, np.uint8)
    for k in range(60):
        background.update(grey, CLIP.camera, NOBODY, k * PERIOD_NS)
    assert background.deg_s is None and not background.is_moving


def test_another_size_and_a_clock_that_jumps_back_begin_anew() -> None:
    background = BackgroundMotion()
    first, second = images(2)
    background.update(first, CLIP.camera, NOBODY, 10**9)
    background.update(second, CLIP.camera, NOBODY, 0)
    small = cv2.resize(second, (320, 240))
    background.update(small, Camera.from_field_of_view(320, 240, 60), NOBODY, 10**8)
    assert background.deg_s is None
