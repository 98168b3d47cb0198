"""BVH: a person as a hierarchy of bones with angles over time, which animation programs read.

The bones have the track's mean lengths, so poses with fixed bone lengths are reproduced exactly.
Each bone rotates with a node at its start. Where several bones start, at the Hip and the Thorax,
each has its own node without an offset, as in CMU's files: lifted hips and shoulders are not rigid.
A camera does not see rotations about a bone's own axis, so each bone takes the shortest rotation.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.coherence import bone_lengths
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.axes import UP, rotation_to
from diffhpe_ros.formats.even_rate import EvenTrack
from diffhpe_ros.formats.pose_recording import PoseTrack
from diffhpe_ros.io import replacing
from diffhpe_ros.skeleton import HIP, JOINTS, NUM_JOINTS, PARENTS

_CM = 100.0
_END_CM = 5.0  # length beyond hands, feet and head, which viewers draw as a bone
_ORDER = "ZXY"
_CHANNELS = " ".join(f"{axis}rotation" for axis in _ORDER)

_RIGHT, _LEFT, _UP, _DOWN = (-1.0, 0, 0), (1.0, 0, 0), (0, 1.0, 0), (0, -1.0, 0)
_REST = np.array(
    [
        _UP,
        *(_RIGHT, _DOWN, _DOWN),
        *(_LEFT, _DOWN, _DOWN),
        *(_UP, _UP, _UP, _UP),
        *(_LEFT, _LEFT, _LEFT),
        *(_RIGHT, _RIGHT, _RIGHT),
    ]
)
"""(17, 3) directions of the bones to the joints in the T-pose, y up, the person facing +z."""

_CHILDREN = [[c for c, parent in enumerate(PARENTS) if parent == p] for p in range(NUM_JOINTS)]
_EXTRA: Mapping[int, str] = MappingProxyType(
    {1: "RHipJoint", 4: "LHipJoint", 7: "LowerBack", 9: "Neck", 11: "LCollar", 14: "RCollar"}
)
"""Child joint → name of the node that rotates its bone, where several bones start at one joint."""


@dataclass(frozen=True)
class _Node:
    """One node of the hierarchy; nodes come after their parents."""

    name: str
    parent: int
    """The parent's index in `NODES`; -1 for the root."""
    joint: int
    """The joint at which it is."""
    moved: bool
    """Whether it is at the end of its parent's bone; else it is where its parent is."""
    bones: tuple[int, ...]
    """Joints at the ends of the bones that it rotates: none, one, or all at a joint with
    several."""


def _nodes(joint: int = HIP, parent: int = -1, count: int = 0) -> list[_Node]:
    """The nodes from a joint on, depth first, as BVH lists them."""
    children = _CHILDREN[joint]
    name = JOINTS[joint].replace("Neck/Nose", "Nose")
    nodes = [_Node(name, parent, joint, True, tuple(children))]
    for child in children:
        above = count
        if len(children) > 1:
            above = count + len(nodes)
            nodes.append(_Node(_EXTRA[child], count, joint, False, (child,)))
        nodes += _nodes(child, above, count + len(nodes))
    return nodes


NODES: Sequence[_Node] = tuple(_nodes())
"""The hierarchy, depth first."""


def write(path: Path, track: PoseTrack, fps: float, up: str) -> None:
    """Write one person in centimetres and degrees.

    A file has a pose for every frame. Frames without a known pose repeat the one before.

    Args:
        path: of the file.
        track: the person.
        fps: frames per second.
        up: the axis that points up: y or z.

    Raises:
        DiffhpeError: the file cannot be written, or the person's position is never known.
    """
    even = EvenTrack(track, fps)
    lengths, known = _learn(even)
    if not known.any():
        raise DiffhpeError(f"{path}: the position of person {track.track_id} is never known")
    first, last = np.flatnonzero(known)[[0, -1]]
    with replacing(path) as file:
        offsets = _offsets(lengths, up)
        file.write(_hierarchy(offsets).encode())
        file.write(f"MOTION\nFrames: {last - first + 1}\nFrame Time: {1 / fps:.9f}\n".encode())
        for values in _motion(even, int(first), int(last), up):
            lines = (" ".join(f"{value:.5f}" for value in row) for row in values)
            file.write(("\n".join(lines) + "\n").encode())


def _learn(even: EvenTrack) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Mean bone lengths (16,) in metres, and the frames (T,) whose joints are known."""
    total, known = np.zeros(NUM_JOINTS - 1), []
    for joints in even.chunks():
        known.append(np.isfinite(joints).all((1, 2)))
        total += bone_lengths(joints[known[-1]]).sum(0)
    frames = np.concatenate(known)
    return total / max(1, frames.sum()), frames


def _offsets(lengths: NDArray[np.float64], up: str) -> NDArray[np.float64]:
    """(17, 3) centimetres from each joint's parent to it in the T-pose, 0 for the root."""
    offsets = _rest(up)
    offsets[1:] *= _CM * lengths[:, None]
    offsets[HIP] = 0
    return offsets


def _rest(up: str) -> NDArray[np.float64]:
    return _REST @ (rotation_to(up) @ UP["y"].T).T


