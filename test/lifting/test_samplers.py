"""Samplers against distributions whose answer is known in closed form."""

import itertools

import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.parameterisation import PARAMETERISATIONS, Prediction
from diffhpe_ros.lifting.samplers import DDIM, DDPM, create_sampler, spaced_steps
from diffhpe_ros.lifting.schedule import CosineSchedule

SCHEDULE = CosineSchedule(50)


def gaussian_noise(count: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(count, 1, 1, 1, generator=generator)


def gaussian_data(mean: float, std: float):
    """The perfect denoiser of data that are N(mean, std²)."""

    def denoise(x: torch.Tensor, t: int) -> Prediction:
        alpha_bar = SCHEDULE.alpha_bar[t]
        variance = alpha_bar * std**2 + 1 - alpha_bar
        pose = mean + alpha_bar.sqrt() * std**2 / variance * (x - alpha_bar.sqrt() * mean)
        return Prediction(pose, (x - alpha_bar.sqrt() * pose) / (1 - alpha_bar).sqrt())

    return denoise


@pytest.mark.parametrize("sampler", [DDPM(50), DDIM(50), DDIM(50, eta=1.0), DDIM(25, eta=0.5)])
def test_samples_follow_the_data(sampler):
    found = sampler.sample(gaussian_data(0.7, 0.3), SCHEDULE, gaussian_noise(20_000))
    assert found.mean() == pytest.approx(0.7, abs=0.02)
    assert found.std() == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("sampler", [DDPM(1), DDPM(7), DDIM(1), DDIM(7)])
def test_certain_data_are_found_in_any_number_of_steps(sampler):
    found = sampler.sample(gaussian_data(0.7, 0.0), SCHEDULE, gaussian_noise(10))
    torch.testing.assert_close(found, torch.full_like(found, 0.7), atol=1e-4, rtol=0)


def test_ddim_is_deterministic_after_its_first_noise():
    draws = itertools.count()

    def noise():
        next(draws)
        return torch.ones(1, 1, 1, 1)

    DDIM(10).sample(gaussian_data(0.0, 1.0), SCHEDULE, noise)
    assert next(draws) == 1


def test_ddim_with_eta_1_is_ddpm_at_any_number_of_steps():
    data = gaussian_data(0.3, 0.5)
    ddpm = DDPM(9).sample(data, SCHEDULE, gaussian_noise(5))
    ddim = DDIM(9, eta=1.0).sample(data, SCHEDULE, gaussian_noise(5))
    torch.testing.assert_close(ddpm, ddim, atol=1e-4, rtol=1e-4)


def test_spaced_steps_start_at_the_last_step():
    assert spaced_steps(5, 50) == [49, 39, 29, 19, 9]
    assert spaced_steps(50, 50) == list(range(49, -1, -1))
    assert spaced_steps(1, 50) == [49]


@pytest.mark.parametrize("steps", [0, 51])
def test_impossible_numbers_of_steps_are_refused(steps):
    with pytest.raises(DiffhpeError, match="sampling steps must be 1 to 50"):
        spaced_steps(steps, 50)


def test_unknown_names_and_values_are_refused():
    with pytest.raises(DiffhpeError, match="unknown sampler 'euler'; expected one of ddpm, ddim"):
        create_sampler("euler", 5)
    with pytest.raises(DiffhpeError, match="eta must be 0 to 1"):
        DDIM(5, eta=2.0)


@pytest.mark.parametrize("name", PARAMETERISATIONS)
def test_a_perfect_output_gives_back_pose_and_noise(name):
    kind = PARAMETERISATIONS[name]()
    x_0, noise = torch.randn(2, 4, 27, 17, 3, generator=torch.Generator().manual_seed(0))
    signal, spread = SCHEDULE.signal_and_noise(torch.tensor([0, 10, 30, 49]))
    x_t = signal * x_0 + spread * noise
    pose, epsilon = kind.read(kind.target(x_0, noise, signal, spread), x_t, signal, spread)
    torch.testing.assert_close(pose, x_0, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(epsilon, noise, atol=1e-3, rtol=1e-3)
