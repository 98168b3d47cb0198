"""Samplers, compared with distributions that have a closed-form solution."""

import itertools

import numpy as np
import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.diffusion.parameterisation import PARAMETERISATIONS, Prediction
from diffhpe_ros.lifting.diffusion.samplers import (
    DDIM,
    DDPM,
    DPMSolver,
    NoisedPose,
    PureNoise,
    PureNoiseWhereUnknown,
    create_sampler,
    spaced_steps,
)
from diffhpe_ros.lifting.diffusion.schedule import CosineSchedule

SCHEDULE = CosineSchedule(50)


def gaussian_noise(count: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(count, 1, 1, 1, generator=generator)


def gaussian_data(mean: float, std: float):
    """The perfect denoiser for data with distribution N(mean, std²)."""

    def denoise(x: torch.Tensor, t: int | torch.Tensor) -> Prediction:
        signal, spread = SCHEDULE.signal_and_noise(t)
        variance = signal**2 * std**2 + spread**2
        pose = mean + signal * std**2 / variance * (x - signal * mean)
        return Prediction(pose, (x - signal * pose) / spread)

    return denoise


@pytest.mark.parametrize(
    "sampler", [DDPM(50), DDIM(50), DDIM(50, eta=1.0), DDIM(25, eta=0.5), DPMSolver(50)]
)
def test_samples_follow_the_data(sampler):
    found = sampler.sample(gaussian_data(0.7, 0.3), SCHEDULE, gaussian_noise(20_000))
    assert found.mean() == pytest.approx(0.7, abs=0.02)
    assert found.std() == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("sampler", [DDPM(1), DDPM(7), DDIM(7), DPMSolver(7)])
def test_certain_data_are_found_in_any_number_of_steps(sampler):
    found = sampler.sample(gaussian_data(0.7, 0.0), SCHEDULE, gaussian_noise(10))
    torch.testing.assert_close(found, torch.full_like(found, 0.7), atol=1e-4, rtol=0)


@pytest.mark.parametrize("sampler", [DDIM(10), DPMSolver(10)])
def test_these_are_deterministic_after_their_first_noise(sampler):
    draws = itertools.count()

    def noise():
        next(draws)
        return torch.ones(1, 1, 1, 1)

    sampler.sample(gaussian_data(0.0, 1.0), SCHEDULE, noise)
    assert next(draws) == 1


def test_ddim_with_eta_1_is_ddpm_at_any_number_of_steps():
    data = gaussian_data(0.3, 0.5)
    ddpm = DDPM(9).sample(data, SCHEDULE, gaussian_noise(5))
    ddim = DDIM(9, eta=1.0).sample(data, SCHEDULE, gaussian_noise(5))
    torch.testing.assert_close(ddpm, ddim, atol=1e-4, rtol=1e-4)


def exact_pose(mean: float, std: float, x: torch.Tensor, last: int) -> torch.Tensor:
    """The pose that the denoiser sees where the probability flow takes x_T at step `last`.

    Along the flow, each x_t stays the same number of standard deviations from the mean.
    """
    alpha_bar = SCHEDULE.alpha_bar
    std_t = ((alpha_bar * std**2 + 1 - alpha_bar) ** 0.5).tolist()
    mean_t = (alpha_bar**0.5 * mean).tolist()
    x_last = mean_t[last] + std_t[last] * (x - mean_t[-1]) / std_t[-1]
    return gaussian_data(mean, std)(x_last, last).pose


@pytest.mark.parametrize("steps", [5, 10])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.3, 0.5), (0.7, 0.3)])
def test_dpm_solver_is_closer_to_the_exact_solution_than_ddim(steps, mean, std):
    exact = exact_pose(mean, std, gaussian_noise(2000)(), spaced_steps(steps, 50)[-1])
    ddim, dpm_solver = (
        (sampler.sample(gaussian_data(mean, std), SCHEDULE, gaussian_noise(2000)) - exact).abs()
        for sampler in (DDIM(steps), DPMSolver(steps))
    )
    assert dpm_solver.mean() < 0.5 * ddim.mean()


@pytest.mark.parametrize("steps", [1, 2])
def test_first_step_of_dpm_solver_is_ddims(steps):
    data = gaussian_data(0.3, 0.5)
    found = DPMSolver(steps).sample(data, SCHEDULE, gaussian_noise(20))
    torch.testing.assert_close(found, DDIM(steps).sample(data, SCHEDULE, gaussian_noise(20)))


def test_noised_pose_is_the_pose_and_noise_of_its_step():
    x, step = NoisedPose(torch.full((20_000, 1, 1, 1), 2.0), 20)(SCHEDULE, gaussian_noise(20_000)())
    assert step == 20
    alpha_bar = float(SCHEDULE.alpha_bar[20])
    assert float(x.mean()) == pytest.approx(2 * alpha_bar**0.5, abs=0.02)
    assert float(x.var()) == pytest.approx(1 - alpha_bar, abs=0.02)


