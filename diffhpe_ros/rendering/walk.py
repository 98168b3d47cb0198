"""A person who walks around a circle, planned from the footprints.

The feet stand still on planned footprints, and the legs are solved between them and the pelvis. So
no foot slides, and every bone keeps its length. One lap is a whole number of strides, so a clip of
one lap can be played in a loop.
"""

from dataclasses import dataclass, field

import numpy as np

from diffhpe_ros.rendering.body import Array, Pose, Proportions, turn, unit

STANCE = 0.62  # share of a stride during which a foot is on the ground
OVERHEAD = 0.255  # share of a stride after which the pelvis is above the standing foot
FLAT, HEEL_RISE = 0.10, 0.32  # the foot is flat on the ground between these shares


@dataclass(frozen=True)
class CircleWalk:
    """Walking counter-clockwise (seen from above) around a circle.

    Attributes:
        centre: x, y of the circle, world metres.
        radius: metres.
        strides: strides per lap.
        lap_s: seconds per lap.
        start: angle on the circle at time 0, radians from the x axis.
        body: the walker's proportions.
    """

    centre: tuple[float, float] = (0.0, 4.0)
    radius: float = 0.88
    strides: int = 5
    lap_s: float = 6.0
    start: float = np.pi
    body: Proportions = field(default_factory=Proportions)

    def pose(self, time_s: float) -> Pose:
        """The body at any time in seconds; laps repeat."""
        stride = time_s / self.lap_s * self.strides
        swing = 2 * np.pi * stride
        pelvis, pelvis_axes = self._pelvis(stride)
        joints = np.zeros((17, 3))
        joints[0] = pelvis
        toes = np.zeros((2, 3))
        for foot, (first, side) in enumerate(((4, 1.0), (1, -1.0))):
            joints[first] = pelvis + pelvis_axes @ _sided(self.body.hip, side)
            joints[first + 2], toes[foot], foot_forward = self._foot(stride, side)
            forward = unit(foot_forward + pelvis_axes[:, 0])
            joints[first + 1] = bend(
                joints[first], joints[first + 2], self.body.thigh, self.body.shank, forward
            )
        heading = turn(self._angle(stride) + np.pi / 2)
        chest = heading @ turn(0.10 * np.cos(swing), 0.09, -0.05)
        middle = (pelvis_axes + chest) / 2
        joints[7] = pelvis + pelvis_axes @ self.body.spine
        joints[8] = joints[7] + _rotation(middle) @ self.body.thorax
        head = heading @ turn(0.12, 0.10, 0.0)  # looks into the curve, and a little down
        skull_base = joints[8] + chest @ self.body.skull_base
        joints[9] = skull_base + 0.05 * head[:, 0]
        joints[10] = skull_base + head @ self.body.head
        for first, side in ((11, 1.0), (14, -1.0)):
            joints[first : first + 3] = self._arm(joints[8], chest, swing, side)
        return Pose(joints, head[:, 0].copy(), toes)

    def _angle(self, stride: float) -> float:
        """Angle on the circle after this many strides."""
        return self.start + 2 * np.pi * stride / self.strides

    def _on_path(self, stride: float, lateral: float, height: float) -> Array:
        """A point above or next to the path; positive lateral is to the walker's left."""
        angle, radius = self._angle(stride), self.radius - lateral
        x, y = self.centre
        return np.array([x + radius * np.cos(angle), y + radius * np.sin(angle), height])

    def _pelvis(self, stride: float) -> tuple[Array, Array]:
        """The pelvis' position and axes (columns): bobs twice, sways and turns once per stride."""
        swing = 2 * np.pi * stride
        sway = 0.02 * np.cos(swing - 2 * np.pi * OVERHEAD)
        height = 0.906 + 0.020 * np.cos(2 * (swing - 2 * np.pi * OVERHEAD))
        heading = self._angle(stride) + np.pi / 2
        axes = turn(heading) @ turn(-0.09 * np.cos(swing), 0.03, 0.05 * np.sin(swing) - 0.02)
        return self._on_path(stride, sway, height), axes

    def _arm(self, thorax: Array, chest: Array, swing: float, side: float) -> Array:
        """Shoulder, elbow and wrist (3, 3): the arm swings opposite to the leg on its side."""
        forward = -side * np.cos(swing - 0.2)
        raised = -0.05 + 0.38 * forward
        flexed = 0.42 + 0.20 * forward
        shoulder = thorax + chest @ _sided(self.body.shoulder, side)
        upper = np.array([np.sin(raised), side * 0.16, -np.cos(raised)])
        lower = np.array([np.sin(raised + flexed), side * 0.02, -np.cos(raised + flexed)])
        elbow = shoulder + self.body.upper_arm * chest @ unit(upper)
        wrist = elbow + self.body.forearm * chest @ unit(lower)
        return np.stack([shoulder, elbow, wrist])

    def _foot(self, stride: float, side: float) -> tuple[Array, Array, Array]:
        """Ankle, toe tip and the direction of the foot over the ground, each (3,)."""
        own = stride if side > 0 else stride - 0.5  # the right foot lands half a stride later
        step = np.floor(own)
        phase = own - step
        landing = step + (0.0 if side > 0 else 0.5)
        if phase < STANCE:
            pitch = _standing_pitch(phase)
            ankle = self._standing_ankle(landing, side, phase)
            heading = self._foot_heading(landing, side)
        else:
            share = (phase - STANCE) / (1 - STANCE)
            pitch = _swinging_pitch(share)
            ankle = self._swinging_ankle(landing, side, share)
            headings = [self._foot_heading(landing + later, side) for later in (0.0, 1.0)]
            heading = headings[0] + share * (headings[1] - headings[0])
        toe = ankle + turn(heading, -pitch) @ self.body.toe
        return ankle, toe, turn(heading)[:, 0]

    def _foot_heading(self, landing: float, side: float) -> float:
        """Heading of a footprint: along the path, toes a little outwards."""
        return self._angle(landing + OVERHEAD) + np.pi / 2 + side * 0.10

    def _standing_ankle(self, landing: float, side: float, phase: float) -> Array:
        """The ankle above a footprint: the foot rolls on the heel, is flat, rolls on the toes."""
        heading = turn(self._foot_heading(landing, side))
        flat = self._on_path(landing + OVERHEAD, side * 0.075, self.body.ankle_height)
        pivot = np.array(self.body.heel if phase < FLAT else self.body.toe)
        rolled = pivot - turn(0.0, -_standing_pitch(phase)) @ pivot
        return np.asarray(flat + heading @ rolled, np.float64)

    def _swinging_ankle(self, landing: float, side: float, share: float) -> Array:
        """The ankle between lift-off and the next landing, without a jump in speed at either."""
        length, dt = 1 - STANCE, 1e-3
        off = self._standing_ankle(landing, side, STANCE)
        off_speed = (off - self._standing_ankle(landing, side, STANCE - dt)) / dt * length
        down = self._standing_ankle(landing + 1, side, 0.0)
        down_speed = (self._standing_ankle(landing + 1, side, dt) - down) / dt * length
        ankle = hermite(off, off_speed, down, down_speed, share)
        ankle[2] += 0.03 * np.sin(np.pi * share) ** 2
        return ankle


