"""The frames of a robot over the last seconds, and the transform between any two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.nodes.transforms.link import NEVER, Link, TransformSample

KEPT_NS = 5_000_000_000
"""Samples are kept for this long before the newest stamp, or before the last requested time."""
MAX_FRAMES = 1000
"""Beyond this number, the frame that was not updated for the longest time is dropped."""
_LONGEST_NAME = 256
_NORM_TOLERANCE = 0.01
_NAMED = 5
_JUMP_NS = 1_000_000_000


class TransformError(DiffhpeError):
    """There is no transform between two frames at a time."""


class DisconnectedError(TransformError):
    """No chain of frames leads from one to the other."""


class TransformBuffer:
    """The content of /tf and /tf_static, stored as a tree of links from child to parent.

    As in tf2, transforms are interpolated between samples and never extrapolated. Memory is bounded
    whatever is sent. Not thread-safe.

    Args:
        keeps_all: keep samples until `forget_before` drops them, instead of for the last seconds.
    """

    def __init__(self, keeps_all: bool = False) -> None:
        self._links: dict[str, Link] = {}
        self._keeps_all = keeps_all
        self.newest_ns = -NEVER
        """The newest stamp of a sample that is not static."""

    def __len__(self) -> int:
        return len(self._links)

    def samples(self, frame: str) -> int:
        """How many samples of a frame are kept."""
        return len(self._links[frame]) if frame in self._links else 0

    def add(
        self,
        parent: str,
        child: str,
        stamp_ns: int,
        translation: Sequence[float],
        quaternion: Sequence[float],
        is_static: bool = False,
    ) -> None:
        """Add a transform.

        Args:
            parent: frame; a leading slash is dropped.
            child: frame.
            stamp_ns: time at which it holds.
            translation: x, y, z in metres, of the child in the parent.
            quaternion: x, y, z, w.
            is_static: whether it holds at any time.

        Raises:
            DiffhpeError: it is invalid: NaN, a quaternion that is not of length 1, a frame that is
                its own parent, or a name that is empty or too long.
        """
        parent, child = parent.lstrip("/"), child.lstrip("/")
        values = (*translation, *_checked(parent, child, translation, quaternion))
        link = self._links.pop(child, None) or Link()
        self._links[child] = link  # keep the most recently updated frame last
        sample = TransformSample(stamp_ns, parent, values)
        if is_static:
            link.set_static(sample)
        else:
            if stamp_ns > self.newest_ns or stamp_ns < self.newest_ns - _JUMP_NS:
                self.newest_ns = stamp_ns
            link.add(sample, self.newest_ns)
            if not self._keeps_all:
                link.forget_before(link.newest_ns - KEPT_NS)
        while len(self._links) > MAX_FRAMES:
            del self._links[next(iter(self._links))]

    def forget_before(self, stamp_ns: int) -> None:
        """Drop samples older than this time by more than `KEPT_NS`."""
        for link in self._links.values():
            link.forget_before(stamp_ns - KEPT_NS)

    def lookup(
        self, target: str, source: str, stamps_ns: Sequence[int], known_by_ns: int = NEVER
    ) -> RigidTransform:
        """Transforms (N) from a source frame to a target frame.

        Args:
            target: frame.
            source: frame.
            stamps_ns: N times.
            known_by_ns: ignore samples that arrived after /tf had reached this stamp.

        Raises:
            DisconnectedError: no chain of frames leads from one to the other.
            TransformError: a link of the chain has no sample before or after a time, or frames
                form a loop.
        """
        target, source = target.lstrip("/"), source.lstrip("/")
        pairs = [self._chains(target, source, stamp, known_by_ns) for stamp in stamps_ns]
        parts, first = [], 0
        for _, group in groupby(pairs, lambda pair: [chain.frames for chain in pair]):
            up, down = zip(*group, strict=True)
            stamps = stamps_ns[first : first + len(up)]
            parts.append(self._along(down, stamps).inverse() @ self._along(up, stamps))
            first += len(up)
        return RigidTransform(
            np.concatenate([part.rotation for part in parts]),
            np.concatenate([part.translation for part in parts]),
        )

    def _chains(
        self, target: str, source: str, stamp_ns: int, known_by_ns: int
    ) -> tuple[_Chain, _Chain]:
        """The chains from source and from target up to their first common ancestor."""
        up = self._up(source, stamp_ns, known_by_ns)
        down = self._up(target, stamp_ns, known_by_ns)
        for frame in down.frames:
            if frame in up.frames:
                return up.until(frame), down.until(frame)
        for chain in (up, down):
            if (child := chain.frames[-1]) in self._links:
                raise TransformError(_gap(child, self._links[child], stamp_ns))
        raise DisconnectedError(self._apart(target, source, down.frames[-1], up.frames[-1]))

    def _up(self, frame: str, stamp_ns: int, known_by_ns: int) -> _Chain:
        """The chain from a frame to its ancestors, as far as they are known at that time."""
        chain = _Chain([frame], [])
        while (link := self._links.get(frame)) is not None:
            pair = link.around(stamp_ns, known_by_ns)
            if pair is None:
                break
            frame = link.parent(pair[0])
            if frame in chain.frames:
                loop = " → ".join([*chain.frames[chain.frames.index(frame) :], frame])
                raise TransformError(f"frames form a loop: {loop}")
            chain.frames.append(frame)
            chain.pairs.append(pair)
        return chain

    def _along(self, chains: Sequence[_Chain], stamps_ns: Sequence[int]) -> RigidTransform:
        """Transforms (N) from the first to the last frame of N chains of the same frames."""
        shape = len(chains), 3
        found = RigidTransform(np.broadcast_to(np.eye(3), (*shape, 3)), np.zeros(shape))
        for number, child in enumerate(chains[0].frames[:-1]):
            pairs = [chain.pairs[number] for chain in chains]
            found = self._links[child].at(stamps_ns, pairs) @ found
        return found

    def _newest_frames(self) -> str:
        """Names of the most recently updated frames, for a message."""
        return ", ".join([*self._links][: -_NAMED - 1 : -1])

    def _apart(self, target: str, source: str, above_target: str, above_source: str) -> str:
        """Why two frames have no transform at any time."""
        parents = {link.newest_parent for link in self._links.values()}
        known = self._links.keys() | parents
        if not source or not target:
            return "a message has no frame_id: set it in the driver of the camera or sensor"
        if source not in known:
            return f"{source} has no parent: is the robot description running?"
        if target not in known:
            return (
                f"no transform has the frame {target}: the newest frames are"
                f" {self._newest_frames()}"
            )
        return (
            f"frames {target} and {source} are not connected: {target} is below {above_target},"
            f" {source} below {above_source}"
        )


class _Chain(NamedTuple):
    """A frame, its parent, and so on."""

    frames: list[str]
    pairs: list[tuple[int, int]]
    """The samples around the time, for each frame but the last."""

    def until(self, frame: str) -> _Chain:
        """The chain up to a frame."""
        number = self.frames.index(frame)
        return _Chain(self.frames[: number + 1], self.pairs[:number])


def _gap(child: str, link: Link, stamp_ns: int) -> str:
    """Why a link has no transform at a time."""
    gap_s = link.gap_s(stamp_ns)
    nearest = f"newest is {gap_s:.2f} s older" if gap_s >= 0 else f"oldest is {-gap_s:.2f} s newer"
    return f"no transform {link.newest_parent} → {child} at {stamp_ns / 1e9:.2f}; the {nearest}"


def _checked(
    parent: str, child: str, translation: Sequence[float], quaternion: Sequence[float]
) -> tuple[float, ...]:
    """Check a transform; returns its quaternion with length 1."""
    if not (0 < len(parent) <= _LONGEST_NAME and 0 < len(child) <= _LONGEST_NAME):
        raise DiffhpeError(f"frame names of 1 to {_LONGEST_NAME} characters are expected")
    if parent == child:
        raise DiffhpeError(f"frame {child} is its own parent")
    length = math.hypot(*quaternion)
    if not abs(length - 1) < _NORM_TOLERANCE:  # or NaN
        raise DiffhpeError(f"{parent} → {child} has a quaternion of length {length:g}, not 1")
    if not math.isfinite(sum(translation)):
        raise DiffhpeError(f"{parent} → {child} has a translation that is not finite")
    return tuple(value / length for value in quaternion)
