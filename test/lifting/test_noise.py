"""The noise of a window depends only on its seed."""

import numpy as np

from diffhpe_ros.lifting.diffusion.noise import SeededNoise, fill_with_noise

SHAPE = (27, 17)
SEEDS = [3, -4, 2**63 - 1]


def test_it_is_standard_normal_and_new_at_each_call():
    noise = SeededNoise(SEEDS, 5, SHAPE)
    first, second = noise(), noise()
    assert first.shape == (15, 27, 17, 3)
    assert first.dtype == np.float32
    assert abs(first.mean()) < 0.03 and abs(first.std() - 1) < 0.03
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.03


def test_other_windows_of_a_batch_do_not_matter():
    together, alone = SeededNoise(SEEDS, 2, SHAPE), SeededNoise(SEEDS[1:2], 2, SHAPE)
    for _ in range(2):
        np.testing.assert_array_equal(together()[2:4], alone())


def test_buffer_is_filled_with_the_draws_of_a_sampler():
    noise, buffer = SeededNoise(SEEDS, 2, SHAPE), np.zeros((3, 4, 2, *SHAPE, 3), np.float32)
    fill_with_noise(buffer, SEEDS)
    for draw in range(4):
        np.testing.assert_array_equal(buffer[:, draw].reshape(6, *SHAPE, 3), noise())
