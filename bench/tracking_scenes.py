"""The scenes of bench/tracking.py: rendered rooms with walking people of known joints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.camera import Camera
from diffhpe_ros.io import read_npz, replacing
from diffhpe_ros.rendering.body import Array, Pose
from diffhpe_ros.rendering.clothes import Clothes
from diffhpe_ros.rendering.furniture import PANEL, Box, desk, nearest, table
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView, Room
from diffhpe_ros.rendering.walk import CircleWalk
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS, PARENTS
from diffhpe_ros.video import VideoWriter

FPS = 15
WIDTH, HEIGHT, FIELD_OF_VIEW = 640, 480, 60.0
ROOM = Room(half_width=4.5, depth=11.0)
EYE, LOOKS_AT = np.array([0.0, 0.0, 1.3]), np.array([0.0, 4.5, 0.95])
STRIDE_M = 1.12
LIMB_M = 0.09
"""Radius of the limbs that hide people behind them."""
LEAST_APART_M = 0.45
SKIN = np.array([0.70, 0.42, 0.31])

RED = Clothes()
GREEN = Clothes((0.05, 0.25, 0.08), (0.03, 0.03, 0.03), (0.10, 0.06, 0.03))
WHITE = Clothes((0.70, 0.70, 0.68), (0.20, 0.20, 0.21), skin=(0.30, 0.16, 0.10))
YELLOW = Clothes((0.65, 0.45, 0.04), (0.14, 0.08, 0.04), hair=(0.25, 0.13, 0.04))
BLUE = Clothes((0.05, 0.12, 0.45), (0.45, 0.36, 0.24), (0.05, 0.05, 0.05))
BLACK = Clothes((0.02, 0.02, 0.02), (0.40, 0.02, 0.02), skin=(0.45, 0.25, 0.17))


@dataclass(frozen=True)
class Walker:
    """A person who walks around a circle."""

    clothes: Clothes
    x: float
    y: float
    radius: float
    start: float = 0.0
    """Degrees on the circle, from the right."""
    speed: float = 1.0
    """Metres per second; negative is clockwise, seen from above."""
    size: float = 1.0

    def places(self, times_s: Array) -> Array:
        """Positions on the floor (T, 2) at times (T,), world metres."""
        angles = np.deg2rad(self.start) + self.speed * times_s / self.radius
        x = self.x + self.radius * np.cos(angles)
        y = self.y + self.radius * np.sin(angles)
        return np.stack([x, y], -1)

    def pose(self, time_s: float) -> Pose:
        """The body at a time, world metres."""
        radius = self.radius / self.size
        lap_m, to_world = 2 * np.pi * radius, self.size * np.ones(3)
        walk = CircleWalk(
            (0.0, 0.0),
            radius,
            round(lap_m / STRIDE_M),
            self.size * lap_m / abs(self.speed),
            np.deg2rad(self.start if self.speed > 0 else 180 - self.start),
        )
        pose = walk.pose(time_s)
        joints, toes, forward = pose.joints, pose.toes, pose.head_forward
        if self.speed < 0:
            flip = np.array([-1.0, 1.0, 1.0])
            joints, toes, forward = joints[list(MIRRORED)] * flip, toes[::-1] * flip, forward * flip
        centre = np.array([self.x, self.y, 0.0])
        return Pose(joints * to_world + centre, forward, toes * to_world + centre)


@dataclass(frozen=True)
class Scene:
    """People in a room, and its furniture."""

    name: str
    seconds: float
    walkers: Sequence[Walker]
    furniture: Sequence[Box] = ()


def _leaving(*clothes: Clothes) -> tuple[Walker, ...]:
    """Two people who leave the image for some seconds and return, and one who stays."""
    left, right, stays = clothes
    return (
        Walker(left, -2.5, 4.4, 1.6, 20, 1.25),
        Walker(right, 2.5, 4.0, 1.6, 100, -1.15, 0.95),
        Walker(stays, 0.0, 5.6, 0.8, 0, 0.8, 1.05),
    )


def varied(scene: Scene, seed: int) -> Scene:
    """The scene with other people, paths and speeds; nobody walks through another person."""
    random = np.random.default_rng(seed)
    wear = {walker.clothes: _any_clothes(random) for walker in scene.walkers}
    while True:
        walkers = [_varied(walker, wear[walker.clothes], random) for walker in scene.walkers]
        other = replace(scene, name=f"{scene.name}, seed {seed}", walkers=walkers)
        if _nearest_m(other) > LEAST_APART_M:
            return other


def _varied(walker: Walker, clothes: Clothes, random: np.random.Generator) -> Walker:
    radius, speed, size = random.uniform((0.85, 0.85, 0.93), (1.15, 1.15, 1.07))
    return Walker(
        clothes,
        walker.x + random.uniform(-0.3, 0.3),
        walker.y + random.uniform(-0.3, 0.3),
        walker.radius * radius,
        walker.start + random.uniform(-40, 40),
        walker.speed * speed,
        size,
    )


def _any_clothes(random: np.random.Generator) -> Clothes:
    shirt, trousers, shoes = random.uniform(0.02, 0.7, (3, 3)) * random.uniform(0.2, 1, (3, 1))
    skin, hair = random.uniform(0.3, 1) * SKIN, random.uniform(0.02, 0.4) * SKIN
    return Clothes(*(tuple(each.tolist()) for each in (shirt, trousers, shoes, skin, hair)))


def _nearest_m(scene: Scene) -> float:
    """The smallest distance between two people in a scene."""
    times = np.arange(round(scene.seconds * FPS)) / FPS
    places = np.stack([walker.places(times) for walker in scene.walkers], 1)
    apart = np.linalg.norm(places[:, :, None] - places[:, None], axis=-1)
    return float(apart[:, ~np.eye(len(scene.walkers), dtype=bool)].min())


_CROSS = Scene(
    "2 cross", 10, (Walker(RED, -0.7, 4.2, 1.2), Walker(GREEN, 0.7, 4.4, 1.2, 180, -1.1))
)
_CIRCLE = Scene(
    "3 on one circle",
    8,
    [
        Walker(clothes, 0.0, 4.3, 1.2, start, 1.0, size)
        for clothes, start, size in ((RED, 0, 1.0), (WHITE, 120, 0.93), (BLUE, 240, 1.06))
    ],
)
_CUPBOARD = Scene(
    "2 behind a cupboard",
    15,
    (Walker(YELLOW, 0.0, 5.0, 1.3), Walker(BLUE, 0.1, 5.2, 1.1, 180, -0.9, 0.95)),
    (Box((-0.4, 3.0, 0.0), (0.4, 3.4, 2.0), PANEL),),
)
_DESKS = Scene(
    "3 among desks",
    8,
    (
        Walker(GREEN, -0.9, 4.6, 0.9, 0, 0.9),
        Walker(WHITE, 0.8, 4.9, 0.9, 90, -1.0, 0.95),
        Walker(RED, 0.0, 6.2, 1.4, 180, 1.1, 1.05),
    ),
    (*desk(-0.9, 3.1, 1.4, 0.7, 0.75), *table(0.9, 3.3, 1.6, 0.8, 0.75)),
)
_RETURN = Scene("3, two leave and return", 17, _leaving(RED, BLUE, GREEN))
_ALIKE = Scene("the same in alike clothes", 17, _leaving(RED, RED, RED))
_ROOM = Scene(
    "6 in a room",
    6,
    (
        Walker(RED, -1.0, 4.4, 0.9, 0, 1.0),
        Walker(BLUE, 1.0, 4.6, 0.9, 180, -1.0, 0.95),
        Walker(GREEN, 0.0, 5.6, 1.3, 60, 1.1, 1.05),
        Walker(YELLOW, -1.6, 6.4, 1.0, 200, -0.9, 0.92),
        Walker(WHITE, 1.6, 6.6, 1.0, 300, 1.0),
        Walker(BLACK, 0.2, 7.2, 1.2, 120, -1.1, 1.03),
    ),
)
_FAR = Scene(
    "4 far away",
    6,
    (
        Walker(RED, -1.8, 7.6, 1.2, 0, 1.0),
        Walker(WHITE, 1.8, 8.0, 1.2, 90, -1.0, 0.95),
        Walker(BLUE, 0.0, 8.8, 1.4, 180, 1.1, 1.05),
        Walker(YELLOW, 0.3, 6.6, 0.9, 270, -0.9, 0.93),
    ),
)
DEVELOPMENT = (_CROSS, _CUPBOARD, _RETURN, _ROOM, _FAR, varied(_CROSS, 1))
"""The scenes used to develop the tracking."""
HELD_OUT = (
    varied(_CROSS, 2),
    varied(_FAR, 2),
    _CIRCLE,
    _DESKS,
    varied(_ROOM, 2),
    varied(_CUPBOARD, 2),
    _ALIKE,
)
"""The scenes not used for any choice."""
GROUPS = {"development": DEVELOPMENT, "held-out": HELD_OUT}


@dataclass(frozen=True)
class Truth:
    """P people in T images."""

    keypoints: Array  # (T, P, 17, 2) pixels
    hidden: NDArray[np.bool_]  # (T, P, 17) by people, furniture or the image's border
    distance: Array  # (T, P) metres

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Read the truth that `render` wrote."""
        return cls(**read_npz(path, ("keypoints", "hidden", "distance")))


