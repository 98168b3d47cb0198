"""Streams: the last pose that a window starts at, and its noise."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import BackboneConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_backbone, load_with_config
from diffhpe_ros.lifting.diffusion.schedule import CosineSchedule
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.pipeline.initialization import (
    PreviousPoseInitialization,
    create_initialization,
)
from diffhpe_ros.lifting.pipeline.views import PersonView, turn_points
from diffhpe_ros.lifting.streaming.image_motion import (
    CEILING,
    FAST,
    FLOOR,
    image_size,
    image_speed,
    initial_steps,
)
from diffhpe_ros.lifting.streaming.warm_start import PoseHistory

FRAME_NS = 20_000_000
RATE = 50.0
PEOPLE = [("camera", track_id) for track_id in range(4)]
ANN, BOB = PEOPLE[:2]
SCHEDULE = CosineSchedule(50)


def numbered_frames() -> np.ndarray:
    """(2, 27, 17, 3), every value is its frame's number."""
    return np.broadcast_to(np.arange(27.0).reshape(27, 1, 1), (2, 27, 17, 3))


def figure(scale: float = 1.0) -> np.ndarray:
    """(1, 27, 17, 2), a still figure whose longer side is `scale`."""
    joints = 0.1 + scale * np.random.default_rng(0).random((17, 2)) * [0.5, 0.9]
    joints[0], joints[16] = [0.1, 0.1], [0.1, 0.1 + scale]
    return np.tile(joints, (1, 27, 1, 1))


# Memory


@pytest.mark.parametrize(("passed_ns", "new"), [(0, 0), (FRAME_NS, 1), (33_366_667, 2)])
def test_past_is_moved_on_by_the_frames_that_passed(passed_ns, new):
    history = PoseHistory()
    history.keep(1000, RATE, numbered_frames())
    past = history.recall(1000 + passed_ns, RATE)
    assert past.new_frames == new
    assert past.poses[1, :, 3, 2].tolist() == [*range(new, 27), *[26] * new]


@pytest.mark.parametrize(("passed", "usable"), [(13, True), (14, False), (1000, False)])
def test_no_use_is_made_of_what_is_half_a_window_old(passed, usable):
    history = PoseHistory()
    assert history.recall(10 * FRAME_NS, RATE) is None
    history.keep(10 * FRAME_NS, RATE, numbered_frames())
    assert (history.recall((10 + passed) * FRAME_NS, RATE) is not None) == usable


def test_windows_that_grow_are_no_past_for_each_other():
    """Those of new people are shorter at first, so their frames are closer together."""
    history = PoseHistory()
    history.keep(0, 50.0, numbered_frames())
    assert history.recall(FRAME_NS, 46.0) is None
    assert history.recall(FRAME_NS, 50.2) is not None


def test_who_was_not_there_is_not_remembered():
    history = PoseHistory()
    history.keep(0, RATE, numbered_frames())
    history.keep(FRAME_NS, RATE, np.full((2, 27, 17, 3), np.nan))
    assert history.recall(FRAME_NS, RATE) is None


# Motion


def test_speed_is_in_sizes_per_second():
    """Half of the joints move by 0.01 sizes per frame, half the opposite way: 0.5 per second."""
    for scale in (0.2, 1.0):
        x = figure(scale)
        way = np.array([1.0] * 8 + [0.0] + [-1.0] * 8)[:, None] * [0.6, 0.8]
        x[:, -6:] += 0.01 * scale * np.arange(1.0, 7).reshape(6, 1, 1) * way
        x[:, :, 8] = 0  # unseen
        (speed,) = image_speed(x, np.array([6]), np.array([50.0]))
        assert speed == pytest.approx(0.5, rel=0.05)
        assert image_speed(x, np.array([12]), np.array([50.0]))[0] == pytest.approx(0.25, rel=0.05)


def test_detectors_jitter_is_no_motion():
    x = figure()
    jitter = 0.005 * np.random.default_rng(0).standard_normal((1, 27, 17, 2))
    assert image_speed(x + jitter, np.array([1]), np.array([50.0]))[0] < 0.15 * FAST


def test_who_crosses_the_image_as_a_statue_is_still():
    x = figure() + np.arange(27).reshape(27, 1, 1) * np.array([0.03, 0.01])
    x[:, 20:, 5] = 0
    assert image_size(x)[0] == pytest.approx(1.0)
    assert image_speed(x, np.array([4]), np.array([50.0]))[0] == pytest.approx(0.0, abs=1e-4)


