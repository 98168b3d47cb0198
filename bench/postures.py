"""Postures and gestures in motion capture: stated probabilities compared with frequencies.

The people are seen by a level camera with BlazePose's measured errors, and lifted as live. The
labels come from a take's description and its own extremes, not from the rules (`TAKES`). UI-PRMD's
people 3006 and 3009 and CMU's 7, 16 and 39 were never trained on; those of the falls were.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from diffhpe_ros.io import read_npz
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.paths import data_folder
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.pipeline.posture_stage import PostureStage
from diffhpe_ros.postures import GESTURES, POSTURES, PersonState
from diffhpe_ros.rendering.body import turn
from diffhpe_ros.skeleton import HIP
from diffhpe_ros.training.detector_errors import FittedErrors, blazepose_statistics
from diffhpe_ros.training.experiments.document import markdown_table
from diffhpe_ros.training.projection import project
from diffhpe_ros.training.random_streams import TRACKS, generator_of
from diffhpe_ros.windows import Observation, WindowBuilder

Array = NDArray[np.float64]
MOCAP_HZ, STEP = 50, 2
UP = (0.0, -1.0, 0.0)
HEIGHT_M, DISTANCE_M = 1.2, (3.0, 5.0)
OPTICAL = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
EXTREME = 0.15
"""Share of a take's frames that count as its highest, and as its lowest."""
RAISED = ("LEFT_HAND_RAISED", "RIGHT_HAND_RAISED", "BOTH_HANDS_RAISED")
BINS = np.linspace(0, 1, 6)
WRISTS, REST_S, HELD_S = [13, 16], 1.0, 2.0


@dataclass(frozen=True)
class Kind:
    """Takes of one movement, and the labels of their frames."""

    file: str
    subjects: tuple[int, ...]
    words: tuple[str, ...]
    """Take labels of this kind."""
    labels: str
    """CROUCHING, KNEELING or SITTING: the frames with the Hip at its lowest, given by the exercise;
    frames with the Hip at its highest are standing. RAISED: frames with a wrist at its highest;
    those with it at its lowest are not raised. FALL: the person lies in the last second, which is
    held for three. STANDING: all frames."""


