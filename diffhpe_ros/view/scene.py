"""The 3D scene: people upright on a floor grid, the camera that sees them, trails, labels."""

from itertools import pairwise
from math import atan2
from typing import Any

import numpy as np
import trimesh
import viser
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.camera import Camera
from diffhpe_ros.geometry.upright import upright_axes
from diffhpe_ros.skeleton import HIP
from diffhpe_ros.view.camera_height import CameraHeight
from diffhpe_ros.view.estimator import Estimate
from diffhpe_ros.view.history import History
from diffhpe_ros.view.shapes import Shapes, balls, bones, ellipsoids
from diffhpe_ros.view.style import person_colour

TRAIL_S = 3.0
_TRAIL_HEIGHT_M = 0.015
_GAP_NS = 300_000_000  # trails are not drawn across a jump
_LABEL_ABOVE_M = 0.3


class Instances:
    """Instances of one mesh. Spare instances are kept ready, shrunk to points."""

    def __init__(
        self,
        server: viser.ViserServer,
        name: str,
        mesh: trimesh.Trimesh,
        opacity: float | None = None,
    ) -> None:
        self._server, self._name, self._mesh, self._opacity = server, name, mesh, opacity
        self._handle = self._make(room=64)

    @property
    def visible(self) -> bool:
        """Whether they are drawn."""
        return self._handle.visible

    @visible.setter
    def visible(self, on: bool) -> None:
        self._handle.visible = on

    def draw(self, shapes: Shapes) -> None:
        """Replace all instances."""
        count, room = len(shapes.positions), len(self._handle.batched_positions)
        if count > room:
            room, visible = 2 * count, self.visible
            self._handle = self._make(room)
            self.visible = visible
        handle = self._handle
        handle.batched_positions = _padded(shapes.positions, room)
        handle.batched_wxyzs = _padded(shapes.wxyzs, room, (1, 0, 0, 0))
        handle.batched_scales = _padded(shapes.scales, room)
        handle.batched_colors = _padded(shapes.colours, room)
        if shapes.opacities is not None:
            handle.batched_opacities = _padded(shapes.opacities, room)

    def _make(self, room: int) -> viser.BatchedMeshHandle:
        return self._server.scene.add_batched_meshes_simple(
            self._name, self._mesh.vertices, self._mesh.faces,
            np.tile([1.0, 0.0, 0.0, 0.0], (room, 1)), np.zeros((room, 3)),
            batched_scales=np.zeros((room, 3)), batched_colors=np.zeros((room, 3), np.uint8),
            batched_opacities=np.zeros(room) if self._opacity is None else None,
            opacity=self._opacity, lod="off", cast_shadow=self._opacity is None,
        )  # fmt: skip


def _padded(rows: NDArray[Any], room: int, filler: Any = 0) -> NDArray[Any]:
    """The rows, padded with the filler up to the available room."""
    padded = np.empty((room, *rows.shape[1:]), rows.dtype)
    padded[: len(rows)], padded[len(rows) :] = rows, filler
    return padded


def _look_below_people(client: viser.ClientHandle) -> None:
    """On an upright phone the controls cover the lower part: move people to the upper part."""
    if client.camera.aspect < 1:
        client.camera.position = (0.6, -3.6, 1.9)
        client.camera.look_at = (2.56, -1.53, 0.0)


