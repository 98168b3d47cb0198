"""Stamps, encodings and topics of images."""

from __future__ import annotations

import itertools
import random
from array import array
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from driver_cases.case import Case, shot
from driver_cases.rig import FPS, PERIOD_NS, Pixels, Rig, Shot, bgr_image


def image_cases() -> Iterator[Case]:
    """All cases of images."""
    yield from _stamps()
    yield from _encodings()
    yield "13-camera-info-not-remapped", "image:=/camera/image_raw", not_remapped
    yield "16a-no-publisher", "nobody publishes /image", no_publisher
    yield "05-same-frame-id", "two detectors, frame_id camera, one lifter", same_frame_id


def _stamps() -> Iterator[Case]:
    for each, back_ms in ((8, 80), (8, 1), (30, 1)):
        late_ns = PERIOD_NS + back_ms * 10**6
        yield (
            "03-stamps-out-of-order",
            f"each {each}th is {back_ms} ms before the last",
            shot(images=60, late_ns=lambda k, n=each, late=late_ns: late if k % n == n - 1 else 0),
        )
    swap = {4: -PERIOD_NS, 5: PERIOD_NS}
    yield (
        "03-stamps-out-of-order",
        "two neighbours swapped each 10th",
        shot(images=60, late_ns=lambda k: swap.get(k % 10, 0)),
    )
    yield (
        "16b-an-image-twice",
        "one of 60 has the same stamp as the previous image, then all is well",
        shot(images=60, late_ns=lambda k: PERIOD_NS if k >= 20 else 0),
    )
    yield "15-empty-frame-id", "frame_id ''", shot(frame_id="")


def _encodings() -> Iterator[Case]:
    for encoding, make in {
        "nv12": _two_planes,
        "nv21": lambda p: _two_planes(p, swapped=True),
        "mjpeg": bgr_image,
        "bayer_rggb8": _mosaic,
    }.items():
        yield (
            "16l-encodings",
            f"{encoding} in Image",
            shot(images=35, message=lambda _, p, e=encoding, m=make: _named(m(p), e)),
        )
    for format_, suffix in (("h264", ""), ("16UC1; compressedDepth png", ""), ("webp", ".webp")):
        yield "16i-compressed-formats", format_, compressed(format_, suffix, lambda _, data: data)
    yield "16j-damaged-jpeg", "a flipped byte in each second", compressed("jpeg", ".jpg", flipped)
    yield "16j-damaged-jpeg", "each second cut at its half", compressed("jpeg", ".jpg", halved)


def _named(message: Image, encoding: str) -> Image:
    message.encoding = encoding
    return message


def _two_planes(pixels: Pixels, swapped: bool = False) -> Image:
    height, width = pixels.shape[:2]
    planes = cv2.cvtColor(pixels, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, chroma = np.split(planes, [height * width])
    u, v = chroma.reshape(2, -1)
    pairs = np.stack([v, u] if swapped else [u, v], -1)
    data = array("B", np.concatenate([luma, pairs.ravel()]).tobytes())
    return Image(height=height, width=width, step=width, data=data)


def _mosaic(pixels: Pixels) -> Image:
    """One colour of each pixel: red and green, then green and blue in turn."""
    blue, green, red = np.moveaxis(pixels, -1, 0)
    mosaic = green.copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = red[::2, ::2], blue[1::2, 1::2]
    height, width = mosaic.shape
    return Image(height=height, width=width, step=width, data=array("B", mosaic.tobytes()))


def compressed(
    format_: str, suffix: str, damage: Callable[[int, bytes], bytes]
) -> Callable[[Rig], str]:
    """A camera that sends CompressedImage."""

    def make(number: int, pixels: Pixels) -> CompressedImage:
        data = cv2.imencode(suffix, pixels)[1].tobytes() if suffix else bytes(34605)
        return CompressedImage(format=format_, data=array("B", damage(number, data)))

    def run(rig: Rig) -> str:
        rig.see(image_transport="compressed")
        rig.shoot(Shot(message=make, kind=CompressedImage))
        return rig.outcome()

    return run


def flipped(number: int, data: bytes) -> bytes:
    """One byte set to 255, which begins a marker: libjpeg shows grey from there on."""
    changed = bytearray(data)
    if number % 2:
        changed[random.Random(number).randrange(len(data) // 4, len(data) - 2)] = 255
    return bytes(changed)


def halved(number: int, data: bytes) -> bytes:
    """Half of the data, like a transfer that was cut off."""
    return data[: len(data) // 2] if number % 2 else data


def not_remapped(rig: Rig) -> str:
    """The image is remapped, but camera_info is not."""
    rig.see("-r", "image:=/camera/image_raw")
    rig.shoot(Shot(topic="/camera/image_raw", info_topic="/camera/camera_info"))
    return rig.outcome()


def no_publisher(rig: Rig) -> str:
    """A waiting detector, and a lifter."""
    rig.see()
    rig.spin(8)
    texts = rig.heard.texts
    return "; ".join(f"{name}: {text}" for name, each in texts.items() for text in list(each)[-1:])


def same_frame_id(rig: Rig) -> str:
    """A person who walks to the right in one camera, and to the left in the other."""
    rig.stop_if_runs("detector")
    sides = ("left", "right")
    for side in sides:
        arguments = ("-r", f"__ns:=/{side}", "-r", "windows:=/windows")
        rig.start("detector", *arguments, name=f"{side}/detector", blazepose_model="full")
    rig.until_active(*(f"{side}/detector" for side in sides))
    rig.see_lifter()
    publishers = [
        (rig.node.create_publisher(Image, f"/{side}/image", 1),
         rig.node.create_publisher(CameraInfo, f"/{side}/camera_info", 1))
        for side in sides
    ]  # fmt: skip
    rig.spin(1.0)
    for number in range(45):
        pixels = rig.film[rig.frame(number)]
        for (images, infos), each in zip(publishers, (pixels, pixels[:, ::-1]), strict=True):
            rig.publish(images, infos, bgr_image(np.ascontiguousarray(each)))
        rig.spin(2 / FPS)
    rig.spin(2.5)
    text = rig.outcome("lifter")
    for publisher in itertools.chain(*publishers):
        rig.node.destroy_publisher(publisher)
    for name in sides:
        rig.stop(f"{name}/detector")
    return text
