"""The URDF of a person: the kinematic chain with the person's bone lengths."""

from itertools import chain
from math import pi

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.kinematic_chain import CHAIN, ROOT, ChainJoint

_RADIUS_M = 0.03
_LIMIT = f'<limit effort="1000" lower="{-pi:.6f}" upper="{pi:.6f}" velocity="10"/>'


def human_urdf(person: str, lengths: NDArray[np.float64]) -> str:
    """The URDF of one person.

    Args:
        person: the id, the suffix of each link's and joint's name.
        lengths: (16,) of the bones, metres.
    """
    links = [
        f'<link name="{ROOT}_{person}"/>',
        *(_link(each.child, person, lengths) for each in CHAIN),
    ]
    joints = [_joint(each, person, lengths) for each in CHAIN]
    body = "".join(f"  {part}\n" for part in chain(links, joints))
    return f'<?xml version="1.0"?>\n<robot name="human_{person}">\n{body}</robot>\n'


def _link(name: str, person: str, lengths: NDArray[np.float64]) -> str:
    """A link, with a cylinder for its bone."""
    bones = [each for each in CHAIN if each.parent == name and each.bone is not None]
    if not bones:
        return f'<link name="{name}_{person}"/>'
    (bone,) = bones
    end = bone.offset(lengths)
    roll = pi / 2 if end[1] else 0.0
    return (
        f'<link name="{name}_{person}"><visual>'
        f'<origin xyz="{_numbers(end / 2)}" rpy="{roll:.6f} 0 0"/>'
        f'<geometry><cylinder length="{np.linalg.norm(end):.6f}" radius="{_RADIUS_M}"/></geometry>'
        "</visual></link>"
    )


def _joint(joint: ChainJoint, person: str, lengths: NDArray[np.float64]) -> str:
    kind = "fixed" if joint.axis is None else "revolute"
    turns = "" if joint.axis is None else f'<axis xyz="{_numbers(np.array(joint.axis))}"/>{_LIMIT}'
    return (
        f'<joint name="{joint.name}_{person}" type="{kind}">'
        f'<parent link="{joint.parent}_{person}"/><child link="{joint.child}_{person}"/>'
        f'<origin xyz="{_numbers(joint.offset(lengths))}" rpy="0 0 0"/>{turns}</joint>'
    )


def _numbers(values: NDArray[np.float64]) -> str:
    return " ".join(f"{value:.6f}" for value in values)
