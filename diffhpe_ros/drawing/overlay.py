"""One frame of the overlay video: the image with 2D joints next to the 3D view."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.drawing.keypoints import draw_keypoints
from diffhpe_ros.drawing.scene import SkeletonView
from diffhpe_ros.drawing.style import INK, LEFT, RIGHT, WHITE, Image, disc, write
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import NUM_JOINTS

NO_PERSON, WARMING_UP = "no person", "warming up"


def compose_frame(
    image: Image,
    keypoints: NDArray[Any] | None = None,
    skeletons: NDArray[Any] | None = None,
    labels: Sequence[str] = (),
    size: tuple[int, int] = (1280, 480),
    *,
    confidence: NDArray[Any] | None = None,
    covariance: NDArray[Any] | None = None,
    names: Sequence[str] = (),
    view: SkeletonView | None = None,
    filling: bool = False,
) -> Image:
    """Put the image with its 2D joints and the 3D view side by side.

    Args:
        image: (H, W, 3) BGR.
        keypoints: (P, 17, 2) or (17, 2) pixels of the image, NaN unseen; None without a person.
        skeletons: (P, 17, 3) metres, optical frame; None while nothing is lifted yet.
        labels: lines of text, such as time and latency.
        size: width and height of the result; each picture has half of the width.
        confidence: (P, 17) or (17,) in 0..1.
        covariance: (P, 17, 3, 3) square metres.
        names: of the P people in the image, written above them; none by default.
        view: the 3D view to continue with, of half the width; by default a new one whose floor and
            viewpoint fit only this frame.
        filling: the first window is not yet full, so nobody is lifted yet even if people are seen.

    Returns:
        (size[1], size[0], 3) BGR.

    Raises:
        DiffhpeError: an array has a wrong shape.
    """
    width, height = size[0] // 2, size[1]
    people, certain = _people(keypoints, confidence)
    poses = np.zeros((0, 17, 3)) if skeletons is None else skeletons
    fitted, scale, offset = _fit(image, width, height)
    people = (people + 0.5) * scale - 0.5 + offset
    for person, certainty in zip(people, certain, strict=True):
        fitted = draw_keypoints(fitted, person, certainty)
    for person, name in zip(people, names, strict=False):
        _write_name(fitted, person, name)
    view = view or SkeletonView(width, height)
    scene = cv2.resize(view.draw(poses, covariance), (width, height))
    frame: Image = np.zeros((height, size[0], 3), np.uint8)
    frame[:, :width], frame[:, size[0] - width :] = fitted, scene
    _write_labels(frame[:, :width], labels)
    _write_legend(frame[:, size[0] - width :])
    if not len(poses):
        _write_status(
            frame[:, size[0] - width :], WARMING_UP if len(people) or filling else NO_PERSON
        )
    return frame


def _people(
    keypoints: NDArray[Any] | None, confidence: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Keypoints (P, 17, 2) and confidence (P, 17) of no, one or several people."""
    if keypoints is None:
        return np.zeros((0, NUM_JOINTS, 2)), np.zeros((0, NUM_JOINTS))
    if confidence is None:
        confidence = np.ones(keypoints.shape[:-1])
    if keypoints.shape[-2:] != (NUM_JOINTS, 2) or confidence.shape != keypoints.shape[:-1]:
        raise DiffhpeError(
            "an overlay expects keypoints (P, 17, 2) and confidence (P, 17),"
            f" got {keypoints.shape} and {confidence.shape}"
        )
    return keypoints.reshape(-1, NUM_JOINTS, 2), confidence.reshape(-1, NUM_JOINTS)


def _fit(image: Image, width: int, height: int) -> tuple[Image, float, NDArray[np.float64]]:
    """The image fitted into a frame of another size, its scale and its corner's offset (2,)."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    frame: Image = np.full((height, width, 3), 30, np.uint8)
    small = image if scale == 1 else cv2.resize(image, inner, interpolation=method)
    frame[top : top + inner[1], left : left + inner[0]] = small
    return frame, scale, np.array([left, top], np.float64)


def _write_labels(picture: Image, labels: Sequence[str]) -> None:
    """Write white lines on a darkened corner."""
    if not labels:
        return
    size = picture.shape[0] / 900
    step = round(42 * size)
    widest = max(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)[0][0] for text in labels)
    corner = picture[: step * len(labels) + step // 2, : widest + step]
    corner //= 3
    for row, text in enumerate(labels):
        write(picture, text, (step // 2, round((row + 1) * step)), size, WHITE)


def _write_name(picture: Image, keypoints: NDArray[Any], name: str) -> None:
    """Write a name above the highest joint of a person (17, 2)."""
    seen = keypoints[np.isfinite(keypoints).all(-1)]
    if not len(seen):
        return
    size = picture.shape[0] / 700
    (width, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, size, 2)
    x, y = seen[seen[:, 1].argmin()]
    at = (round(float(x)) - width // 2, max(round(float(y)) - height, height))
    cv2.putText(picture, name, at, cv2.FONT_HERSHEY_SIMPLEX, size, INK, 4, cv2.LINE_AA)
    write(picture, name, at, size, WHITE)


def _write_legend(picture: Image) -> None:
    size = picture.shape[0] / 1000
    x, y = picture.shape[1] - round(230 * size), round(45 * size)
    for text, colour in (("left", LEFT), ("right", RIGHT)):
        disc(picture, np.array([x, y]), 9 * size, colour)
        write(picture, text, (x + round(18 * size), y + round(9 * size)), size, INK)
        x += round(105 * size)


def _write_status(picture: Image, text: str) -> None:
    size = picture.shape[0] / 480
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    at = ((picture.shape[1] - width) // 2, (picture.shape[0] + height) // 2)
    write(picture, text, at, size, INK)
