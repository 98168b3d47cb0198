"""Samplers recorded for fixed numbers of windows.

With a CUDA device, the tests of the buckets also run on it: see `engines.capture`.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from diffhpe_ros.lifting import Lifter, SamplingConfig
from diffhpe_ros.lifting.backends import on_torch
from diffhpe_ros.lifting.engines.capture import (
    CapturedSampler,
    CaptureError,
    Playback,
    Program,
    ProgramRecorder,
)
from diffhpe_ros.lifting.engines.creation import create_recorder
from diffhpe_ros.lifting.engines.precision import FLOAT32, Precision
from diffhpe_ros.lifting.engines.traced import TracedRecorder
from diffhpe_ros.lifting.window_batch import check_windows

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
EQUAL_M = 1e-5
"""Tolerance: matrix products of other shapes are summed in another order."""


@pytest.fixture(scope="module", params=["mixste-robust", "diffhpe-wrapper-robust"])
def lifter(request: pytest.FixtureRequest) -> Lifter:
    return Lifter.from_pretrained(request.param, engine="folded")


@pytest.fixture(scope="module")
def captured(lifter: Lifter) -> Lifter:
    return lifter.captured()


@pytest.fixture
def small(wrapper_folder: Path) -> Lifter:
    return Lifter.from_pretrained(
        wrapper_folder, engine="folded", sampler="ddpm", steps=3, hypotheses=2
    )


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=NO_GPU)])
def anywhere(wrapper_folder: Path, request: pytest.FixtureRequest) -> Lifter:
    """The lifter on each available device."""
    return Lifter.from_pretrained(
        wrapper_folder, request.param, engine="folded", sampler="ddpm", steps=3, hypotheses=2
    )


def seen(people: int) -> np.ndarray:
    windows = 0.2 * np.random.default_rng(people).standard_normal((people, 27, 17, 2))
    windows[:, 3:9, 5] = 0  # unseen
    return windows.astype(np.float32)


def with_buckets(
    lifter: Lifter, *buckets: int, recorder: ProgramRecorder | None = None
) -> CapturedSampler:
    """The lifter's sampler, recorded for these numbers of windows."""
    device = torch.device(lifter.device)
    recorder = recorder or create_recorder(device)
    return CapturedSampler(lifter.sampling.sample, 27, lifter.hypotheses, device, recorder, buckets)


def play(
    sampler: CapturedSampler, windows: np.ndarray, seeds: Sequence[int] | None = None
) -> np.ndarray:
    """Hypotheses (B, H, 27, 17, 3), by default with the seeds of `Lifter.lift`."""
    observed = check_windows(windows, frames=27)
    return sampler(observed, [0] * len(windows) if seeds is None else seeds)[0]


def test_poses_of_one_person_are_the_same_to_the_bit(lifter: Lifter, captured: Lifter) -> None:
    for windows in (seen(1), -seen(1)):
        np.testing.assert_array_equal(captured.lift(windows).poses, lifter.lift(windows).poses)


def test_on_the_cpu_people_are_lifted_one_by_one(lifter: Lifter, captured: Lifter) -> None:
    both, windows = captured.lift(seen(2)).poses, seen(2)
    for person in range(2):
        alone = lifter.lift(windows[person : person + 1]).poses[0]
        np.testing.assert_array_equal(both[person], alone)


@pytest.mark.parametrize("model", ["mixste-robust", "diffhpe-wrapper-robust"])
def test_window_and_its_mirror_image_are_recorded_together(model: str) -> None:
    lifter = Lifter.from_pretrained(
        model, steps=1, hypotheses=2, augmentation="flip", engine="folded"
    )
    captured = lifter.captured()
    np.testing.assert_array_equal(captured.lift(seen(1)).poses, lifter.lift(seen(1)).poses)
    assert captured.engine_description == "folded (float32)"


@pytest.mark.parametrize(("model", "engine"), [("diffpose", "folded"), ("mixste", "reference")])
def test_other_engines_stay_as_they_are_on_the_cpu(model: str, engine: str) -> None:
    assert Lifter.from_pretrained(model, engine=engine).captured().engine_description == engine


@pytest.mark.parametrize("people", [1, 2, 3, 4, 5, 9])
def test_any_number_of_people_goes_into_the_buckets(anywhere: Lifter, people: int) -> None:
    """3 are padded to 4; 9 are lifted as 4, 4 and 1."""
    found = play(with_buckets(anywhere, 1, 2, 4), seen(people))
    np.testing.assert_allclose(found, anywhere.lift(seen(people)).hypotheses, atol=EQUAL_M)


def test_only_the_buckets_that_are_needed_are_recorded(anywhere: Lifter) -> None:
    sampler = with_buckets(anywhere, 1, 2, 4)
    play(sampler, seen(3))
    assert sampler.recorded == [4]
    sampler.capture()
    assert sampler.recorded == [4, 1, 2]


def test_windows_before_leave_nothing_behind(anywhere: Lifter) -> None:
    used, fresh = (with_buckets(anywhere, 4) for _ in range(2))
    play(used, seen(4))
    np.testing.assert_array_equal(play(used, seen(3)), play(fresh, seen(3)))


