"""camera_info as drivers fill it."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo

from driver_cases.case import Case, info, shot
from driver_cases.rig import Rig, Shot, bgr_image


def camera_info_cases() -> Iterator[Case]:
    """All cases of camera_info."""
    yield "02-camera-info-jitter", "steady K", shot()
    yield (
        "02-camera-info-jitter",
        "fx + 1e-9 (k mod 7) px",
        shot(info=info(lambda m, k: m.k.__setitem__(0, m.k[0] + 1e-9 * (k % 7)))),
    )
    yield (
        "02-camera-info-jitter",
        "P, which is not used, varies",
        shot(info=info(lambda m, k: m.p.__setitem__(0, m.p[0] + 1e-9 * (k % 7)))),
    )
    yield (
        "02-camera-info-jitter",
        "roi.do_rectify toggles",
        shot(info=info(lambda m, k: setattr(m.roi, "do_rectify", bool(k % 2)))),
    )
    yield (
        "02-camera-info-jitter",
        "a zoom: fx grows by 0.5 % an image",
        shot(info=info(lambda m, k: _focal(m, m.k[0] * 1.005 ** (k / 2)))),
    )
    yield "02b-two-drivers", "K 600 and 610 in turn, two publishers", two_infos
    for model, d in (
        ("plumb_bob", [0.01, -0.01, 0, 0, 0.001, 0, 0, 0]), ("", [0] * 8), ("none", []),
        ("equidistant", []), ("rational_polynomial", [0] * 5), ("equidistant", [0] * 5),
        ("fisheye", [0.01, 0, 0, 0]), ("Brown Conrady", [0] * 5),
    ):  # fmt: skip
        yield (
            "04-distortion-models",
            f"{model!r} with {len(d)} coefficients",
            shot(images=35, info=info(lambda m, _, model=model, d=d: _lens(m, model, d))),
        )
    yield (
        "04-distortion-models",
        "skew of 1e-12",
        shot(info=info(lambda m, _: m.k.__setitem__(1, 1e-12))),
    )
    yield (
        "06-resized-stale-roi",
        "320x240, K of 300 px, roi 640x480",
        shot(info=info(_stale_roi), message=lambda _, p: bgr_image(cv2.resize(p, (320, 240)))),
    )
    yield "07-rectified-only-P", "K of zeros, P 700 px, rectified", only_p
    yield (
        "08-camera-info-width-0",
        "0x0 beside images of 640x480",
        shot(info=info(lambda m, _: (setattr(m, "width", 0), setattr(m, "height", 0)))),
    )
    yield "16j-identity", "K of the identity", shot(info=info(lambda m, _: _focal(m, 1.0)))


def _focal(message: CameraInfo, pixels: float) -> None:
    message.k[0] = message.k[4] = pixels


def _lens(message: CameraInfo, model: str, d: list[float]) -> None:
    message.distortion_model, message.d = model, [float(each) for each in d]


def _stale_roi(message: CameraInfo, _: int) -> None:
    message.width, message.height = 320, 240
    message.k = (np.diag([0.5, 0.5, 1]) @ np.reshape(message.k, (3, 3))).ravel()
    message.roi.width, message.roi.height = 640, 480


def two_infos(rig: Rig) -> str:
    """A second driver's camera_info on the same topic."""
    rig.see()
    other = rig.node.create_publisher(CameraInfo, "camera_info", 1)
    try:
        rig.shoot(Shot(info=info(lambda m, k: _focal(m, 600.0 + 10 * (k % 2)))))
    finally:
        rig.node.destroy_publisher(other)
    return rig.outcome()


def only_p(rig: Rig) -> str:
    """A driver that rectifies and fills only P."""

    def change(message: CameraInfo, _: int) -> None:
        message.p[0] = message.p[5] = 700.0
        message.k = np.zeros(9)

    rig.see(rectified=True)
    rig.shoot(Shot(info=info(change)))
    return rig.outcome()
