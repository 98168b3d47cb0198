"""A detector's errors: samples have the statistics of the file, and the fit recovers them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from diffhpe_ros.detection.weights import blazepose_weights
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.walk import CircleWalk
from diffhpe_ros.training.datasets.mocap import HELD_OUT_SUBJECTS
from diffhpe_ros.training.detector_errors import DetectorModel, FittedErrors, hold_draws
from diffhpe_ros.training.detector_errors import measure as measuring
from diffhpe_ros.training.detector_errors.compare import relative_errors
from diffhpe_ros.training.detector_errors.fit import fit
from diffhpe_ros.training.detector_errors.joints import (
    DETECTED_JOINTS,
    LIMBS,
    PARTS,
    averaged_joints,
    image_height,
)
from diffhpe_ros.training.detector_errors.measure import (
    DetectorMeasurements,
    draw_clips,
    measure,
    read_measured,
)
from diffhpe_ros.training.detector_errors.statistics import (
    ErrorStatistics,
    PartErrors,
    blazepose_statistics,
    read_statistics,
    write_statistics,
)
from diffhpe_ros.training.projection import project
from diffhpe_ros.training.synthesis import virtual_camera
from diffhpe_ros.training.synthesis.handmade_noise import HandmadeNoise, detector_noise

PART = PartErrors(
    offset=(0.0, 0.0, 0.05),
    constant=0.012,
    smooth=0.008,
    white=0.004,
    outlier_share=0.03,
    outlier_from=0.06,
    outlier_excess=0.04,
    miss_logit=-5.0,
)
KNOWN = ErrorStatistics(
    parts=dict.fromkeys(PARTS, PART) | {"hip": replace(PART, offset=(0.02, -0.03, -0.05))},
    smooth_correlation=0.8,
    head_correlation=0.7,
    outlier_change=0.3,
    swap_share={"arms": 0.02, "legs": 0.06},
    swap_change=0.4,
    miss_slope=2.0,
    miss_change=0.3,
)
STEADY = replace(
    KNOWN,
    parts=dict.fromkeys(PARTS, replace(PART, outlier_share=0.0)),
    swap_share={"arms": 0.0, "legs": 0.0},
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def walker() -> tuple[torch.Tensor, torch.Tensor]:
    """Joints (27, 17, 3) of a walking person, and the direction of the face (27, 3)."""
    poses = [CircleWalk().pose(0.4 + k / 50) for k in range(27)]
    return (
        torch.tensor(np.stack([pose.joints for pose in poses]), dtype=torch.float32),
        torch.tensor(np.stack([pose.head_forward for pose in poses]), dtype=torch.float32),
    )


def seen(walker, model: DetectorModel, count: int = 300) -> DetectorMeasurements:
    """The results of a detector with such errors for the walker, seen by many cameras."""
    positions, facing = (each.expand(count, *each.shape) for each in walker)
    detected = model.joints(positions, facing, generator())
    # The direction of the face is transformed as a point next to the hip.
    beside = positions[:, :, :1] + facing[:, :, None]
    points = torch.cat([positions, beside, detected], 2)
    optical = virtual_camera.to_random_cameras(points, positions[:, 13, 0], generator())
    joints, beside, detected = optical.split([17, 1, 17], 2)
    x_2d = project(detected)
    noise, unseen = model.errors(x_2d, generator(1))
    return DetectorMeasurements(
        joints=joints.numpy(),
        head_forward=(beside - joints[:, :, :1])[:, :, 0].numpy(),
        hidden=np.zeros(unseen.shape, bool),
        detected=(x_2d + noise).numpy(),
        confidence=np.where(unseen.numpy(), 0.2, 0.9).astype(np.float32),
        subject=np.zeros(count, np.int64),
    )


@pytest.fixture(scope="module")
def refitted(walker) -> ErrorStatistics:
    return fit(seen(walker, FittedErrors(KNOWN)))


def test_fit_finds_where_the_detector_puts_its_joints(refitted):
    for name, part in KNOWN.parts.items():
        np.testing.assert_allclose(refitted.parts[name].offset, part.offset, atol=0.006)


def test_fit_finds_the_spread_and_its_correlation(refitted):
    assert refitted.smooth_correlation == pytest.approx(0.8, abs=0.06)
    assert refitted.head_correlation == pytest.approx(0.7, abs=0.05)
    for part in refitted.parts.values():
        assert part.constant == pytest.approx(PART.constant, rel=0.15)
        assert part.smooth == pytest.approx(PART.smooth, rel=0.2)
        assert part.white == pytest.approx(PART.white, rel=0.4)


def test_fit_finds_outliers_swaps_and_misses(refitted):
    for part in refitted.parts.values():
        assert part.outlier_share == pytest.approx(PART.outlier_share, abs=0.025)
        assert part.outlier_excess == pytest.approx(PART.outlier_excess, rel=0.35)
        assert part.miss_logit == pytest.approx(PART.miss_logit, abs=0.5)
    assert refitted.outlier_change == pytest.approx(0.3, abs=0.08)
    for limb in LIMBS:
        assert refitted.swap_share[limb] == pytest.approx(KNOWN.swap_share[limb], abs=0.02)
    assert refitted.swap_change == pytest.approx(0.4, abs=0.1)
    assert refitted.miss_slope == pytest.approx(2.0, abs=0.3)
    assert refitted.miss_change == pytest.approx(0.3, abs=0.06)


def test_steady_errors_have_the_stated_size_and_correlation(walker):
    measured = seen(walker, FittedErrors(STEADY))
    offsets = FittedErrors(STEADY).offsets
    errors = relative_errors(measured, offsets).offset
    variance = PART.constant**2 + PART.smooth**2 + PART.white**2
    next_frame = PART.constant**2 + 0.8 * PART.smooth**2
    assert errors.std() == pytest.approx(variance**0.5, rel=0.03)
    found = (errors[:, 1:] * errors[:, :-1]).mean() / (errors**2).mean()
    assert found == pytest.approx(next_frame / variance, abs=0.02)


def test_no_error_leaves_the_joints_where_the_detector_has_them(walker):
    quiet = replace(PART, offset=(0, 0, 0), constant=0.0, smooth=0.0, white=0.0, outlier_share=0.0)
    model = FittedErrors(replace(STEADY, parts=dict.fromkeys(PARTS, quiet)))
    positions, facing = (each[None] for each in walker)
    detected = model.joints(positions, facing, generator())
    torch.testing.assert_close(detected, averaged_joints(positions))
    noise, _ = model.errors(detected[..., :2], generator())
    assert noise.abs().max() < 1e-4


def test_averaged_joints_err_as_their_sources_and_are_unseen_with_them(walker):
    x_2d = walker[0][None, ..., 1:].expand(300, -1, -1, -1)
    noise, unseen = FittedErrors(replace(KNOWN, miss_slope=3.0)).errors(x_2d, generator())
    whole = averaged_joints(x_2d) - x_2d
    torch.testing.assert_close(noise, averaged_joints(noise) + whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(unseen[..., 0], unseen[..., [1, 4]].any(-1))
    assert unseen[..., list(DETECTED_JOINTS)].float().mean() > 0.01


def test_joints_of_low_confidence_are_kept_where_asked_for(walker):
    x_2d = walker[0][None, ..., 1:].expand(300, -1, -1, -1)
    noise, unseen = FittedErrors(KNOWN, has_unsure_joints=True).errors(x_2d, generator())
    same_noise, missed = FittedErrors(KNOWN).errors(x_2d, generator())
    assert missed.any() and not unseen.any()
    torch.testing.assert_close(noise, same_noise)


def test_swapped_legs_stand_on_each_others_places(walker):
    swapping = replace(STEADY, swap_share={"arms": 0.0, "legs": 1.0})
    x_2d = averaged_joints(walker[0][None, ..., 1:])
    noise, _ = FittedErrors(swapping).errors(x_2d, generator())
    detected = x_2d + noise
    near = 6 * 0.015 * image_height(x_2d)
    assert ((detected[:, :, 3] - x_2d[:, :, 6]).norm(dim=-1) < near).all()
    assert ((detected[:, :, 13] - x_2d[:, :, 13]).norm(dim=-1) < near).all()


def test_held_draws_last():
    draws = torch.rand(2000, 27, 3, generator=generator())
    kept = hold_draws(draws, 0.25, generator(1))
    stays = (kept[:, 1:] == kept[:, :-1]).float().mean()
    assert stays == pytest.approx(0.75, abs=0.01)
    torch.testing.assert_close(hold_draws(draws, 1.0, generator()), draws)


def test_level_and_strength_scale(walker):
    positions, facing = (each.expand(50, *each.shape) for each in walker)
    plain = FittedErrors(STEADY)
    double = FittedErrors(STEADY, level=(2.0, 2.0), strength=(0.0, 0.0))
    torch.testing.assert_close(double.joints(positions, facing, generator()), positions)
    x_2d = averaged_joints(positions)[..., 1:]
    torch.testing.assert_close(
        double.errors(x_2d, generator())[0], 2 * plain.errors(x_2d, generator())[0]
    )


def test_fewer_images_a_second_change_more_from_one_to_the_next():
    often = blazepose_statistics()
    seldom = often.at(25.0)
    assert seldom.smooth_correlation == pytest.approx(often.smooth_correlation**2)
    assert 1 - seldom.swap_change == pytest.approx((1 - often.swap_change) ** 2)
    assert seldom.parts == often.parts
    assert often.at(50.0).miss_change == pytest.approx(often.miss_change)


def test_same_generator_gives_the_same_errors(walker):
    x_2d = walker[0][None, ..., 1:]
    model = FittedErrors(KNOWN)
    for first, second in zip(
        model.errors(x_2d, generator()), model.errors(x_2d, generator()), strict=True
    ):
        assert torch.equal(first, second)


def test_file_holds_all_there_is(tmp_path):
    path = tmp_path / "errors.yaml"
    write_statistics(path, KNOWN, "measured by hand\nin two lines")
    assert path.read_text().startswith("# measured by hand\n# in two lines\n")
    assert read_statistics(path) == KNOWN


@pytest.mark.parametrize("text", ["", "parts: {nose: 3}", "parts: {}\nother: 1", "a: [", "[1]"])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "errors.yaml"
    path.write_text(text)
    with pytest.raises(DiffhpeError, match=r"errors\.yaml: not the statistics"):
        read_statistics(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DiffhpeError, match=r"cannot read .*none\.yaml"):
        read_statistics(tmp_path / "none.yaml")


def test_packages_fit_of_blazepose_errs_as_it_was_measured(walker):
    """The shares of docs/detector-errors.md, and no detector's joints where they cannot be."""
    model = FittedErrors(blazepose_statistics())
    x_2d = averaged_joints(walker[0][None, ..., 1:].expand(400, -1, -1, -1))
    noise, unseen = model.errors(x_2d, generator())
    relative = noise.norm(dim=-1) / image_height(x_2d)[:, None, None]
    assert 0.01 < relative[..., list(DETECTED_JOINTS)].median() < 0.02
    assert relative[..., 13].quantile(0.95) > 1.3 * relative[..., 11].quantile(0.95)
    assert unseen[..., 13].float().mean() == pytest.approx(0.23, abs=0.08)
    assert unseen[..., 9].float().mean() < 0.01


