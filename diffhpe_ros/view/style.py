"""Colours that distinguish people, the same in trails, plots and the table."""

PERSON_COLOURS: tuple[tuple[int, int, int], ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (120, 94, 240),
    (230, 159, 0),
)
"""Red, green, blue; from Okabe and Ito's palette."""


def person_colour(track_id: int) -> tuple[int, int, int]:
    """The colour of a track."""
    return PERSON_COLOURS[track_id % len(PERSON_COLOURS)]


def css(colour: tuple[int, int, int]) -> str:
    """A colour in CSS notation."""
    return f"rgb({colour[0]},{colour[1]},{colour[2]})"
