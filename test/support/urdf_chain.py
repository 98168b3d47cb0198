"""Forward kinematics of a URDF, from its text alone."""

from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class UrdfChain:
    """The joints of a URDF."""

    joints: list[ElementTree.Element]

    def places(self, angles: dict[str, float]) -> dict[str, Array]:
        """Position (3,) of each link in the one that has no parent, for angles by joint."""
        children = {self._link(joint, "child") for joint in self.joints}
        (root,) = {self._link(joint, "parent") for joint in self.joints} - children
        found = {root: np.eye(4)}
        waiting = list(self.joints)
        while waiting:
            joint = waiting.pop(0)
            parent = found.get(self._link(joint, "parent"))
            if parent is None:
                waiting.append(joint)
            else:
                found[self._link(joint, "child")] = parent @ self._transform(joint, angles)
        return {link: pose[:3, 3] for link, pose in found.items()}

    @staticmethod
    def _link(joint: ElementTree.Element, role: str) -> str:
        (element,) = joint.iter(role)
        return element.attrib["link"]

    @staticmethod
    def _transform(joint: ElementTree.Element, angles: dict[str, float]) -> Array:
        (origin,) = joint.iter("origin")
        assert [float(angle) for angle in origin.attrib["rpy"].split()] == [0, 0, 0]
        pose = np.eye(4)
        pose[:3, 3] = [float(value) for value in origin.attrib["xyz"].split()]
        if joint.attrib["type"] != "fixed":
            (axis,) = joint.iter("axis")
            x, y, z = (float(value) for value in axis.attrib["xyz"].split())
            angle = angles[joint.attrib["name"]]
            cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
            turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
            pose[:3, :3] = turn
        return pose


def read_urdf(text: str) -> UrdfChain:
    """The chain of a URDF."""
    return UrdfChain(list(ElementTree.fromstring(text).iter("joint")))