def test_results_stay_when_the_buffers_are_used_again(anywhere: Lifter) -> None:
    sampler = with_buckets(anywhere, 2)
    first = play(sampler, seen(2))
    kept = first.copy()
    play(sampler, -seen(2))
    np.testing.assert_array_equal(first, kept)


def test_each_window_has_its_own_noise(anywhere: Lifter) -> None:
    """As in a stream: the noise of a person's window does not depend on other people."""
    sampler, windows = with_buckets(anywhere, 1, 2), seen(2)
    both = play(sampler, windows, seeds=[1, 2])
    alone = play(sampler, windows[1:], seeds=[2])
    np.testing.assert_allclose(both[1:], alone, atol=EQUAL_M)
    assert abs(play(sampler, windows[1:], seeds=[3]) - alone).max() > 1e-3


def test_window_without_a_seen_joint_has_no_pose(anywhere: Lifter) -> None:
    windows = seen(2)
    windows[1] = 0
    poses = play(with_buckets(anywhere, 2), windows)
    assert np.isfinite(poses[0]).all()
    assert np.isnan(poses[1]).all()


def test_no_windows_have_no_hypotheses(captured: Lifter) -> None:
    assert captured.lift(seen(0)).hypotheses.shape == (0, captured.hypotheses, 27, 17, 3)


class Counting(TracedRecorder):
    """Counts its recordings."""

    recordings = 0

    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        self.recordings += 1
        return super().__call__(program, inputs)


def test_only_other_settings_are_recorded_anew(
    small: Lifter, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Counting()
    monkeypatch.setattr(on_torch, "create_recorder", lambda device: recorder)
    captured = small.captured()
    captured.captured().lift(seen(1))
    captured.sampled(SamplingConfig(sampler="ddpm", steps=3, hypotheses=2)).lift(seen(1))
    assert recorder.recordings == 1
    more = captured.sampled(SamplingConfig(sampler="ddpm", steps=4, hypotheses=3))
    plain = small.sampled(SamplingConfig(sampler="ddpm", steps=4, hypotheses=3))
    np.testing.assert_array_equal(more.lift(seen(1)).poses, plain.lift(seen(1)).poses)
    assert recorder.recordings == 2


def test_what_is_not_worth_recording_or_cannot_be_says_why(small: Lifter) -> None:
    many = small.captured().sampled(SamplingConfig(steps=50))
    assert many.engine_description == (
        "folded (not captured: the sampler has 50 steps, and capturing pays for at most 5)"
    )
    previous = small.captured().sampled(SamplingConfig(start="previous", steps=2))
    assert previous.engine_description.startswith("folded (not captured: start 'previous'")
    assert np.isfinite(previous.lift(seen(1)).poses).all()


class Refusing(TracedRecorder):
    """Fails as CUDA graphs do: at an operation, and again at the capture's end."""

    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        try:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore")
        finally:
            raise RuntimeError("CUDA error: operation failed due to a previous error")


def test_where_recording_fails_the_lifter_goes_on_without(
    small: Lifter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_torch, "create_recorder", lambda device: Refusing())
    lifter = small.captured()
    assert lifter.engine_description == (
        "folded (not captured: CUDA error: operation not permitted when stream is capturing)"
    )
    np.testing.assert_array_equal(lifter.lift(seen(1)).poses, small.lift(seen(1)).poses)


class Stuck(TracedRecorder):
    """Replays the results of the recording, regardless of the current inputs."""

    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        outputs = program(*inputs)
        return lambda: outputs


def test_recording_that_gives_other_poses_is_refused(small: Lifter) -> None:
    with pytest.raises(
        CaptureError, match="the captured sampler is inaccurate: float32 differs by inf mm"
    ):
        with_buckets(small, 1, recorder=Stuck()).capture()


class Rounding(TracedRecorder):
    """Records with inputs rounded to as many bits as the precision in force has."""

    bits = 24
    precisions = (
        Precision("5 bits", lambda: Rounding.using(5)),
        Precision("18 bits", lambda: Rounding.using(18)),
        FLOAT32,
    )

    @classmethod
    @contextmanager
    def using(cls, bits: int) -> Iterator[None]:
        cls.bits, before = bits, cls.bits
        yield
        cls.bits = before

    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        bits = self.bits

        def rounded(x_2d: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
            mantissa, exponent = torch.frexp(x_2d)
            return program(torch.ldexp((mantissa * 2**bits).round() / 2**bits, exponent), *others)

        return super().__call__(rounded, inputs)


def test_fastest_precision_that_keeps_the_poses_is_taken(small: Lifter) -> None:
    sampler = with_buckets(small, 1, 2, recorder=Rounding())
    assert sampler.description == "not captured yet"
    sampler.capture()
    assert sampler.precision is not None
    assert sampler.precision.name == "18 bits"
    assert 0 < sampler.deviation_mm <= 0.1
    assert sampler.description == f"18 bits, {sampler.deviation_mm:.3f} mm from float32"


def test_what_is_too_coarse_is_said(small: Lifter) -> None:
    recorder = Rounding()
    recorder.precisions = (Rounding.precisions[0], FLOAT32)
    sampler = with_buckets(small, 1, recorder=recorder)
    sampler.capture()
    assert re.fullmatch(
        r"float32: 5 bits differs by \d+\.\d\d mm from the uncaptured sampler", sampler.description
    )