@pytest.mark.parametrize(
    ("sampler", "power"), [(DDPM(16), 2), (DDIM(16, eta=1.0), 2), (DDIM(8), 1), (DPMSolver(8), 1)]
)
def test_samples_that_begin_at_noised_data_follow_them(sampler, power):
    """They have the data's distribution, and are correlated with the datum that they start at.

    x_s has a correlation ρ with the datum. A new draw, given x_s, has a correlation of ρ². The
    deterministic samplers take each x_s to one pose, which has a correlation of ρ.
    """
    truth = 0.7 + 0.3 * gaussian_noise(20_000, seed=1)()
    data, alpha_bar = gaussian_data(0.7, 0.3), float(SCHEDULE.alpha_bar[15])
    found = sampler.sample(data, SCHEDULE, gaussian_noise(20_000), NoisedPose(truth, 15))
    assert float(found.mean()) == pytest.approx(0.7, abs=0.02)
    assert float(found.std()) == pytest.approx(0.3, abs=0.04)
    rho = (0.09 * alpha_bar / (0.09 * alpha_bar + 1 - alpha_bar)) ** 0.5
    correlation = torch.corrcoef(torch.stack([found.flatten(), truth.flatten()]))[0, 1]
    assert float(correlation) == pytest.approx(rho**power, abs=0.03)


@pytest.mark.parametrize("sampler", [DDPM(4), DDIM(4, eta=0.5), DDIM(4), DPMSolver(4)])
def test_each_sequence_may_begin_at_a_step_of_its_own(sampler):
    """Sequences in one batch, at steps 10, 20 and 30, give the same as each alone."""
    data, pose = gaussian_data(0.3, 0.5), gaussian_noise(3, seed=1)()
    initial_state = NoisedPose(pose, torch.tensor([10, 20, 30]))
    together = sampler.sample(data, SCHEDULE, gaussian_noise(3), initial_state)
    for k, step in enumerate([10, 20, 30]):
        alone = sampler.sample(data, SCHEDULE, gaussian_noise(3), NoisedPose(pose, step))
        torch.testing.assert_close(together[k], alone[k], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("step", [30, torch.tensor([30, 30, 30])])
def test_only_what_is_known_begins_elsewhere(step):
    data, noised = gaussian_data(0.3, 0.5), NoisedPose(torch.ones(3, 1, 1, 1), step)
    some = PureNoiseWhereUnknown(torch.tensor([True, False, True]), noised)
    pure, known, mixed = (
        DDIM(4).sample(data, SCHEDULE, gaussian_noise(3), initial_state)
        for initial_state in (PureNoise(), noised, some)
    )
    torch.testing.assert_close(mixed[[0, 2]], known[[0, 2]], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(mixed[1], pure[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("sampler", [DDPM(4), DDIM(4, eta=0.5), DDIM(4), DPMSolver(4)])
@pytest.mark.parametrize("step", [30, np.array([10, 20, 30])])
def test_numpy_gives_what_torch_gives(sampler, step):
    """Samplers are written once, for arrays of both libraries."""
    data, draw = gaussian_data(0.3, 0.5), gaussian_noise(3)
    pose, draws = gaussian_noise(3, seed=1)(), [draw() for _ in range(5)]
    on_torch, on_numpy = iter(draws), iter([each.numpy() for each in draws])
    each = step if isinstance(step, int) else torch.from_numpy(step)
    expected = sampler.sample(data, SCHEDULE, lambda: next(on_torch), NoisedPose(pose, each))
    start = NoisedPose(pose.numpy(), step)
    found = sampler.sample(data, SCHEDULE, lambda: next(on_numpy), start)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_spaced_steps_of_each_sequence_are_those_of_its_own():
    totals = torch.arange(5, 51)
    together = torch.stack(spaced_steps(5, totals), 1)
    assert together.tolist() == [spaced_steps(5, int(total)) for total in totals]


def test_beginning_near_the_end_has_no_room_for_many_steps():
    initial_state = NoisedPose(torch.zeros(2, 1, 1, 1), torch.tensor([3, 30]))
    with pytest.raises(DiffhpeError, match="sampling steps must be 1 to 4, got 5"):
        DDIM(5).sample(gaussian_data(0.3, 0.5), SCHEDULE, gaussian_noise(2), initial_state)


def test_spaced_steps_start_at_the_last_step():
    assert spaced_steps(5, 50) == [49, 39, 29, 19, 9]
    assert spaced_steps(50, 50) == list(range(49, -1, -1))
    assert spaced_steps(1, 50) == [49]


@pytest.mark.parametrize("steps", [0, 51])
def test_impossible_numbers_of_steps_are_refused(steps):
    with pytest.raises(DiffhpeError, match="sampling steps must be 1 to 50"):
        spaced_steps(steps, 50)


def test_unknown_names_and_values_are_refused():
    with pytest.raises(
        DiffhpeError, match="unknown sampler 'euler'; expected one of ddpm, ddim, dpm-solver"
    ):
        create_sampler("euler", 5)
    with pytest.raises(DiffhpeError, match="eta must be 0 to 1"):
        DDIM(5, eta=2.0)


@pytest.mark.parametrize("name", PARAMETERISATIONS)
def test_perfect_output_gives_back_pose_and_noise(name):
    kind = PARAMETERISATIONS[name]()
    x_0, noise = torch.randn(2, 4, 27, 17, 3, generator=torch.Generator().manual_seed(0))
    signal, spread = SCHEDULE.signal_and_noise(torch.tensor([0, 10, 30, 49]))
    x_t = signal * x_0 + spread * noise
    pose, epsilon = kind.read(kind.target(x_0, noise, signal, spread), x_t, signal, spread)
    torch.testing.assert_close(pose, x_0, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(epsilon, noise, atol=1e-3, rtol=1e-3)
