"""The other nodes on a topic, and texts that explain why no messages arrive from them."""

from collections.abc import Iterable, Sequence

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.topic_endpoint_info import TopicEndpointInfo

_UNKNOWN = "_NODE_NAME_UNKNOWN_"


def incompatible_publishers(
    node: Node, topic: str, message_type: str, qos: QoSProfile
) -> list[str]:
    """One text for each publisher of a topic that does not match a subscription of this node."""
    found = []
    for other in node.get_publishers_info_by_topic(topic):
        reason = _mismatch(other.qos_profile, qos)
        if other.topic_type != message_type:
            found.append(
                f"{_name(other)} publishes {other.topic_type} on {topic}, expected {message_type}"
            )
        elif reason:
            found.append(
                f"{_name(other)} publishes {topic} with a QoS that does not fit ({reason}):"
                f" set the parameters qos_overrides.{topic}.subscription"
            )
    return found


def incompatible_subscribers(
    node: Node, topic: str, message_type: str, qos: QoSProfile
) -> list[str]:
    """One text for each subscriber of a topic that does not match a publisher of this node."""
    found = []
    for other in node.get_subscriptions_info_by_topic(topic):
        reason = _mismatch(qos, other.qos_profile)
        if other.topic_type == message_type and reason:
            found.append(
                f"{_name(other)} cannot receive {topic}, its QoS does not fit ({reason}): set the"
                f" parameters qos_overrides.{topic}.publisher, or its own"
            )
    return found


def other_publishers(node: Node, topic: str) -> list[str]:
    """A text if a topic has several publishers where one is expected."""
    names = sorted(_name(each) for each in node.get_publishers_info_by_topic(topic))
    if len(names) < 2:
        return []
    return [f"{' and '.join(names)} publish {topic}, one publisher is expected"]


def name_of(node: Node, topic: str, gid: bytes) -> str:
    """The node that has the publisher with this id."""
    for each in node.get_publishers_info_by_topic(topic):
        own = bytes(each.endpoint_gid)
        if own[: len(gid)] == gid[: len(own)]:
            return _name(each)
    return "a node"


def explain_silence(
    node: Node, topic: str, message_type: str, incompatible: Sequence[str], received: int, lost: int
) -> str:
    """Why a subscription receives nothing, as far as this node can know.

    Args:
        node: the subscribing node.
        topic: full name of the topic.
        message_type: such as sensor_msgs/msg/Image.
        incompatible: result of `incompatible_publishers`.
        received: number of messages received before.
        lost: number of messages that the middleware has reported as lost since then.
    """
    publishers = node.get_publishers_info_by_topic(topic)
    if not publishers:
        return f"it has no publisher{elsewhere(node, topic, message_type)}"
    if len(incompatible) >= len(publishers):
        return "; ".join(incompatible)
    names = " and ".join(sorted({_name(each) for each in publishers}))
    if lost:
        return (
            f"{names} publishes it, but {lost} messages were lost on the way: the sender of large"
            " images needs the DDS profile config/fastdds.xml"
        )
    if received:
        return f"{names} publishes it, but has stopped, or the network has failed"
    if not message_type.endswith("Image"):
        return (
            f"{names} publishes it, but sends nothing, or its messages are lost: another user or"
            " container needs access to the same shared memory"
        )
    return (
        f"{names} publishes it, but either sends nothing or all messages are lost: the sender of"
        " large images needs the DDS profile config/fastdds.xml; another user or container needs"
        " access to the same shared memory; a network may be too slow: send JPEG, or run the"
        " detector on the camera's computer"
    )


def elsewhere(node: Node, topic: str, message_type: str) -> str:
    """Other topics with messages of a type, as a part of a sentence; may be empty."""
    others = _topics_of(node, message_type, topic)
    return f"; {message_type} is published on {' and '.join(others)}" if others else ""


def _mismatch(publisher: QoSProfile, subscription: QoSProfile) -> str:
    """Why the two do not match; empty if they do.

    Deadlines and liveliness are not compared: "none" is 0 here and infinite in the other node.
    """
    fit, reason = qos_check_compatible(_compared(publisher), _compared(subscription))
    if fit != QoSCompatibility.ERROR:
        return ""
    return reason.removeprefix("ERROR: ").rstrip(";").lower()


def _compared(profile: QoSProfile) -> QoSProfile:
    return QoSProfile(depth=1, reliability=profile.reliability, durability=profile.durability)


def _name(endpoint: TopicEndpointInfo) -> str:
    if endpoint.node_name == _UNKNOWN:
        return "a node"
    return f"{endpoint.node_namespace.rstrip('/')}/{endpoint.node_name}"


def _topics_of(node: Node, message_type: str, except_topic: str) -> list[str]:
    """Other topics of a type that another node publishes."""
    known: Iterable[tuple[str, list[str]]] = node.get_topic_names_and_types()
    own = node.get_fully_qualified_name()
    return [
        topic
        for topic, types in known
        if message_type in types
        and topic != except_topic
        and any(_name(each) != own for each in node.get_publishers_info_by_topic(topic))
    ]
