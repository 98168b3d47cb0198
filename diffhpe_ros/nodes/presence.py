"""Who is shown at present, so that the markers of those who left are deleted."""

from collections.abc import Iterable

from diffhpe_ros.smoothing.per_person import MAX_CAMERAS


class Presence:
    """Remembers when each person of each camera was last there, by header stamps."""

    def __init__(self, lifetime_s: float) -> None:
        """People absent for longer than this have left."""
        self._cameras: dict[str, dict[int, int]] = {}
        self.keep(lifetime_s)

    def keep(self, lifetime_s: float) -> None:
        """From now on, people absent for longer than this have left."""
        self._lifetime_ns = round(lifetime_s * 1e9)

    def update(
        self, frame_id: str, stamp_ns: int, persons: Iterable[int], all_left: bool = False
    ) -> list[int]:
        """Hear who is shown of a camera's people.

        Args:
            frame_id: the camera.
            stamp_ns: the time.
            persons: who is there.
            all_left: everybody else has left, however short ago.

        Returns:
            Who has left since; everybody else where the clock jumped back.
        """
        known = self._cameras.pop(frame_id, {})
        there = set(persons)
        gone = [
            person
            for person, last in known.items()
            if person not in there and (all_left or not 0 <= stamp_ns - last <= self._lifetime_ns)
        ]
        kept = {person: last for person, last in known.items() if person not in gone}
        self._cameras[frame_id] = kept | dict.fromkeys(there, stamp_ns)
        if len(self._cameras) > MAX_CAMERAS:
            del self._cameras[next(iter(self._cameras))]
        return gone

    def clear(self) -> list[tuple[str, int, list[int]]]:
        """Camera, last stamp and persons who were there; nobody is any more."""
        everybody = [
            (frame_id, max(known.values()), list(known))
            for frame_id, known in self._cameras.items()
            if known
        ]
        self._cameras.clear()
        return everybody
