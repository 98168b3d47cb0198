"""Where and when BlazePose searches for new people."""

import itertools

import numpy as np
import pytest

from diffhpe_ros.detection.blazepose.search import (
    Part,
    Search,
    part_around,
    parts_of,
    small_parts_of,
)


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


@pytest.mark.parametrize("size", [(640, 480), (1080, 1920), (3840, 2160)])
def test_somebody_far_away_is_wholly_in_a_small_part(size):
    parts, (width, height) = small_parts_of(*size), size
    tall = 0.24 * min(size)  # half as tall as a part
    for x, y in np.random.default_rng(0).uniform((0, tall), (width, height), (200, 2)):
        left, right = max(x - tall / 4, 0), min(x + tall / 4, width)
        assert any(
            part.x <= left
            and right <= part.x + part.width
            and part.y <= y - tall
            and y <= part.y + part.height
            for part in parts
        )


def test_small_image_is_not_searched_for_people_of_few_pixels():
    assert small_parts_of(200, 200) == []


def turns(search, frames, none_followed=False):
    """The searched parts of each image: a number for a large part, . for any small one."""
    numbers = dict.fromkeys(small_parts_of(1920, 1080), ".")
    numbers |= {part: str(number) for number, part in enumerate(parts_of(1920, 1080))}
    found = [search.next_parts(1920, 1080, none_followed) for _ in range(frames)]
    return " ".join("".join(numbers[part] for part in parts) or "-" for parts in found)


def test_while_somebody_is_followed_every_nth_image_is_searched():
    assert turns(Search(5), 31) == " - - - - ".join("0123.01")


def test_while_nobody_is_followed_the_whole_of_every_image_is_searched_and_another_part():
    assert turns(Search(5), 9, none_followed=True) == "0 01 02 03 0. 0 01 0. 02"


def test_after_a_loss_every_image_is_searched_for_a_second_beginning_with_the_whole():
    search = Search(5)
    assert turns(search, 7) == "0 - - - - 1 -"
    search.search_every_image()
    every_image = " ".join(itertools.islice(itertools.cycle("0123"), 30))
    assert turns(search, 40) == every_image + " - - - - . - - - - 2"


def test_losses_in_a_row_do_not_keep_it_at_the_whole():
    search = Search(5)
    found = []
    for _ in range(6):
        search.search_every_image()
        found.append(turns(search, 1))
    assert found == list("012301")


def test_somebody_far_away_who_was_lost_is_looked_for_where_they_were_in_every_other_image():
    search, place = Search(5), Part(100, 200, 400, 400)
    turns(search, 7)
    search.search_every_image(place)
    parts = [search.next_parts(1920, 1080, none_followed=False) for _ in range(8)]
    assert parts[::2] == [[place]] * 4
    assert [part for (part,) in parts[1::2]] == parts_of(1920, 1080)


def test_place_to_look_at_is_part_of_what_a_search_goes_on_with():
    search, other = Search(5), Search(5)
    search.search_every_image(Part(100, 200, 400, 400))
    other.restore(search.state())
    first, second = (
        [each.next_parts(1920, 1080, none_followed=False) for _ in range(6)]
        for each in (search, other)
    )
    assert first == second


@pytest.mark.parametrize("x, y", [(50, 60), (600, 300), (1900, 1070)])
def test_square_round_a_place_lies_in_the_image(x, y):
    part = part_around(np.array([x, y]), 200.0, 1920, 1080)
    assert part is not None
    assert part.width == part.height == 400
    assert 0 <= part.x <= x <= part.x + 400 <= 1920
    assert 0 <= part.y <= y <= part.y + 400 <= 1080


def test_who_is_as_large_as_the_image_is_looked_for_in_all_of_it():
    assert part_around(np.array([300, 300]), 600.0, 1920, 1080) is None