def view() -> CameraView:
    """The camera of all scenes."""
    camera = Camera.from_field_of_view(WIDTH, HEIGHT, FIELD_OF_VIEW)
    return CameraView.looking_at(camera, EYE, LOOKS_AT)


def truth(scene: Scene) -> Truth:
    """The true positions of all people."""
    eye = view()
    frames = range(round(scene.seconds * FPS))
    joints = np.array([[w.pose(k / FPS).joints for w in scene.walkers] for k in frames])
    keypoints = eye.camera.project(eye.to_optical(joints))
    behind = eye.to_optical(joints)[..., 2] < 0.1
    outside = ((keypoints < 0) | (keypoints >= (WIDTH, HEIGHT))).any(-1) | behind
    away = joints - eye.position
    distance = np.linalg.norm(away, axis=-1)
    rays = away / distance[..., None]
    furniture, _ = nearest(scene.furniture, eye.position, rays.astype(np.float32))
    by_people = np.stack([_hidden_by_people(each - eye.position) for each in joints])
    hidden = outside | (furniture < distance) | by_people
    return Truth(np.where(behind[..., None], np.nan, keypoints), hidden, distance[..., 0])


def _hidden_by_people(joints: Array) -> NDArray[np.bool_]:
    """Which joints (P, 17, 3), seen from the origin, are behind a person's bones, (P, 17)."""
    people = len(joints)
    bones = [child for child in range(NUM_JOINTS) if PARENTS[child] >= 0]
    along = np.linspace(0, 1, 8)[:, None, None]
    starts, ends = joints[:, [PARENTS[bone] for bone in bones]], joints[:, bones]
    points = (starts[:, None] + along * (ends - starts)[:, None]).reshape(people, -1, 3)
    depth = np.linalg.norm(joints, axis=-1)
    rays = joints / depth[..., None]
    reached = np.einsum("pjd,qnd->pjqn", rays, points)
    beside = np.linalg.norm(points, axis=-1)[None, None] ** 2 - reached**2
    before = (beside < LIMB_M**2) & (reached < depth[..., None, None] - LIMB_M)
    before[np.arange(people), :, np.arange(people)] = False
    return np.asarray(before.any((-1, -2)))


def render(folder: Path, scenes: Sequence[Scene]) -> None:
    """Write each scene's video and truth."""
    folder.mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        renderer = Renderer(view(), ROOM, samples=1, furniture=scene.furniture)
        known = truth(scene)
        with replacing(folder / f"{scene.name}.npz") as file:
            np.savez_compressed(file, **vars(known))
        wear = [walker.clothes for walker in scene.walkers]
        with VideoWriter(folder / f"{scene.name}.mp4", WIDTH, HEIGHT, FPS) as video:
            for frame in tqdm(range(len(known.distance)), scene.name, unit="image"):
                poses = [walker.pose(frame / FPS) for walker in scene.walkers]
                video.write(renderer.render(poses, frame, wear))
