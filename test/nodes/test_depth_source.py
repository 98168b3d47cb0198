"""Depth images: conversion, and the one that belongs to a colour image."""

import threading
import time

import numpy as np
import pytest
from sensor_msgs.msg import Image

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import depth_source
from diffhpe_ros.nodes.depth_source import DepthSource
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.messages.depth import image_to_depth
from diffhpe_ros.nodes.messages.header import make_header

MS = 1_000_000
LONG_S = 60.0


def depth_image(metres: float = 2.0, stamp_ns: int = 0, encoding: str = "16UC1") -> Image:
    """6x4 pixels with a hole in the corner."""
    kind = {"16UC1": "<u2", "32FC1": "<f4"}[encoding]
    values = np.full((4, 6), metres * (1000 if encoding == "16UC1" else 1)).astype(kind)
    values[0, 0] = 0
    return Image(
        header=make_header("camera", stamp_ns), width=6, height=4, encoding=encoding,
        step=6 * values.itemsize, data=values.tobytes(),
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_both_encodings_are_metres(encoding: str) -> None:
    depth = image_to_depth(depth_image(2.5, encoding=encoding), 6, 4)
    assert depth.dtype == np.float32
    assert depth[0, 0] == 0
    np.testing.assert_allclose(depth[1:], 2.5)


def test_padded_rows_and_big_endian_are_read() -> None:
    message = depth_image()
    padded = np.zeros((4, 20), np.uint8)
    padded[:, :12] = np.full((4, 6), 1500, ">u2").view(np.uint8)
    message.step, message.is_bigendian, message.data = 20, 1, padded.tobytes()[:-8]
    np.testing.assert_allclose(image_to_depth(message, 6, 4), 1.5)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"encoding": "bgr8"}, "16UC1"),
        ({"width": 5}, "aligned to the colour image is expected, 6x4, got 5x4"),
        ({"step": 3}, "step of at least 12"),
        ({"data": b"12"}, "48 bytes"),
    ],
)
def test_wrong_depth_messages_are_refused(change: dict[str, object], problem: str) -> None:
    message = depth_image()
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(DiffhpeError, match=problem):
        image_to_depth(message, 6, 4)


@pytest.fixture
def diagnostics() -> NodeDiagnostics:
    return NodeDiagnostics()


@pytest.fixture
def source(diagnostics: NodeDiagnostics) -> DepthSource:
    return DepthSource(0.02, replay=False, diagnostics=diagnostics)


def test_nearest_depth_in_time_is_used(source: DepthSource, diagnostics: NodeDiagnostics) -> None:
    for k in range(3):
        source.put(depth_image(1.0 + k, 33 * MS * k))
    depth = source.at(35 * MS, 6, 4)
    assert depth is not None
    assert depth[1, 1] == pytest.approx(2.0)
    assert diagnostics.report().warnings == ()


def test_depth_that_arrives_a_little_later_is_waited_for(
    diagnostics: NodeDiagnostics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depth_source, "WAIT_S", LONG_S)
    source = DepthSource(0.02, replay=False, diagnostics=diagnostics)
    threading.Timer(0.03, lambda: source.put(depth_image(2.0, 100 * MS))).start()
    assert source.at(100 * MS, 6, 4) is not None


def test_missing_depth_is_waited_for_once_and_warned_of(
    diagnostics: NodeDiagnostics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depth_source, "WAIT_S", 1.0)
    source = DepthSource(0.02, replay=False, diagnostics=diagnostics)
    source.put(depth_image(2.0, 0))
    begin = time.monotonic()
    assert source.at(500 * MS, 6, 4) is None
    middle = time.monotonic()
    assert middle - begin >= 1.0
    assert source.at(533 * MS, 6, 4) is None
    assert time.monotonic() - middle < 1.0
    (warning,) = diagnostics.report().warnings
    assert "no message has a stamp within" in warning
    source.put(depth_image(2.0, 566 * MS))
    assert source.at(566 * MS, 6, 4) is not None
    assert diagnostics.report().warnings == ()


def test_wrong_depth_is_warned_of(source: DepthSource, diagnostics: NodeDiagnostics) -> None:
    source.put(depth_image(2.0, 0))
    assert source.at(0, 640, 480) is None
    (warning,) = diagnostics.report().warnings
    assert "640x480" in warning and "the colour image only" in warning


def test_depth_is_dropped_when_the_clock_jumps_back(source: DepthSource) -> None:
    source.put(depth_image(1.0, 900 * MS))
    source.put(depth_image(2.0, 0))
    depth = source.at(0, 6, 4)
    assert depth is not None
    assert depth[1, 1] == pytest.approx(2.0)


def test_memory_is_bounded(source: DepthSource) -> None:
    for k in range(100):
        source.put(depth_image(2.0, 33 * MS * k))
    assert source.at(0, 6, 4) is None  # long forgotten


def test_closing_ends_the_wait(
    diagnostics: NodeDiagnostics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depth_source, "REPLAY_WAIT_S", LONG_S)
    replay = DepthSource(0.02, replay=True, diagnostics=diagnostics)
    threading.Timer(0.05, replay.close).start()
    begin = time.monotonic()
    assert replay.at(0, 6, 4) is None
    assert time.monotonic() - begin < LONG_S / 2
