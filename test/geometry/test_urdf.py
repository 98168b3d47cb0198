"""The URDF of a person, read by an independent parser."""

from xml.etree import ElementTree

import numpy as np
import pytest
from standing import STANDING
from urdf_chain import read_urdf

from diffhpe_ros.coherence import bone_lengths
from diffhpe_ros.geometry.joint_angles import body_axes, joint_angles
from diffhpe_ros.geometry.kinematic_chain import LINKS
from diffhpe_ros.geometry.urdf import human_urdf

URDF = human_urdf("b0001", bone_lengths(STANDING).astype(np.float64))


def test_angles_and_urdf_give_the_joints_back() -> None:
    axes = body_axes(STANDING)
    assert axes is not None
    angles = {f"{name}_b0001": x for name, x in joint_angles(STANDING, axes).items()}
    places = read_urdf(URDF).places(angles)
    for joint, link in LINKS.items():
        found = axes @ places[f"{link}_b0001"]
        np.testing.assert_allclose(found, STANDING[joint], atol=0.002)


def test_every_link_but_the_body_hangs_on_one_joint() -> None:
    robot = ElementTree.fromstring(URDF)
    links = [link.attrib["name"] for link in robot.iter("link")]
    children = [each.attrib["link"] for each in robot.iter("child")]
    assert len(set(links)) == len(links)
    assert sorted(children) == sorted(set(links) - {"body_b0001"})
    assert {each.attrib["link"] for each in robot.iter("parent")} <= set(links)


@pytest.mark.parametrize(
    "name", ["waist", "r_head", "l_p_shoulder", "r_elbow", "l_r_hip", "r_knee"]
)
def test_joints_of_human_description_have_their_names(name: str) -> None:
    assert f'<joint name="{name}_b0001" type="revolute">' in URDF