def test_who_is_unseen_may_have_moved_at_any_speed():
    x = figure()
    x[:, -5:] = 0
    assert image_speed(x, np.array([1]), np.array([50.0]))[0] == float("inf")
    assert image_speed(np.zeros((1, 27, 17, 2)), np.array([1]), np.array([50.0]))[0] == float("inf")


def test_levels_grow_with_the_speed_between_floor_and_ceiling():
    found = initial_steps(np.array([0.0, FAST / 3, FAST, 9.0, np.inf]), 50) + 1
    shares = [FLOOR, (2 * FLOOR + CEILING) / 3, CEILING, CEILING, CEILING]
    assert found.tolist() == [round(50 * share) for share in shares]
    many = initial_steps(np.linspace(0, 2, 100), 50)
    assert (np.diff(many) >= 0).all()
    assert initial_steps(np.array([0.0, 1.0]), 1).tolist() == [0, 0]


# Starts


@pytest.mark.parametrize("library", [np.asarray, torch.as_tensor])
def test_past_is_turned_into_the_new_view_and_noised(windows, library):
    x, rotation = PersonView().to_model_view(windows.numpy())
    rng = np.random.default_rng(0)
    poses = rng.standard_normal((4, 2, 27, 17, 3), np.float32)
    steps, known = np.array([9, 19, 29, 39]), np.array([True, True, False, True])
    rows = slice(1, 4)  # a part of the batch
    initial_state = PreviousPoseInitialization(poses, known, steps, 0.25)(
        library(x[rows]), library(rotation[rows]), rows
    )
    noise = rng.standard_normal((6, 27, 17, 3), np.float32)
    x_s, first = (np.asarray(each) for each in initial_state(SCHEDULE, library(noise)))
    assert first.tolist() == [19, 19, 49, 49, 39, 39]
    np.testing.assert_array_equal(x_s[2:4], noise[2:4])
    signal, spread = SCHEDULE.signal_and_noise(first)
    expected = signal[4:] * turn_points(poses, rotation)[3] / 0.25 + spread[4:] * noise[4:]
    np.testing.assert_allclose(x_s[4:], expected, atol=1e-5)


@pytest.fixture
def warm(wrapper_folder) -> Lifter:
    return Lifter.from_pretrained(wrapper_folder, steps=3, hypotheses=2, start="previous")


def lift_all_in_order(lifter: Lifter, windows, stamps) -> np.ndarray:
    stream = lifter.stream()
    return np.stack([stream.lift(windows, PEOPLE, [stamp] * 4).hypotheses for stamp in stamps])


