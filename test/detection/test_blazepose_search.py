"""Where and when BlazePose looks for new people."""

import itertools

import numpy as np
import pytest

from diffhpe_ros.detection.blazepose.search import Part, Search, parts_of


def test_wide_image_is_searched_as_a_whole_and_in_overlapping_squares():
    assert parts_of(1920, 1080) == [
        Part(0, 0, 1920, 1080),
        Part(0, 0, 1080, 1080),
        Part(420, 0, 1080, 1080),
        Part(840, 0, 1080, 1080),
    ]


def test_upright_image_is_cut_the_other_way():
    assert parts_of(480, 640)[1:] == [Part(0, 0, 480, 480), Part(0, 160, 480, 480)]


def test_square_image_is_not_cut():
    assert parts_of(500, 500) == [Part(0, 0, 500, 500)]


@pytest.mark.parametrize("size", [(1, 1), (2000, 1), (3, 3000), (641, 480), (1088, 1920)])
def test_parts_lie_in_the_image_and_are_few(size):
    parts = parts_of(*size)
    assert len(parts) <= 9
    corners = np.array([(x, y, x + width, y + height) for x, y, width, height in parts])
    assert corners[:, :2].min() == 0
    assert corners[:, 2:].max(0).tolist() == list(size)


def turns(search, frames, nobody=False):
    """Which of the four parts each image is searched in, by their numbers; - where none."""
    numbers = {part: str(number) for number, part in enumerate(parts_of(1920, 1080))}
    found = [search.next_parts(1920, 1080, nobody) for _ in range(frames)]
    return " ".join("".join(numbers[part] for part in parts) or "-" for parts in found)


def test_while_somebody_is_followed_every_nth_image_is_searched():
    assert turns(Search(5), 21) == " - - - - ".join("01230")


def test_while_nobody_is_followed_the_whole_of_every_image_is_searched_and_a_square():
    assert turns(Search(5), 6, nobody=True) == "0 01 02 03 0 01"


def test_after_a_loss_every_image_is_searched_for_a_second_beginning_with_the_whole():
    search = Search(5)
    assert turns(search, 7) == "0 - - - - 1 -"
    search.hurry()
    keen = " ".join(itertools.islice(itertools.cycle("0123"), 30))
    assert turns(search, 40) == keen + " - - - - 2 - - - - 3"


def test_losses_in_a_row_do_not_keep_it_at_the_whole():
    search = Search(5)
    found = []
    for _ in range(6):
        search.hurry()
        found.append(turns(search, 1))
    assert found == list("012301")
