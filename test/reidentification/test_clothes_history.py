"""A person's clothes colours, averaged over time."""

import numpy as np

from diffhpe_ros.reidentification import ClothesHistory


def test_mean_of_the_images_in_which_clothes_are_seen():
    clothes = ClothesHistory()
    clothes.add(np.array([[10.0, 0, 0], [np.nan] * 3]))
    clothes.add(np.array([[20.0, 0, 0], [40.0, 0, 0]]))
    assert clothes.images.tolist() == [2, 1]
    np.testing.assert_allclose(clothes.mean[:, 0], [15, 40])


def test_clothes_may_be_written_down_as_numbers():
    clothes = ClothesHistory()
    clothes.add(np.array([[10.0, -5, 0], [np.nan] * 3]))
    again = ClothesHistory.from_numbers(clothes.numbers)
    np.testing.assert_array_equal(again.mean, clothes.mean)
    np.testing.assert_array_equal(again.images, clothes.images)


def test_mean_follows_slowly_once_it_is_of_many_images():
    clothes = ClothesHistory(most_images=5)
    for lightness in [10.0] * 50 + [20.0]:
        clothes.add(np.full((2, 3), lightness))
    np.testing.assert_allclose(clothes.mean, 12)
