"""Signed distances, compared with known geometry."""

import numpy as np
import pytest

from diffhpe_ros.rendering.shapes import Blend, Cone, Cones, Ellipsoid, Ellipsoids


def points(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_capsule_is_measured_from_its_segment_and_its_ends() -> None:
    capsule = Cones([Cone((0, 0, 0), (0, 0, 1), 0.1, 0.1)])
    beside, above, inside = capsule.distances(points((0.5, 0, 0.5), (0, 0, 1.3), (0, 0, 0.2)))
    assert [beside[0], above[0], inside[0]] == pytest.approx([0.4, 0.2, -0.1], abs=1e-5)


def test_cone_grows_along_its_segment() -> None:
    cone = Cones([Cone((0, 0, 0), (0, 0, 1), 0.1, 0.3)])
    assert cone.distances(points((0.5, 0, 0.5)))[0, 0] == pytest.approx(0.3, abs=1e-5)


def test_sphere_as_ellipsoid_is_exact_and_an_ellipsoids_surface_is_at_zero() -> None:
    turned = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    shapes = Ellipsoids(
        [
            Ellipsoid((1, 0, 0), (0.2, 0.2, 0.2), np.eye(3)),
            Ellipsoid((0, 0, 0), (0.3, 0.1, 0.2), turned),
        ]
    )
    distances = shapes.distances(points((1, 0.7, 0), (0, 0.3, 0), (0.1, 0, 0)))
    assert distances[0, 0] == pytest.approx(0.5, abs=1e-5)
    np.testing.assert_allclose(distances[1:, 1], 0, atol=1e-6)


def test_blend_is_never_outside_of_its_shapes_and_fills_the_crease() -> None:
    shapes = [Cone((-0.1, 0, 0), (-0.1, 0, 0), 0.1, 0.1), Cone((0.1, 0, 0), (0.1, 0, 0), 0.1, 0.1)]
    where = points((0, 0.03, 0), (-0.2, 0, 0), (0.0, 0.3, 0.0))
    hard = Cones(shapes).distances(where).min(1)
    soft = Blend(shapes, softness=0.02).distance(where)
    assert (soft <= hard + 1e-6).all()
    assert soft[0] < hard[0] - 0.01


def test_far_from_its_box_a_blend_never_overestimates() -> None:
    blend = Blend([Cone((0, 0, 0), (0, 0, 1), 0.1, 0.1)], softness=0.01)
    far = np.random.default_rng(0).uniform(-3, 3, (500, 3)).astype(np.float32)
    true = Cones([Cone((0, 0, 0), (0, 0, 1), 0.1, 0.1)]).distances(far)[:, 0]
    assert (blend.distance(far) <= true + 1e-5).all()
