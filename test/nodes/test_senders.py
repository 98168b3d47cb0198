"""Two detectors with the same camera name that share a lifter."""

from typing import Any

import pytest
from rclpy.node import Node

from diffhpe_ros.nodes.senders import OWNED_S, Senders


class Clock:
    """A clock that stands still until it is set."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def by(sender: str, number: int = 1) -> dict[str, Any]:
    """rclpy's information on a message since Kilted."""
    gid = {"implementation_identifier": "any", "data": sender.encode()}
    return {"publisher_gid": gid, "publication_sequence_number": number}


def numbered(number: int) -> dict[str, Any]:
    """rclpy's information on a message in Jazzy."""
    return {"publication_sequence_number": number}


@pytest.fixture
def node(context: Any) -> Any:
    node = Node("lifter", context=context)
    yield node
    node.destroy_node()


def test_second_sender_of_a_camera_is_left_out_and_named(node: Node) -> None:
    senders = Senders(str, Clock())
    taken = [senders.accept("camera", by(sender)) for sender in "abab"]
    assert taken == [True, False, True, False]
    (text,) = senders.problems(node, "/windows")
    assert "camera 'camera'" in text and "are ignored" in text


def test_senders_of_their_own_cameras_are_taken(node: Node) -> None:
    senders = Senders(str, Clock())
    assert all(senders.accept(sender, by(sender)) for sender in "abab")
    assert not senders.problems(node, "/windows")


def test_sender_that_was_started_again_is_taken(node: Node) -> None:
    clock = Clock()
    senders = Senders(str, clock)
    senders.accept("camera", by("a"))
    clock.now_s = OWNED_S + 0.1
    assert senders.accept("camera", by("b"))
    assert not senders.problems(node, "/windows")


def test_warning_ends_with_the_second_sender(node: Node) -> None:
    clock = Clock()
    senders = Senders(str, clock)
    for sender in "abab":
        senders.accept("camera", by(sender))
    clock.now_s = 10.0
    senders.accept("camera", by("a"))
    assert not senders.problems(node, "/windows")


def test_without_ids_numbers_that_do_not_rise_are_of_two_senders(node: Node) -> None:
    senders = Senders(str, Clock())
    assert all(senders.accept("camera", numbered(number)) for number in (7, 3, 8, 4))
    (text,) = senders.problems(node, "/windows")
    assert "several nodes send camera 'camera'" in text


def test_without_ids_and_numbers_all_is_taken(node: Node) -> None:
    senders = Senders(str, Clock())
    assert all(senders.accept("camera", numbered(0)) for _ in range(4))
    assert not senders.problems(node, "/windows")