def bend(start: Array, end: Array, first: float, second: float, look_at_rotation: Array) -> Array:
    """The middle joint (3,) of two bones between two points, bent towards a direction (3,).

    If the points are too far apart, the bones stretch evenly, so plan for closer points.
    """
    span = end - start
    distance = float(np.linalg.norm(span))
    along = span / distance
    reach = (first**2 - second**2 + distance**2) / (2 * distance)
    aside = look_at_rotation - (look_at_rotation @ along) * along
    return start + reach * along + np.sqrt(max(first**2 - reach**2, 0.0)) * unit(aside)


def hermite(start: Array, leave: Array, end: Array, arrive: Array, share: float) -> Array:
    """A point on the cubic curve through two points with given tangents; share in 0..1."""
    s2, s3 = share**2, share**3
    return (
        (2 * s3 - 3 * s2 + 1) * start
        + (s3 - 2 * s2 + share) * leave
        + (3 * s2 - 2 * s3) * end
        + (s3 - s2) * arrive
    )


def _standing_pitch(phase: float) -> float:
    """Pitch of a standing foot, radians, toes up positive."""
    if phase < FLAT:
        return 0.30 * (1 - _ease(phase / FLAT))
    return -0.85 * max(phase - HEEL_RISE, 0.0) ** 2 / (STANCE - HEEL_RISE) ** 2


def _swinging_pitch(share: float) -> float:
    """Pitch of a swinging foot, radians: from toes down to toes up."""
    return -0.85 + 1.15 * _ease(min(share * 1.1, 1.0))


def _ease(x: float) -> float:
    return x * x * (3 - 2 * x)


def _sided(offset: tuple[float, float, float], side: float) -> Array:
    return np.array([offset[0], side * offset[1], offset[2]])


def _rotation(matrix: Array) -> Array:
    """The rotation nearest to a matrix."""
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray(u @ vt, np.float64)
