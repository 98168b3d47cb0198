"""Random messages, as from a hostile or broken sender, are refused or survived."""

from array import array
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from random_messages import SIZES, random_camera_info, random_windows
from sensor_msgs.msg import CompressedImage, Image
from standing import standing_windows

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.camera_source import CameraSource
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.messages.depth import image_to_depth
from diffhpe_ros.nodes.messages.images import compressed_to_bgr, image_to_bgr
from diffhpe_ros.nodes.messages.joints import pack_joints, unpack_joints
from diffhpe_ros.nodes.messages.markers import pack_skeletons
from diffhpe_ros.nodes.messages.status import pack_coherence
from diffhpe_ros.nodes.messages.windows import unpack_windows
from diffhpe_ros.nodes.model_loading import load
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import LiftedPeople


def publish(people: LiftedPeople) -> None:
    """Serialize all of the lifter's messages on people; joints and markers are finite."""
    joints = pack_joints(people)
    assert np.isfinite(unpack_joints(joints).positions).all()
    skeletons = pack_skeletons(people, ["do not trust: a, b; c"] * len(people), [], 0.5, True)
    for marker in skeletons.markers:
        place = marker.pose.position
        assert np.isfinite([marker.scale.x, marker.scale.y, marker.scale.z]).all()
        assert np.isfinite([place.x, place.y, place.z]).all()
    for message in (joints, skeletons, pack_coherence(people, [""] * len(people), "model")):
        serialize(message)


@pytest.mark.parametrize("name", ["standing_model", "random_wrapper"])
def test_any_numbers_in_windows(name: str, request: pytest.FixtureRequest) -> None:
    model: Path = request.getfixturevalue(name)
    parameters = LifterParameters(model=str(model), device="cpu", steps=1)
    stage = LiftingStage(load(parameters).lifter, parameters.output_options)
    bystanders = standing_windows([5], "other camera")
    (alone,) = stage.process([bystanders])
    chance = np.random.default_rng(0)
    seen: Counter[str] = Counter()
    for _ in range(40):
        try:
            windows = unpack_windows(random_windows(chance))
            stage.check(windows)
        except DiffhpeError as error:
            assert len(str(error)) < 400
            seen["refused"] += 1
            continue
        lifted, others = stage.process([windows, bystanders])
        publish(lifted)
        # One camera's numbers do not affect another's people.
        np.testing.assert_allclose(others.joints, alone.joints, atol=0.01)
        np.testing.assert_allclose(others.hypothesis_spread, alone.hypothesis_spread, rtol=1e-3)
        seen["lifted"] += 1
    assert min(seen["refused"], seen["lifted"]) > 10


def test_any_image() -> None:
    chance = np.random.default_rng(0)
    encodings = ["bgr8", "mono8", "yuv422", "rgba8", "16UC1", "", "x" * 100_000]
    refused = 0
    for _ in range(400):
        height, width, step = (int(chance.choice(SIZES)) for _ in range(3))
        data = array("B", bytes(int(chance.choice([0, 1, 12, 5000]))))
        encoding = str(chance.choice(encodings))
        message = Image(height=height, width=width, step=step, encoding=encoding, data=data)
        try:
            pixels = image_to_bgr(message)
        except DiffhpeError as error:
            assert len(str(error)) < 400
            refused += 1
        else:
            assert pixels.shape == (height, width, 3)
    assert 300 < refused < 400


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_any_damage_to_compressed_images(suffix: str) -> None:
    chance = np.random.default_rng(0)
    picture = chance.integers(0, 256, (48, 64, 3), np.uint8)
    good = cv2.imencode(suffix, picture)[1].tobytes()
    seen: Counter[str] = Counter()
    for _ in range(200):
        data = bytearray(good[: chance.choice([len(good), chance.integers(len(good))])])
        for _ in range(chance.integers(0, 4)):  # damage is worst in the header
            place = chance.integers(min(len(data), 200) + 1)
            data[place : place + 1] = chance.bytes(1)
        try:
            compressed_to_bgr(CompressedImage(data=array("B", bytes(data))))
        except DiffhpeError as error:
            assert len(str(error)) < 400
            seen["refused"] += 1
        else:
            seen["shown"] += 1
    assert min(seen["refused"], seen["shown"]) > 10


def test_any_depth_image() -> None:
    chance = np.random.default_rng(0)
    sizes, refused = [0, 1, 7, 14, 28, 2**32 - 1], 0
    for _ in range(400):
        height, width, step = (int(chance.choice(sizes)) for _ in range(3))
        data = array("B", bytes(int(chance.choice([0, 1, 196, 5000]))))
        encoding = str(chance.choice(["16UC1", "32FC1", "bgr8", "x" * 100_000]))
        message = Image(height=height, width=width, step=step, encoding=encoding, data=data)
        try:
            assert image_to_depth(message, 7, 7).shape == (7, 7)
        except DiffhpeError as error:
            assert len(str(error)) < 400
            refused += 1
    assert 300 < refused < 400


def test_any_camera_info() -> None:
    chance = np.random.default_rng(0)
    seen: Counter[str] = Counter()
    for _ in range(400):
        cameras = CameraSource(60.0, bool(chance.integers(2)), 0.0, False, NodeDiagnostics())
        cameras.put(random_camera_info(chance))
        try:
            camera = cameras.camera(640, 480)
        except DiffhpeError as error:
            assert len(str(error)) < 400
            seen["refused"] += 1
        else:
            rays = camera.to_canonical(chance.random((17, 2)) * 640)
            assert rays.shape == (17, 2)
            seen["used"] += 1
    assert min(seen["refused"], seen["used"]) > 50