class Scene:
    """Draws people into a viser scene with z up and the floor at 0.

    Args:
        server: the page's server.
        up: (3,) direction against gravity in the camera's optical frame.
    """

    def __init__(self, server: viser.ViserServer, up: NDArray[np.float64]) -> None:
        self._server = server
        self._bones = Instances(server, "/people/bones", trimesh.creation.cylinder(1.0, 1.0))
        ball = trimesh.creation.icosphere(subdivisions=2)
        self._balls = Instances(server, "/people/joints", ball)
        self._ellipsoids = Instances(server, "/people/ellipsoids", ball, opacity=0.3)
        self._trails = server.scene.add_line_segments(
            "/trails", np.zeros((1, 2, 3)), np.zeros((1, 2, 3), np.uint8), thickness=0.03
        )
        self._labels: dict[int, viser.LabelHandle] = {}
        self._frustum: viser.CameraFrustumHandle | None = None
        self._camera_height = CameraHeight()
        self.shows_image = self.shows_trails = self.shows_labels = True
        self.set_up(up)
        server.scene.set_up_direction("+z")
        server.scene.add_grid(
            "/floor", 12, 12, position=(4.0, 0.0, 0.0), cell_size=0.5, section_size=1.0,
            cell_color=(225, 225, 225), section_color=(190, 190, 190), shadow_opacity=0.2,
        )  # fmt: skip
        server.initial_camera.position = (0.2, -3.6, 1.9)
        server.initial_camera.look_at = (3.0, 0.2, 0.7)
        server.on_client_connect(_look_below_people)

    def set_up(self, up: NDArray[np.float64]) -> None:
        """Set the direction (3,) against gravity in the optical frame."""
        self._axes = upright_axes(up).T
        self._camera_height.reset()

    @property
    def shows_ellipsoids(self) -> bool:
        """Whether the joints' 2-sigma ellipsoids are drawn."""
        return self._ellipsoids.visible

    @shows_ellipsoids.setter
    def shows_ellipsoids(self, on: bool) -> None:
        self._ellipsoids.visible = on

    def draw(
        self, estimate: Estimate, history: History, camera: Camera, image: NDArray[np.uint8]
    ) -> None:
        """Draw the people of an image (H, W, 3) BGR, and the camera that took it."""
        people = estimate.people
        located = people.located
        joints = people.joints[located] @ self._axes.T.astype(np.float32)
        self._camera_height.add(joints)
        joints = joints + self._origin.astype(np.float32)
        confidence = people.confidence[located]
        trusted = np.array([not text for text in estimate.warnings], bool)[located]
        self._bones.draw(bones(joints, confidence, trusted))
        self._balls.draw(balls(joints, confidence, trusted))
        covariance = self._axes @ people.covariance[located] @ self._axes.T
        self._ellipsoids.draw(ellipsoids(joints, covariance.astype(np.float32)))
        ids = [track_id for track_id, known in zip(people.track_ids, located, strict=True) if known]
        self._draw_labels(ids, joints, trusted)
        self._draw_trails(estimate, history)
        self._draw_camera(camera, image)

    @property
    def _origin(self) -> NDArray[np.float64]:
        """(3,) position of the camera."""
        return np.array([0.0, 0.0, self._camera_height.metres])

    def _draw_labels(
        self, ids: list[int], joints: NDArray[np.float32], trusted: NDArray[np.bool_]
    ) -> None:
        shown = ids if self.shows_labels else []
        for track_id in self._labels.keys() - set(shown):
            self._labels.pop(track_id).remove()
        for track_id, person, sure in zip(ids, joints, trusted, strict=True):
            if track_id not in shown:
                continue
            above = person[HIP].copy()
            above[2] = person[:, 2].max() + _LABEL_ABOVE_M
            text = f"#{track_id}" if sure else f"#{track_id}: do not trust"
            if track_id not in self._labels:
                self._labels[track_id] = self._server.scene.add_label(
                    f"/labels/{track_id}", text, anchor="bottom-center"
                )
            label = self._labels[track_id]
            label.text, label.position = text, above

    def _draw_trails(self, estimate: Estimate, history: History) -> None:
        """Lines on the floor that show the paths of people's hips."""
        past = history.until(estimate.stamp_ns, TRAIL_S) if self.shows_trails else []
        starts, colours = [], []
        for before, after in pairwise(past):
            if after.stamp_ns - before.stamp_ns > _GAP_NS:
                continue
            later = dict(zip(after.people.track_ids, after.people.joints[:, HIP], strict=True))
            for track_id, hip in zip(
                before.people.track_ids, before.people.joints[:, HIP], strict=True
            ):
                if track_id in later:
                    starts.append((hip, later[track_id]))
                    colours.append((person_colour(track_id),) * 2)
        points = np.array(starts, np.float32).reshape(-1, 2, 3) @ self._axes.T.astype(np.float32)
        points[..., 2] = _TRAIL_HEIGHT_M
        known = np.isfinite(points).all((1, 2))
        # One more segment, of length 0: an empty list of line segments is not possible.
        self._trails.points = _padded(points[known], known.sum() + 1)
        shades = np.array(colours, np.uint8).reshape(-1, 2, 3)
        self._trails.colors = _padded(shades[known], known.sum() + 1)

    def _draw_camera(self, camera: Camera, image: NDArray[np.uint8]) -> None:
        if self._frustum is None:
            self._frustum = self._server.scene.add_camera_frustum(
                "/camera",
                2 * atan2(camera.height / 2, float(camera.matrix[1, 1])),
                camera.width / camera.height,
                scale=0.5,
                thickness=0.008,
                color=(60, 60, 60),
            )
        x, y, z, w = Rotation.from_matrix(self._axes).as_quat()
        self._frustum.wxyz, self._frustum.position = (w, x, y, z), self._origin
        self._frustum.image = image[..., ::-1] if self.shows_image else None
