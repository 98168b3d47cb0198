"""The network that refines standard deviations, and its file in a model folder."""

from dataclasses import replace

import numpy as np
import pytest
from test_covariance import STD_MM, WRIST, walk

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model
from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config, save_model
from diffhpe_ros.lifting.checkpoints.stored import VARIANCE_FILE, read_model, save_config
from diffhpe_ros.lifting.pipeline.coherence_limits import VarianceFeature
from diffhpe_ros.lifting.pipeline.covariance import covariance
from diffhpe_ros.lifting.pipeline.variance_features import MOST_GROWTH, variance_features
from diffhpe_ros.lifting.pipeline.variance_network import (
    JOINT_INPUTS,
    VarianceNetwork,
    body_inputs,
    mirrored,
)
from diffhpe_ros.skeleton import MIRRORED

BODY, HIDDEN = 17 * JOINT_INPUTS, 4
ENDS = {"window_edge": VarianceFeature(mean=0.0, x=0.0, y=0.0, z=0.0)}


def network(features: int = 1) -> VarianceNetwork:
    """All factors are 1."""
    return VarianceNetwork(
        body_mean=np.zeros(BODY, np.float32),
        body_std=np.ones(BODY, np.float32),
        feature_std=np.ones(features, np.float32),
        body_weight=np.zeros((BODY, HIDDEN), np.float32),
        feature_weight=np.zeros((features, HIDDEN), np.float32),
        hidden_bias=np.zeros((16, HIDDEN), np.float32),
        output_weight=np.zeros((16, HIDDEN, 3), np.float32),
        output_bias=np.zeros((16, 3), np.float32),
    )


def lifted_with(wanted: VarianceNetwork) -> np.ndarray:
    """Variances (27, 17, 3) of the walk along the axes of the camera, before which it is."""
    lifted = walk(root=(0.0, 0.0, 4.0))
    rotation = np.eye(3, dtype=np.float32)[None]
    found = covariance(lifted.poses[:, None], lifted, rotation, STD_MM, ENDS, wanted)
    return found[0].diagonal(axis1=-2, axis2=-1)


def test_network_multiplies_standard_deviations():
    biased = network()
    biased.output_bias[WRIST - 1] = np.log([2.0, 1.0, 0.5])
    factor = np.sqrt(lifted_with(biased)[:, 1:] / lifted_with(network())[:, 1:])
    np.testing.assert_allclose(factor[:, WRIST - 1], [[2.0, 1.0, 0.5]] * 27, rtol=1e-4)
    np.testing.assert_allclose(np.delete(factor, WRIST - 1, 1), 1, rtol=1e-6)


def test_factor_has_a_bound():
    wild = network()
    wild.output_bias[:] = 100.0
    factor = np.sqrt(lifted_with(wild)[:, 1:] / lifted_with(network())[:, 1:])
    np.testing.assert_allclose(factor, np.exp(MOST_GROWTH), rtol=1e-4)


def test_hidden_unit_sees_the_body_and_the_joints_own_features():
    """One unit, of the Head's depth and the joint's window edge."""
    seeing = network()
    head_z = 10 * JOINT_INPUTS + 2
    seeing.body_weight[head_z, 0] = 1.0
    seeing.feature_weight[0, 0] = 0.5
    seeing.hidden_bias[:, 0] = 1.0
    seeing.output_weight[:, 0] = 1.0
    body = np.zeros((1, 1, 17, JOINT_INPUTS), np.float32)
    body[..., 10, 2] = 0.25
    above = np.full((1, 1, 16, 1), 0.5)
    np.testing.assert_allclose(seeing(body, above), np.full((1, 1, 16, 3), 1.5))
    body[..., 10, 2] = -5.0  # standardized inputs are clipped, and hidden units are not negative
    np.testing.assert_array_equal(seeing(body, above), 0)


def test_no_windows_have_no_factors():
    body, above = np.zeros((0, 27, 17, JOINT_INPUTS), np.float32), np.zeros((0, 27, 16, 1))
    assert network()(body, above).shape == (0, 27, 16, 3)


def test_inputs_are_pose_motion_and_keypoint_in_the_models_view():
    lifted = walk()
    rotation = np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]], np.float32)  # to the right
    body = body_inputs(lifted, rotation[None], variance_features(lifted))[0]
    pose = lifted.poses[0, 13, WRIST]
    motion = lifted.poses[0, 15, WRIST] - lifted.poses[0, 11, WRIST]
    np.testing.assert_allclose(body[13, WRIST, :3], [-pose[2], pose[1], pose[0]], rtol=1e-5)
    np.testing.assert_allclose(body[13, WRIST, 3:6], rotation @ motion, rtol=1e-4, atol=1e-7)
    seen = body_inputs(lifted, np.eye(3, dtype=np.float32)[None], variance_features(lifted))
    np.testing.assert_allclose(seen[..., 6:8], lifted.x_2d, rtol=1e-5)


def test_mirrored_inputs_are_those_of_the_mirrored_walk():
    lifted, straight = walk(), np.eye(3, dtype=np.float32)[None]
    flipped = replace(
        lifted,
        poses=lifted.poses[:, :, MIRRORED] * [-1, 1, 1],
        x_2d=lifted.x_2d[:, :, MIRRORED] * [-1, 1],
    )
    np.testing.assert_allclose(
        mirrored(body_inputs(lifted, straight, variance_features(lifted))),
        body_inputs(flipped, straight, variance_features(flipped)),
        atol=1e-6,
    )


@pytest.fixture
def folder(tmp_path):
    """A model with a network that doubles all standard deviations."""
    doubling = network()
    doubling.output_bias[:] = np.log(2.0)
    config = ModelConfig(
        "mixste",
        "person",
        trunk=TrunkConfig(channels=8, depth=1, heads=2),
        residual_std_mm=tuple((10.0, 20.0, 30.0) for _ in range(17)),
        variance_features=ENDS,
        variance_network=doubling,
    )
    save_model(build_model(config), config, tmp_path / "model")
    return tmp_path / "model"


def test_network_is_kept_with_the_model(folder):
    x_2d = walk().x_2d
    doubled = Lifter.from_pretrained(folder).lift(x_2d).covariance[:, :, 1:]
    _, config = load_with_config(folder)
    save_config(replace(config, variance_network=None), folder)
    assert not (folder / VARIANCE_FILE).exists()
    single = Lifter.from_pretrained(folder).lift(x_2d).covariance[:, :, 1:]
    np.testing.assert_allclose(doubled, 4 * single, rtol=1e-4, atol=1e-9)


def test_network_of_other_features_is_refused(folder):
    config = read_model(folder).config
    save_config(replace(config, variance_network=network(features=2)), folder)
    with pytest.raises(DiffhpeError, match=r"variance.safetensors.*feature_std .*calibrate again"):
        read_model(folder)


def test_damaged_network_is_refused(folder):
    (folder / VARIANCE_FILE).write_bytes(b"no tensors")
    with pytest.raises(DiffhpeError, match="variance.safetensors: damaged or not"):
        read_model(folder)


def test_network_in_the_configuration_is_an_unknown_key():
    with pytest.raises(DiffhpeError, match="unknown key 'variance_network'"):
        ModelConfig.from_dict({"architecture": "mixste", "variance_network": {}})
