"""The diffusion steps that a denoiser is trained at."""

import pytest
import torch

from diffhpe_ros.training.modules.steps import LastStepOften, UniformSteps


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_uniform_steps_are_all_steps_alike():
    counts = UniformSteps()(50_000, 50, generator()).bincount(minlength=50)
    assert len(counts) == 50
    assert counts.min() > 850 and counts.max() < 1150


def test_last_step_comes_in_the_share_asked_for():
    t = LastStepOften(0.4)(50_000, 50, generator())
    assert (t == 49).float().mean() == pytest.approx(0.4 + 0.6 / 50, abs=0.01)
    assert (t < 49).sum() == pytest.approx(0.6 * 49 / 50 * 50_000, rel=0.02)
