"""Writes the Python API as HTML, from the docstrings: `make docs`, or python docs/api.py [FOLDER].

Needs the `docs` extra.
"""

import sys
from pathlib import Path

import pdoc

from diffhpe_ros import pipeline

MODULES = (
    "pipeline", "detection", "tracking", "camera", "windows", "lifting", "placement",
    "skeleton", "coherence", "metrics", "keypoint_files", "video", "errors",
)  # fmt: skip
"""What Python programs use; the nodes' interface is docs/ros.md."""
OUT = Path(__file__).parent / "api"


def write(folder: Path) -> None:
    """One page for each module and its submodules, and an index."""
    vars(pipeline)["PosePipeline"] = pipeline.PosePipeline  # imported when it is asked for
    pdoc.render.configure(docformat="google", show_source=False)
    names = [f"diffhpe_ros.{name}" for name in MODULES]
    pdoc.pdoc(*names, "!diffhpe_ros.lifting.engines.kernels", output_directory=folder)
    print(f"{folder / 'index.html'}: {len(list(folder.rglob('*.html')))} pages")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
