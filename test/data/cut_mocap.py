"""Cuts the tests' small motion capture files from the complete ones.

python test/data/cut_mocap.py ../shared/data/mocap
"""

import sys
from pathlib import Path

import numpy as np

FRAMES = 110
SEQUENCES = {
    "cmu_h36m17_50hz.npz": ("cmu_016_15", "cmu_007_01", "cmu_035_01"),
    "cmu_amc2_h36m17_50hz.npz": ("cmu_127_14",),
}
WINDOWS = {"cmu_test.npz": 40, "cmu_validation.npz": 14}
"""File → keep every n-th window."""


def main(source: Path, target: Path) -> None:
    parts: dict[str, list[np.ndarray]] = {}
    for file, names in SEQUENCES.items():
        with np.load(source / file) as arrays:
            for name in names:
                number = arrays["name"].tolist().index(name)
                first, last = arrays["offsets"][number : number + 2]
                rows = slice((first + last - FRAMES) // 2, (first + last - FRAMES) // 2 + FRAMES)
                for key in ("positions", "head_forward", "toes"):
                    parts.setdefault(key, []).append(arrays[key][rows])
                for key in ("name", "subject", "trial", "label", "source"):
                    parts.setdefault(key, []).append(arrays[key][[number]])
    joined = {key: np.concatenate(values) for key, values in parts.items()}
    joined["positions"] = joined["positions"].round(4)  # 0.1 mm, which compresses better
    offsets = FRAMES * np.arange(len(joined["name"]) + 1)
    np.savez_compressed(target / "cmu_h36m17_50hz.npz", offsets=offsets, **joined)
    for file, step in WINDOWS.items():
        with np.load(source / file) as arrays:
            kept = {key: arrays[key][::step] for key in ("x", "y", "root", "subject", "sequence",
                                                          "camera")}  # fmt: skip
        halves = {key: kept[key].astype(np.float16) for key in ("x", "y", "root")}
        np.savez_compressed(target / file, **(kept | halves))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent / "mocap")
