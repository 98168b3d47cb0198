import math

import numpy as np

from diffhpe_ros.detection.blazepose.regions import Region, anchors, merge_candidates


def test_there_are_as_many_anchors_as_the_network_has_outputs():
    assert anchors().shape == (2 * 28**2 + 2 * 14**2 + 6 * 7**2, 2) == (2254, 2)
    np.testing.assert_allclose(
        anchors()[:3], [[0.5 / 28] * 2, [0.5 / 28] * 2, [1.5 / 28, 0.5 / 28]]
    )
    np.testing.assert_allclose(anchors()[-1], [6.5 / 7, 6.5 / 7])


def test_upright_person_gives_an_upright_region():
    region = Region.around(np.array([300, 400]), np.array([300, 300]))
    assert (region.size, region.rotation) == (250, 0)
    to_image = region.to_image(256)
    np.testing.assert_allclose(to_image @ [128, 128, 1], [300, 400])
    np.testing.assert_allclose(to_image @ [0, 0, 1], [175, 275])


def test_person_lying_to_the_right_stands_upright_in_the_crop():
    region = Region.around(np.array([300, 400]), np.array([400, 400]))
    assert math.isclose(region.rotation, math.pi / 2)
    above_the_head = region.to_image(256) @ [128, 128 - 256 / 2.5, 1]
    np.testing.assert_allclose(above_the_head, [400, 400])


def test_points_that_span_no_region_give_none():
    hips = np.array([300.0, 400.0])
    assert Region.around(hips, hips) is None
    assert Region.around(hips, np.array([np.nan, 0])) is None
    assert Region.around(hips, np.array([np.inf, 0])) is None


def test_regions_of_one_person_lie_in_one_place_and_are_of_like_size():
    region = Region(np.array([300.0, 400.0]), 250.0, 0.0)
    same, beside, larger = (
        Region(np.array([x, 400.0]), size, 0.3)
        for x, size in ((320, 270.0), (340, 250.0), (300, 400.0))
    )
    assert region.same_as(region) and region.same_as(same) and same.same_as(region)
    assert not region.same_as(beside)
    assert not region.same_as(larger)


def test_overlapping_candidates_are_averaged_by_their_scores():
    boxes = np.array([[0.2, 0.5, 0.2, 0.4], [0.8, 0.5, 0.2, 0.4], [0.22, 0.5, 0.2, 0.4]])
    keypoints = np.array([[[0.0, 0.0]], [[9.0, 9.0]], [[1.0, 2.0]]])
    people, scores = merge_candidates(boxes, keypoints, np.array([0.6, 0.9, 0.2]))
    np.testing.assert_allclose(scores, [0.9, 0.6])
    np.testing.assert_allclose(people[:, 0], [[9, 9], [0.25, 0.5]])


def test_no_candidates_are_nobody():
    people, scores = merge_candidates(np.empty((0, 4)), np.empty((0, 4, 2)), np.empty(0))
    assert people.shape == (0, 4, 2)
    assert scores.shape == (0,)
