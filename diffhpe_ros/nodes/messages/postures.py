"""Topic `postures`: posture, gestures and pointing of each person."""

from collections.abc import Iterator

from diagnostic_msgs.msg import DiagnosticArray

from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.markers import namespace
from diffhpe_ros.nodes.messages.status import ERROR, OK, make_status
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.postures import PersonState


def pack_postures(people: LiftedPeople) -> DiagnosticArray:
    """One status per person with a state: ERROR for those who have fallen.

    Args:
        people: people of one camera, with their states.
    """
    return DiagnosticArray(
        header=make_header(people.frame_id, people.stamp_ns),
        status=[
            make_status(
                namespace(people.camera, person),
                "",
                ERROR if state.fallen else OK,
                ", ".join([state.posture, *["FALLEN"] * state.fallen, *state.gestures]),
                dict(_values(person, state)),
            )
            for person, state in zip(people.track_ids, people.states, strict=True)
            if state is not None
        ],
    )


def _values(person: int, state: PersonState) -> Iterator[tuple[str, object]]:
    yield "person", person
    yield "posture", state.posture
    yield "fallen", int(state.fallen)
    yield "gestures", " ".join(state.gestures)
    for name, probability in {**state.posture_probability, **state.gesture_probability}.items():
        yield f"p_{name}", probability
    if state.pointing is not None:
        yield "pointing_arm", state.pointing.side
        for name, vector in (
            ("origin", state.pointing.origin),
            ("direction", state.pointing.direction),
        ):
            for axis, value in zip("xyz", vector.tolist(), strict=True):
                yield f"pointing_{name}_{axis}", value
        yield "pointing_cone_deg", state.pointing.cone_deg