def test_prototypes_errors_are_those_of_its_functions(walker):
    x_2d = walker[0][None, ..., 1:].expand(20, -1, -1, -1)
    noise, unseen = HandmadeNoise().errors(x_2d, generator())
    assert torch.equal(noise, detector_noise(x_2d, generator()))
    assert unseen.shape == noise.shape[:-1]
    positions, facing = (each.expand(200, *each.shape) for each in walker)
    moved = HandmadeNoise().joints(positions, facing, generator())
    kept = (moved == positions).all(-1).all(-1).all(-1).float().mean()
    assert kept == pytest.approx(0.5, abs=0.1)


def test_interrupted_measurement_keeps_the_clips_that_are_done(mocap, monkeypatch):
    clips = draw_clips(mocap / "cmu_h36m17_50hz.npz", 3, 0, HELD_OUT_SUBJECTS)
    assert not {clip.subject for clip in clips} & HELD_OUT_SUBJECTS
    rows = iter([tuple(np.full((1, 2), k) for k in range(5))])

    def one_clip(*_):
        for row in rows:
            return row
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "create_detector", lambda *_, **__: None)
    monkeypatch.setattr(measuring, "measure_clip", one_clip)
    found = measure(clips)
    assert len(found.joints) == 1
    np.testing.assert_array_equal(found.subject, [clips[0].subject])


@pytest.mark.slow
def test_blazepose_on_a_rendered_clip(mocap, tmp_path):
    try:
        blazepose_weights()
    except DiffhpeError as error:
        pytest.skip(str(error))
    (clip,) = draw_clips(mocap / "cmu_h36m17_50hz.npz", 1, seed=1, without=())
    found = measure([replace(clip, poses=clip.poses[:6])])
    found.save(tmp_path / "measured.npz")
    read = read_measured(tmp_path / "measured.npz")
    np.testing.assert_array_equal(read.detected, found.detected)
    assert read.joints.shape == (1, 6, 17, 3) and read.hidden.shape == (1, 6, 17)
    errors = relative_errors(read, FittedErrors(blazepose_statistics()).offsets)
    assert np.nanmedian(np.linalg.norm(errors.offset, axis=-1)) < 0.03
    assert not errors.swapped.any()
