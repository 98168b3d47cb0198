"""The choice of a model that keeps up, from measured times and a camera's load."""

from dataclasses import replace

import pytest

from diffhpe_ros.detection.blazepose.model_choice import ModelChoice
from diffhpe_ros.detection.types import Load

SECONDS = {"lite": 0.005, "full": 0.010, "heavy": 0.045}
CALM = Load(images_per_s=30.0, dropped=0.0, image_s=0.012, people=1)


def watch(choice: ModelChoice, load: Load, seconds: range) -> list[tuple[int, str]]:
    """Observe the same load once per second; returns the times and models of changes."""
    return [(second, choice.model) for second in seconds if choice.update(load, float(second))]


@pytest.mark.parametrize(
    ("images_per_s", "model"), [(10.0, "heavy"), (30.0, "full"), (500.0, "full")]
)
def test_heaviest_model_that_leaves_time_between_images_is_taken(images_per_s, model):
    choice = ModelChoice(SECONDS, images_per_s)
    assert choice.model == model
    assert f"{images_per_s:.0f} images/s" in choice.reason
    assert "heavy 45 ms" in choice.reason


def test_model_stays_while_the_next_would_not_keep_up():
    assert watch(ModelChoice(SECONDS, 30.0), CALM, range(100)) == []


def test_slower_camera_gets_a_heavier_model_after_seconds():
    choice = ModelChoice(SECONDS, 30.0)
    assert watch(choice, replace(CALM, images_per_s=10.0), range(100)) == [(5, "heavy")]
    assert "full left time to spare" in choice.reason


def test_on_a_slow_computer_the_fastest_is_taken():
    slow = {model: 10 * seconds for model, seconds in SECONDS.items()}
    assert ModelChoice(slow, 30.0).model == "lite"


def test_dropped_images_bring_a_faster_model():
    choice = ModelChoice(SECONDS, 10.0)
    assert watch(choice, replace(CALM, images_per_s=15.0, dropped=0.4), range(9)) == [(5, "full")]
    assert "40 % of the images were dropped by heavy" in choice.reason


def test_full_stays_while_it_looks_at_twelve_images_a_second():
    load = replace(CALM, images_per_s=60.0, dropped=0.7, image_s=0.06)
    assert watch(ModelChoice(SECONDS, 60.0), load, range(60)) == []
    assert watch(ModelChoice(SECONDS, 60.0), replace(load, dropped=0.9), range(9)) == [(5, "lite")]


def test_there_is_nothing_faster_than_the_fastest():
    choice = ModelChoice({"full": 0.2}, 30.0)
    assert watch(choice, replace(CALM, dropped=0.9, image_s=0.2), range(60)) == []


def test_more_people_need_more_room_for_a_heavier_model():
    choice = ModelChoice(SECONDS, 30.0)
    load = replace(CALM, images_per_s=10.0, people=3, image_s=0.036)
    assert watch(choice, load, range(60)) == []


def test_model_that_failed_is_tried_again_ever_more_seldom():
    choice, room = ModelChoice(SECONDS, 10.0), replace(CALM, images_per_s=10.0)
    changes = []
    for second in range(200):
        load = replace(room, dropped=0.5) if choice.model == "heavy" else room
        if choice.update(load, float(second)):
            changes.append((second, choice.model))
    assert [at for at, model in changes if model == "full"] == [5, 30, 75, 160]
    assert [at for at, model in changes if model == "heavy"] == [25, 70, 155]
