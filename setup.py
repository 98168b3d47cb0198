"""Packaging, where colcon and pip both look for it."""

import platform
import re
from pathlib import Path

from setuptools import Extension, find_packages, setup

NAME = "diffhpe_ros"
SHARE = f"share/{NAME}"
# What `diffhpe demo` draws its figure and writes its bag with.
DEMO = ["matplotlib<4", "rosbags<0.12"]
# What all engines but `native` run on: the library that is compiled at installation needs none.
TORCH = ["torch>=2.6,<3"]
# What `diffhpe lift` writes .c3d with.
C3D = ["ezc3d>=1.5,<2"]
# What the tests read its files with: libraries that others wrote.
READERS = ["c3d", "mcap>=1.2", "pandas", "pybvh"]


def version() -> str:
    """The package's `__version__`, read without importing the package."""
    text = Path(NAME, "__init__.py").read_text()
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"{NAME}/__init__.py has no __version__")
    return found[1]


def folder(path: str) -> tuple[str, list[str]]:
    """The files of a folder of the checkout, for the same folder of the share directory."""
    files = sorted(str(file) for file in Path(path).iterdir() if file.is_file())
    return f"{SHARE}/{path}", files


def native(variant: str, *flags: str) -> Extension:
    """The compiled library for one instruction set; done without where there is no compiler."""
    package = Path(NAME) / "lifting/engines/native"
    return Extension(
        f"{NAME}.lifting.engines.native._{variant}",
        [str(package / "src/native.cpp")],
        depends=sorted(str(header) for header in package.glob("src/*.hpp")),
        extra_compile_args=["-std=gnu++17", "-O3", "-g0", "-Wno-psabi", *flags],
        extra_link_args=["-pthread"],
        language="c++",
        optional=True,
    )


LIBRARIES = [native("any")]
if platform.machine() in ("x86_64", "AMD64"):
    avx512 = ("-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw")
    LIBRARIES += [native("avx2", "-mavx2", "-mfma"), native("avx512", *avx512, "-mfma")]

setup(
    name=NAME,
    version=version(),
    description="Live 3D human pose with uncertainty from one camera, by diffusion (DiffHPE)",
    long_description=Path("README.md").read_text() if Path("README.md").is_file() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    project_urls={"Paper": "https://arxiv.org/abs/2309.01575"},
    author="The diffhpe_ros authors",
    maintainer="The diffhpe_ros maintainers",
    maintainer_email="diffhpe-ros@users.noreply.github.com",
    keywords=["ROS 2", "human pose estimation", "3D pose lifting", "diffusion", "robotics"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)),
        "Programming Language :: C++",
        "Topic :: Scientific/Engineering :: Image Processing",
        "Typing :: Typed",
    ],
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["assets/*", "py.typed"]},
    ext_modules=LIBRARIES,
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (SHARE, ["package.xml"]),
        folder("launch"),
        folder("config"),
        folder("config/sros2"),
        *(
            folder(str(place))
            for place in (Path("config/train"), *sorted(Path("config/train").iterdir()))
            if place.is_dir()
        ),
        *(folder(str(model.parent)) for model in sorted(Path("models").glob("*/config.yaml"))),
    ],
    # rclpy and the messages come from the ROS installation, or else from the extra `ros`;
    # onnxruntime and onnxruntime-gpu exclude each other, so neither is asked for here.
    # The ranges end with the newest that was tried (`make pythons`); constraints/ holds one set.
    install_requires=[
        "ai-edge-litert>=2.1,<3",
        "av>=14.1,<20",
        "click>=8.1,<9",
        "flatbuffers",
        "numpy>=1.26,<3",
        "opencv-python-headless>=4.8,<6",
        "pyyaml",
        "safetensors<1",
        "scipy<2",
        "tqdm",
    ],
    extras_require={
        "c3d": C3D,
        "cpu": ["onnxruntime"],
        "demo": DEMO,
        "gpu": ["onnx", "onnxruntime-gpu", *TORCH],
        "onnx": ["onnx", "onnxscript", "torch>=2.9,<3"],
        # One or the other, where ROS is not installed: Kilted's wheels, and Jazzy's.
        "ros": ["ros-rclpy[fastrtps]==9.1.2", "ros-common-interfaces==5.5.1"],
        "ros-jazzy": ["ros-jazzy-rclpy[fastrtps]==7.1.6", "ros-jazzy-common-interfaces==5.3.6"],
        # The sweeper for Optuna 4 is a release candidate yet; the released one is for Optuna 2.10,
        # which needs SQLAlchemy before 2 and with it an alembic before 1.20.
        "train": [
            "alembic<1.20",
            "hydra-core>=1.3,<1.4",
            "hydra-optuna-sweeper==1.3.0",
            "lightning>=2.6,<3",
            "matplotlib<4",
            "scikit-learn",
            "sqlalchemy<2",
            "tensorboard",
            "torch>=2.9,<3",
        ],
        "torch": TORCH,
        "test": [
            *C3D,
            *DEMO,
            *READERS,
            *TORCH,
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "threadpoolctl",
            "zstandard",
        ],
        # What `bench/tracking.py` computes MOTA and IDF1 with.
        "bench": ["motmetrics>=1.4,<2"],
        "dev": ["mypy", "ruff", "types-PyYAML"],
        # What `diffhpe view` serves its page with, and what clicks through it in the tests.
        "view": ["viser>=1.1,<2"],
        "browser": ["playwright"],
    },
    entry_points={
        "console_scripts": [
            f"diffhpe = {NAME}.cli:main",
            f"detector = {NAME}.nodes.programs:detector",
            f"lifter = {NAME}.nodes.programs:lifter",
            f"pose_pipeline = {NAME}.nodes.programs:pose_pipeline",
            f"video_source = {NAME}.nodes.programs:video_source",
        ],
    },
)
