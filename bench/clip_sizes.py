"""The embedded clip at other cameras' image sizes."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.demo import embedded_clip
from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.video import VideoReader, VideoWriter


def size(text: str) -> tuple[int, int]:
    """Width and height of a text such as 1920x1080, for argparse."""
    try:
        width, height = map(int, text.split("x"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"WIDTHxHEIGHT is expected, got {text}") from error
    return width, height


def clip_camera(width: int, height: int) -> Camera:
    """The camera of `clip_images`."""
    camera = embedded_clip().camera
    assert camera is not None
    border = _border(camera, width, height)
    matrix = camera.matrix + np.array([[0, 0, border], [0, 0, 0], [0, 0, 0]])
    wider = replace(camera, width=camera.width + 2 * border, matrix=matrix)
    return wider.stretched(width, height)


def clip_images(width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """The images (height, width, 3), enlarged; their borders are stretched to the sides."""
    source = embedded_clip()
    assert source.path is not None and source.camera is not None
    border = _border(source.camera, width, height)
    with VideoReader(source.path) as video:
        for _, _, image in video:
            wide = cv2.copyMakeBorder(image, 0, 0, border, border, cv2.BORDER_REPLICATE)
            yield np.asarray(cv2.resize(wide, (width, height)), np.uint8)


def clip_source(folder: Path, width: int, height: int, images_per_s: float) -> DemoSource:
    """A video of such images in a folder, repeated or dropped to match a camera's rate."""
    clip, path = embedded_clip(), folder / f"{width}x{height}.mp4"
    frames = 0
    with VideoWriter(path, width, height, images_per_s) as video:
        for k, image in enumerate(clip_images(width, height)):
            for _ in range(round((k + 1) * images_per_s / clip.fps) - frames):
                video.write(image)
                frames += 1
    camera = clip_camera(width, height)
    return DemoSource(path.stem, path, fps=images_per_s, frames=frames, camera=camera)


def _border(camera: Camera, width: int, height: int) -> int:
    return max(round((camera.height * width / height - camera.width) / 2), 0)