def test_same_calls_give_the_same_bits(warm, windows):
    stamps = [0, FRAME_NS, 3 * FRAME_NS]
    first, second = (lift_all_in_order(warm, windows, stamps) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_windows_start_at_noise_where_there_is_no_usable_past(warm, wrapper_folder, windows):
    """A first window, one after a gap, and one after a clock was set back."""
    cold = Lifter.from_pretrained(wrapper_folder, steps=3, hypotheses=2)
    stamps = [10 * FRAME_NS, 11 * FRAME_NS, 25 * FRAME_NS, 0, FRAME_NS]
    apart = np.abs(
        lift_all_in_order(warm, windows, stamps) - lift_all_in_order(cold, windows, stamps)
    ).max((1, 2, 3, 4, 5))
    same = apart < 1e-5
    assert same.tolist() == [True, False, True, True, False]


def test_people_have_their_own_pasts(warm, windows):
    """One person's second window is the same with and without another person."""
    alone, together = warm.stream(), warm.stream()
    alone.lift(windows[:1], [ANN], [0])
    together.lift(windows[:2], [ANN, BOB], [0, 0])
    found = alone.lift(windows[2:3], [ANN], [FRAME_NS]).poses
    expected = together.lift(windows[2:].flip(0), [BOB, ANN], [FRAME_NS, FRAME_NS]).poses
    np.testing.assert_allclose(found[0], expected[1], atol=1e-5)


def test_cameras_of_one_stream_have_their_own_clocks(warm, windows):
    """A camera whose clock is a year behind does not affect the other's tracks."""
    alone, together = warm.stream(), warm.stream()
    alone.lift(windows[:1], [ANN], [10**18])
    together.lift(windows[:2], [ANN, ("other", 0)], [10**18, 0])
    together.lift(windows[1:2], [("other", 0)], [FRAME_NS])
    found = alone.lift(windows[2:3], [ANN], [10**18 + FRAME_NS]).poses
    expected = together.lift(windows[2:3], [ANN], [10**18 + FRAME_NS]).poses
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_single_windows_have_no_previous_one(warm, wrapper_folder, windows):
    cold = Lifter.from_pretrained(wrapper_folder, steps=3, hypotheses=2)
    np.testing.assert_array_equal(warm.lift(windows).poses, cold.lift(windows).poses)


def test_person_who_was_out_of_sight_starts_anew(warm, windows):
    stream = warm.stream()
    assert np.isnan(stream.lift(torch.zeros(1, 27, 17, 2), [ANN], [0]).poses).all()
    assert np.isfinite(stream.lift(windows[:1], [ANN], [FRAME_NS]).poses).all()
    assert stream.lift(windows[:0], [], []).poses.shape == (0, 27, 17, 3)


def test_all_steps_may_be_visited_from_any_start(wrapper_folder, windows):
    lifter = Lifter.from_pretrained(wrapper_folder, steps=50, hypotheses=1, start="previous")
    stream = lifter.stream()
    for stamp in (0, FRAME_NS):
        assert np.isfinite(stream.lift(windows[:1], [ANN], [stamp]).poses).all()


@pytest.fixture(scope="module")
def with_backbone(wrapper_folder, tmp_path_factory) -> Path:
    """The small wrapper, which refers to its MixSTE instead of containing its trunk."""
    folder = tmp_path_factory.mktemp("with-backbone")
    model, config = load_with_config(wrapper_folder)
    mixste = MixSTE(model.trunk)
    of_mixste = ModelConfig("mixste", config.input_view, trunk=config.trunk)
    save_model(mixste, of_mixste, folder / "mixste")
    sha256 = hashlib.sha256((folder / "mixste" / "model.safetensors").read_bytes()).hexdigest()
    named = replace(config, backbone=BackboneConfig("mixste", sha256))
    save_model(model, named, folder / "wrapper")
    return folder / "wrapper"


def test_wrapper_may_start_at_its_mixstes_pose(with_backbone, windows):
    lifter = Lifter.from_pretrained(with_backbone, steps=2, hypotheses=2, start="backbone")
    mixste = Lifter.from_pretrained(with_backbone.parent / "mixste")
    x, rotation = PersonView().to_model_view(windows)
    model, config = load_with_config(with_backbone)
    backbone = load_backbone(with_backbone, config)
    start = create_initialization(lifter.preset, model, backbone, hypotheses=2)
    x_s, step = start(x, rotation, slice(0, 4))(SCHEDULE, torch.zeros(8, 27, 17, 3))
    assert step == 24
    in_view = turn_points(torch.from_numpy(mixste.lift(windows).hypotheses), rotation)
    signal, _ = SCHEDULE.signal_and_noise(24)
    expected = signal * in_view.repeat_interleave(2, 1).flatten(0, 1) / 0.25
    torch.testing.assert_close(x_s, expected, atol=1e-4, rtol=1e-4)
    cold = Lifter.from_pretrained(with_backbone, steps=2, hypotheses=2)
    assert np.abs(lifter.lift(windows).poses - cold.lift(windows).poses).max() > 1e-4


def test_starts_that_cannot_be_are_refused(wrapper_folder, golden_mixste):
    with pytest.raises(DiffhpeError, match="small-wrapper has no backbone to start from"):
        Lifter.from_pretrained(wrapper_folder, start="backbone")
    with pytest.raises(DiffhpeError, match="unknown start 'here'; expected one of noise, backbone"):
        Lifter.from_pretrained(wrapper_folder, start="here")
    model, config = load_with_config(wrapper_folder)
    with pytest.raises(DiffhpeError, match="needs the MixSTE of a diffhpe-wrapper; none is given"):
        Lifter(model, config, start="backbone")


def test_persons_and_stamps_are_as_many_as_windows(warm, windows):
    with pytest.raises(DiffhpeError, match="4 windows need as many tracks and stamps, got 3 and"):
        warm.stream().lift(windows, PEOPLE[:3], [0, 0, 0])


def test_preset_may_name_a_start(wrapper_folder, tmp_path):
    _, config = load_with_config(wrapper_folder)
    values = config.to_dict()
    values["presets"]["fast"] = {
        "sampler": "dpm-solver",
        "steps": 1,
        "hypotheses": 1,
        "start": "previous",
    }
    save_model(build_model(config), ModelConfig.from_dict(values), tmp_path / "model")
    preset = Lifter.from_pretrained(tmp_path / "model", preset="fast").preset
    assert (preset.sampler, preset.start) == ("dpm-solver", "previous")
