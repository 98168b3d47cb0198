"""The colours of people's clothes."""

import cv2
import numpy as np
import pytest
from standing import standing_at

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection.clothes import see_clothes
from diffhpe_ros.detection.types import People
from diffhpe_ros.rendering.clothes import Clothes as Worn
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.rendering.walk import CircleWalk

CAMERA = Camera.from_field_of_view(320, 240)
BLUE = Worn((0.05, 0.12, 0.45), (0.45, 0.36, 0.24))


def seen(*keypoints):
    count = len(keypoints)
    return People(
        np.array(keypoints, np.float32).reshape(count, 17, 2),
        np.ones((count, 17), np.float32),
        np.full((count, 17, 2, 2), np.nan, np.float32),
    )


def standing(x=0.0):
    return CAMERA.project(standing_at(x, 0, 3))


def painted(shirt, trousers):
    """An image whose upper half has one colour, BGR, and whose lower half another."""
    image = np.zeros((240, 320, 3), np.uint8)
    hips = round(float(standing()[0, 1]))
    image[:hips], image[hips:] = shirt, trousers
    return image


def lab(bgr):
    return cv2.cvtColor(np.float32([[bgr]]) / 255, cv2.COLOR_BGR2LAB)[0, 0]


def test_torso_and_legs_have_the_colours_of_their_pixels():
    shirt, trousers = (30, 40, 200), (120, 60, 20)
    (colours,) = see_clothes(seen(standing()), painted(shirt, trousers)).clothes
    np.testing.assert_allclose(colours, [lab(shirt), lab(trousers)], atol=0.01)


def test_part_whose_joints_are_not_seen_has_no_colour():
    people = seen(standing())
    people.confidence[0, 1:7] = 0
    people.keypoints[0, 1:7] = np.nan
    assert np.isnan(see_clothes(people, painted(9, 9)).clothes).all()
    people = seen(standing())
    people.confidence[0, [2, 3, 5, 6]] = 0.3  # knees and feet are guesses
    colours = see_clothes(people, painted(9, 9)).clothes
    assert np.isfinite(colours[0]).all(-1).tolist() == [True, False]


def test_people_out_of_the_image_and_nobody_at_all():
    outside = see_clothes(seen(standing() + 1000), painted(9, 9)).clothes
    assert np.isnan(outside).all()
    assert see_clothes(People.empty(), painted(9, 9)).clothes is None


def test_clothes_of_two_in_one_place_are_not_told_apart():
    people = seen(standing(0.0), standing(0.1), standing(1.2))
    known = np.isfinite(see_clothes(people, painted(9, 9)).clothes).all((1, 2))
    assert known.tolist() == [False, False, True]


def test_of_two_side_by_side_only_what_the_other_cannot_hide_is_looked_at():
    left, right = standing(0.0), standing(0.3)
    image = np.full((240, 320, 3), 128, np.uint8)  # the area between the two belongs to neither
    image[:, : round(float(left[0, 0]))] = red = (30, 40, 200)
    image[:, round(float(right[0, 0])) :] = blue = (120, 60, 20)
    colours = see_clothes(seen(left, right), image).clothes
    np.testing.assert_allclose(colours[:, 0], [lab(red), lab(blue)], atol=0.01)


@pytest.mark.parametrize("time_s", [0.0, 1.6])
def test_rendered_people_wear_what_they_wear_from_every_side(time_s):
    view = CameraView.looking_at(CAMERA, np.array([0, 0, 1.3]), np.array([0, 4, 0.9]))
    pose = CircleWalk().pose(time_s)
    people = seen(view.camera.project(view.to_optical(pose.joints)))
    renderer = Renderer(view, samples=1)
    red, blue = (
        see_clothes(people, renderer.render([pose], clothes=[worn])).clothes[0]
        for worn in (Worn(), BLUE)
    )
    (red_shirt, blue_trousers), (blue_shirt, sand_trousers) = red, blue
    assert red_shirt[1] > 30 > blue_shirt[1]
    assert blue_shirt[2] < -20
    assert blue_trousers[2] < -8 < 5 < sand_trousers[2]
