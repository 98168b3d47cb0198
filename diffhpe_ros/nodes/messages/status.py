"""Topics `coherence` and `/diagnostics`."""

from collections.abc import Mapping

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.markers import namespace
from diffhpe_ros.nodes.types import LiftedPeople

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


def make_status(
    name: str, hardware: str, level: bytes, text: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    """One status; floating-point values with 6 digits, so that tools can plot them."""
    return DiagnosticStatus(
        name=name,
        hardware_id=hardware,
        level=level,
        message=text,
        values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
    )


def pack_coherence(people: LiftedPeople, model: str) -> DiagnosticArray:
    """One status per person: whether the poses could be one body, without ground truth."""
    return DiagnosticArray(
        header=make_header(people.frame_id, people.stamp_ns),
        status=[
            make_status(
                namespace(people.frame_id, person),
                model,
                OK if placed else WARN,
                "" if placed else "too few joints seen to tell where the person is",
                {
                    "symmetry_gap_mm": 1000 * people.symmetry_gap[row],
                    "segment_std_mm": 1000 * people.segment_std[row],
                    "hypothesis_spread_mm": 1000 * people.hypothesis_spread[row],
                    "visible_joints": int((people.confidence[row] > 0).sum()),
                },
            )
            for row, (person, placed) in enumerate(zip(people.persons, people.placed, strict=True))
        ],
    )


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)
