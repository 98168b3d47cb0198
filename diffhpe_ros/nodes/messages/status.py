"""Topics `coherence` and `/diagnostics`."""

from collections.abc import Mapping, Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.markers import namespace
from diffhpe_ros.pipeline.people import LiftedPeople

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


def make_status(
    name: str, hardware: str, level: bytes, text: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    """One status; floats have 6 digits, so that tools can plot them."""
    return DiagnosticStatus(
        name=name,
        hardware_id=hardware,
        level=level,
        message=text,
        values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
    )


def pack_coherence(people: LiftedPeople, warnings: Sequence[str], model: str) -> DiagnosticArray:
    """One status per person: how plausible the pose is, without ground truth.

    Args:
        people: people of one camera.
        warnings: plausibility warnings, one text per person; "" for none.
        model: name of the model.
    """
    return DiagnosticArray(
        header=make_header(people.frame_id, people.stamp_ns),
        status=[
            make_status(
                namespace(people.camera, person),
                model,
                WARN if warning else OK,
                warning,
                {
                    "symmetry_gap_mm": 1000 * people.symmetry_gap[row],
                    "segment_std_mm": 1000 * people.segment_std[row],
                    "hypothesis_spread_mm": 1000 * people.hypothesis_spread[row],
                    "visible_joints": int((people.confidence[row] > 0).sum()),
                },
            )
            for row, (person, warning) in enumerate(zip(people.track_ids, warnings, strict=True))
        ],
    )


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)
