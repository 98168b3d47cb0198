"""The people in view as a table."""

from html import escape
from math import hypot

from diffhpe_ros.skeleton import HIP
from diffhpe_ros.view.estimator import Estimate
from diffhpe_ros.view.style import css, person_colour

_CELL = "padding:1px 8px 1px 0;text-align:right"


def people_table(estimate: Estimate) -> str:
    """HTML: id, distance, coherence and warnings, a row for each person."""
    people = estimate.people
    if not len(people):
        seen = len(estimate.detected)
        return _paragraph("Waiting for the first full window." if seen else "No person in view.")
    heading = "".join(
        f"<th style='{_CELL}'>{name}</th>" for name in ("person", "away", "symmetry", "std", "")
    )
    rows = "".join(_row(estimate, row) for row in range(len(people)))
    return f"<table style='font-size:0.8em;margin:0 0.8em'><tr>{heading}</tr>{rows}</table>"


def _row(estimate: Estimate, row: int) -> str:
    people = estimate.people
    track_id = people.track_ids[row]
    mark = f"<span style='color:{css(person_colour(track_id))}'>&#9632;</span>"
    away = hypot(*people.joints[row, HIP].tolist()) if people.located[row] else None
    warning = escape(estimate.warnings[row])
    cells = (
        f"{mark} #{track_id}",
        "?" if away is None else f"{away:.2f} m",
        f"{1000 * people.symmetry_gap[row]:.1f} mm",
        f"{1000 * people.segment_std[row]:.1f} mm",
        f"<span title='{warning}'>&#9888;</span>" if warning else "",
    )
    text = "".join(f"<td style='{_CELL}'>{cell}</td>" for cell in cells)
    more = f"<tr><td colspan='5' style='color:#b45309'>{warning}</td></tr>" if warning else ""
    return f"<tr>{text}</tr>{more}"


def _paragraph(text: str) -> str:
    return f"<p style='font-size:0.8em;margin:0 0.8em'>{text}</p>"
