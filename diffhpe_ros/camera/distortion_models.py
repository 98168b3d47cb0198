"""Converts camera drivers' names and coefficients of lens distortion to ROS's."""

import re

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_OPENCV = (
    *("", "plumbbob", "radtan", "radialtangential", "brownconrady", "brown", "opencv"),
    *("rational", "rationalpolynomial", "fullopencv"),
)
_FISHEYE = ("equidistant", "equi", "fisheye", "opencvfisheye", "kannalabrandt", "kannalabrandt4")
_NO_DISTORTION = (
    *("none", "nodistortion", "undistorted", "pinhole", "perspective", "rectilinear"),
    *("inversebrownconrady", "modifiedbrownconrady"),
)
"""Models that are all the same without coefficients, or with zeros."""

_PLUMB_BOB, _EQUIDISTANT = (0, 4, 5), 4
_COUNTS = (4, 5, 8, 12, 14)
"""Lengths of OpenCV's vector: k1 k2 p1 p2, k3, k4 k5 k6, s1 s2 s3 s4, and the sensor's tilt."""


def in_ros_terms(name: str, coefficients: Array) -> tuple[str, Array]:
    """The distortion model that a driver evidently means.

    Coefficients beyond those of the model are removed if they are 0; plumb_bob with k4 to k6 is a
    rational polynomial.

    Args:
        name: `distortion_model` of a camera_info.
        coefficients: (n,) `d` of the camera_info.

    Returns:
        Name and coefficients for `camera.Camera`; unchanged if the meaning is not evident.
    """
    key = re.sub(r"[^a-z0-9]", "", name.lower())
    if key in _FISHEYE:
        beyond = coefficients[_EQUIDISTANT:]
        return "equidistant", coefficients if beyond.any() else coefficients[:_EQUIDISTANT]
    if key in _NO_DISTORTION and not coefficients.any():
        return "plumb_bob", coefficients[:0]
    if key in _OPENCV:
        return _of_opencv(name, coefficients)
    return name, coefficients


def _of_opencv(name: str, coefficients: Array) -> tuple[str, Array]:
    """Model and coefficients of OpenCV's vector, without surplus zeros."""
    if len(coefficients) not in (0, *_COUNTS):
        if not coefficients.any():
            return "plumb_bob", coefficients[:0]
        used = 1 + int(np.flatnonzero(coefficients)[-1])
        fitting = [count for count in _COUNTS if used <= count <= len(coefficients)]
        if not fitting:
            return name or "plumb_bob", coefficients
        coefficients = coefficients[: fitting[0]]
    model = "plumb_bob" if len(coefficients) in _PLUMB_BOB else "rational_polynomial"
    return model, coefficients