def _motion(even: EvenTrack, first: int, last: int, up: str) -> Iterator[NDArray[np.float64]]:
    """Channels (n, 3 + 3 · nodes) of the frames from `first` to `last`, in chunks."""
    start, held, angles_before = 0, None, None
    for chunk in even.chunks():
        joints = chunk[max(0, first - start) : max(0, last + 1 - start)] @ rotation_to(up).T
        start += len(chunk)
        if not len(joints):
            continue
        joints = _hold(joints, held)
        held = joints[-1:]
        angles = _angles(joints, up)
        before = angles[:1] if angles_before is None else angles_before
        angles = np.unwrap(np.concatenate([before, angles]), axis=0, period=360.0)[1:]
        angles_before = angles[-1:]
        yield np.concatenate([_CM * joints[:, HIP], angles.reshape(len(angles), -1)], 1)


def _hold(joints: NDArray[np.float64], before: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Fill unknown frames with the joints of the last known frame."""
    rows = joints if before is None else np.concatenate([before, joints])
    known = np.isfinite(rows).all((1, 2))
    latest = np.maximum.accumulate(np.where(known, np.arange(len(rows)), 0))
    return rows[latest][len(rows) - len(joints) :]


def _angles(joints: NDArray[np.float64], up: str) -> NDArray[np.float64]:
    """Angles (n, nodes, 3) in degrees of joints (n, 17, 3) in the file's axes."""
    rest = _rest(up)
    turns: list[Rotation] = []
    angles = np.zeros((len(joints), len(NODES), 3))
    for place, node in enumerate(NODES):
        parent = turns[node.parent] if node.parent >= 0 else Rotation.identity(len(joints))
        bones = joints[:, list(node.bones)] - joints[:, [node.joint]]
        if len(node.bones) > 1:
            turn = _best_turn(rest[list(node.bones)], bones)
        elif node.bones:
            turn = _shortest_turn(parent.apply(rest[node.bones[0]]), bones[:, 0]) * parent
        else:
            turn = parent
        turns.append(turn)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # gimbal lock: any solution will do
            angles[:, place] = (parent.inv() * turn).as_euler(_ORDER, degrees=True)
    return angles


def _best_turn(rest: NDArray[np.float64], bones: NDArray[np.float64]) -> Rotation:
    """The rotations that best align directions (k, 3) with those of bones (n, k, 3) (Kabsch)."""
    directions = bones / np.linalg.norm(bones, axis=-1, keepdims=True).clip(min=1e-9)
    u, _, v = np.linalg.svd(np.einsum("nki,kj->nij", directions, rest))
    sign = np.sign(np.linalg.det(u @ v))
    u[..., 2] *= sign[:, None]
    return Rotation.from_matrix(u @ v)


def _shortest_turn(start: NDArray[np.float64], bones: NDArray[np.float64]) -> Rotation:
    """The shortest rotations from unit vectors (n, 3) to the directions of bones (n, 3)."""
    lengths = np.linalg.norm(bones, axis=-1, keepdims=True)
    end = np.where(lengths > 1e-9, bones / lengths.clip(min=1e-9), start)
    axis, real = np.cross(start, end), 1 + (start * end).sum(-1)
    # Opposite directions: rotate about any perpendicular axis.
    across = np.cross(start, np.eye(3)[np.abs(start).argmin(-1)])
    opposite = real < 1e-9
    axis[opposite], real[opposite] = across[opposite], 0
    return Rotation.from_quat(np.concatenate([axis, real[:, None]], -1))


def _hierarchy(offsets: NDArray[np.float64]) -> str:
    """The part of the file before MOTION."""
    lines = ["HIERARCHY"]
    open_nodes: list[int] = []
    ends = _rest_ends(offsets)
    for place, node in enumerate(NODES):
        while open_nodes and open_nodes[-1] != node.parent:
            open_nodes.pop()
            lines.append("  " * len(open_nodes) + "}")
        indent = "  " * len(open_nodes)
        offset = offsets[node.joint] if node.moved else np.zeros(3)
        lines += [
            f"{indent}{'JOINT' if open_nodes else 'ROOT'} {node.name}",
            f"{indent}{{",
            f"{indent}  OFFSET {_text(offset)}",
            f"{indent}  CHANNELS 3 {_CHANNELS}"
            if open_nodes
            else f"{indent}  CHANNELS 6 Xposition Yposition Zposition {_CHANNELS}",
        ]
        open_nodes.append(place)
        if not node.bones:
            end = _text(ends[node.joint])
            lines += [f"{indent}  End Site", f"{indent}  {{", f"{indent}    OFFSET {end}"]
            lines.append(f"{indent}  }}")
    for depth in reversed(range(len(open_nodes))):
        lines.append("  " * depth + "}")
    return "\n".join(lines) + "\n"


def _rest_ends(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """(17, 3) centimetres from a limb's last joint to its end, along the last bone."""
    lengths = np.linalg.norm(offsets, axis=-1, keepdims=True)
    return _END_CM * offsets / lengths.clip(min=1e-9)


def _text(vector: NDArray[np.float64]) -> str:
    return " ".join(f"{value + 0.0:.6f}" for value in vector)