TAKES = {
    "sit to stand": Kind("uiprmd", (3006, 3009), ("sit to stand",), "SITTING"),
    "deep squat": Kind("uiprmd", (3006, 3009), ("deep squat",), "CROUCHING"),
    "lunge, knee on the floor": Kind("uiprmd", (3006, 3009), ("inline lunge",), "KNEELING"),
    "arm raised sideways": Kind(
        "uiprmd", (3006, 3009),
        ("standing shoulder abduction", "standing shoulder scaption"), "RAISED",
    ),
    "falls": Kind("cmu_dm_approx", (90,), ("fall on face", "BannanaPeelSlip"), "FALL"),
    "walks": Kind("cmu", (7, 16, 39), ("walk", "slow walk", "brisk walk"), "STANDING"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Take:
    """A person seen by a camera."""

    kind: str
    joints: Array  # (T, 17, 3) m, optical frame of a level camera, 50 Hz
    head_forward: Array  # (T, 3)
    number: int

    def labels(self) -> list[tuple[str, bool] | None]:
        """The label of each frame; None if it is not known."""
        what, count = TAKES[self.kind].labels, len(self.joints)
        if what == "STANDING":
            return [("STANDING", True)] * count
        if what == "FALL":
            last = count - round((REST_S + HELD_S) * MOCAP_HZ)
            return [None if frame < last else ("LAYING", True) for frame in range(count)]
        joint = WRISTS if what == "RAISED" else [HIP]
        height = -self.joints[:, joint, 1].min(1) if what == "RAISED" else -self.joints[:, HIP, 1]
        low, high = np.quantile(height, [EXTREME, 1 - EXTREME])
        if what == "RAISED":
            names = {-1: ("RAISED", False), 1: ("RAISED", True)}
        else:
            names = {-1: (what, True), 1: ("STANDING", True)}
        return [names.get(int(h >= high) - int(h <= low)) for h in height]


def takes(data: Path, most: int) -> Iterator[Take]:
    """Takes of all kinds, at most `most` of each, three times as many walks, from random sides."""
    for kind, wanted in TAKES.items():
        arrays = read_npz(data / f"{wanted.file}_h36m17_50hz.npz")
        chosen = [
            number
            for number, (subject, label) in enumerate(
                zip(arrays["subject"], arrays["label"], strict=True)
            )
            if int(subject) in wanted.subjects and str(label) in wanted.words
        ]
        count = 3 * most if wanted.labels == "STANDING" else most
        for number in chosen[:: max(1, len(chosen) // count)][:count]:
            rng = np.random.default_rng(number)
            rows = slice(*arrays["offsets"][number : number + 2])
            facing = turn(rng.uniform(0, 2 * np.pi))
            frames = np.arange(rows.start, rows.stop)
            if wanted.labels == "FALL":
                frames = np.append(frames, np.full(round(HELD_S * MOCAP_HZ), frames[-1]))
            motion = arrays["positions"][frames].astype(np.float64)
            motion -= [*motion[:, HIP, :2].mean(0), HEIGHT_M]
            away = np.array([0, 0, rng.uniform(*DISTANCE_M)])
            forward = arrays["head_forward"][frames].astype(np.float64)
            yield Take(
                kind, motion @ facing.T @ OPTICAL.T + away, forward @ facing.T @ OPTICAL.T, number
            )


def watch(lifter: Lifter, take: Take) -> Iterator[tuple[int, PersonState]]:
    """Frame and state for each image, starting with the first window."""
    generator = generator_of("cpu", TRACKS, 0, take.number)
    detector = FittedErrors(blazepose_statistics().at(MOCAP_HZ / STEP))
    joints, forward = torch.from_numpy(take.joints).float(), torch.from_numpy(take.head_forward)
    detected = detector.joints(joints[None], forward.float()[None], generator)[:, ::STEP]
    x_2d = project(detected)
    noise, unseen = detector.errors(x_2d, generator)
    seen = torch.where(unseen[..., None], torch.nan, x_2d + noise)[0].numpy()
    rates = lifter.config.rate, lifter.config.first_rate
    builder = WindowBuilder(rate=rates[0], first_rate=rates[1])
    lifting, postures = LiftingStage(lifter), PostureStage()
    for image, keypoints in enumerate(seen):
        stamp_ns = image * STEP * 10**9 // MOCAP_HZ
        confidence = np.isfinite(keypoints[:, 0]).astype(np.float32)
        unknown = np.full((len(keypoints), 2, 2), np.nan, np.float32)
        window = builder.add(Observation(stamp_ns, keypoints, confidence, unknown))
        if window is None:
            continue
        (people,) = lifting.process(
            [
                PeopleWindows(
                    "camera", window.stamp_ns, (0,), window.offsets_ns[None],
                    window.keypoints[None], window.confidence[None], window.covariance[None],
                )
            ]
        )  # fmt: skip
        (state,) = postures.update(people, UP)
        if state is not None:
            yield image * STEP, state


def said(state: PersonState, name: str) -> list[tuple[float, bool]]:
    """Probabilities for a labelled frame, and whether each belongs to the true label."""
    if name == "RAISED":
        return [(sum(state.gesture_probability[each] for each in RAISED), True)]
    return [(state.posture_probability[each], each == name) for each in POSTURES]


def decided(state: PersonState, name: str) -> bool:
    """Whether the state agrees with the frame's label."""
    return bool(set(RAISED) & set(state.gestures)) if name == "RAISED" else state.posture == name


def reliability(pairs: list[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Mean probability, frequency and count in each bin."""
    probability, true = (np.array(each, np.float64) for each in zip(*pairs, strict=True))
    which = np.digitize(probability, BINS[1:-1])
    return [
        (float(probability[which == each].mean()), float(true[which == each].mean()), int(count))
        for each, count in enumerate(np.bincount(which, minlength=len(BINS) - 1))
        if count
    ]


def draw(path: Path, tables: dict[str, list[tuple[float, float, int]]]) -> None:
    """Draw the reliability diagram."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, rows in tables.items():
        axes.plot(*np.array(rows)[:, :2].T, marker="o", label=name)
    axes.set(xlabel="stated probability", ylabel="true share", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder() / "mocap")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--max-takes", type=int, default=20, help="takes of each kind at most")
    parser.add_argument("--figure", type=Path, help="write the reliability diagram here")
    arguments = parser.parse_args()
    lifter = Lifter.from_pretrained(arguments.model, decode="rigid")
    right: dict[tuple[str, str], list[bool]] = {}
    pairs: dict[str, list[tuple[float, bool]]] = {"postures": [], "hand raised": []}
    alarms: Counter[str] = Counter()
    walked_s, falls, fallen = 0.0, 0, 0
    for take in takes(arguments.data, arguments.max_takes):
        labels, before, fell = take.labels(), set[str](), False
        for frame, state in watch(lifter, take):
            fell |= state.fallen
            if take.kind == "walks":
                now = {*state.gestures, *({state.posture} - {"STANDING"})}
                alarms.update(now - before)
                before, walked_s = now, walked_s + STEP / MOCAP_HZ
            label = labels[frame]
            if label is None:
                continue
            name, true = label
            group = "hand raised" if name == "RAISED" else "postures"
            pairs[group] += [(p, t if true else not t) for p, t in said(state, name)]
            shown = name if true else f"not {name}"
            right.setdefault((take.kind, shown), []).append(decided(state, name) == true)
        if take.kind == "falls":
            falls, fallen = falls + 1, fallen + fell
        alarms["FALLEN"] += fell and take.kind == "walks"
    rows = [[kind, name, f"{len(each)}", f"{100 * np.mean(each):.0f} %"]
            for (kind, name), each in right.items()]  # fmt: skip
    print(markdown_table(["takes", "frames are", "number", "recognised"], rows), end="\n\n")
    tables = {name: reliability(each) for name, each in pairs.items()}
    rows = [[name, f"{p:.2f}", f"{share:.2f}", f"{count}"]
            for name, each in tables.items() for p, share, count in each]  # fmt: skip
    print(markdown_table(["of", "stated probability", "true share", "number"], rows))
    print(f"\nfalls recognised: {fallen} of {falls}")
    each = ", ".join(f"{name} {60 * alarms[name] / walked_s:.1f}"
                     for name in (*POSTURES[1:], "FALLEN", *GESTURES))  # fmt: skip
    print(f"false alarms per minute of {walked_s / 60:.1f} minutes of walking: {each}")
    if arguments.figure is not None:
        draw(arguments.figure, tables)


if __name__ == "__main__":
    main()
