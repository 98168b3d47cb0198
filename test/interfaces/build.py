"""Builds tf2_msgs and hri_msgs, which PyPI lacks, into the environment of this Python.

For tests only. rclpy's wheels contain rosidl's generators and the headers; a C++ compiler is
needed. Only the messages that this package uses are built, and only for Fast DDS. Where ROS is
installed, apt has both packages.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rosidl_adapter import convert_to_idl
from rosidl_generator_c import generate_c
from rosidl_generator_py.generate_py_impl import generate_py
from rosidl_generator_type_description import generate_type_hash
from rosidl_typesupport_c import generate_c as generate_dispatch
from rosidl_typesupport_fastrtps_c import generate_typesupport_fastrtps_c
from rosidl_typesupport_introspection_c import generate_c as generate_introspection

HERE = Path(__file__).resolve().parent
PREFIX = Path(sys.prefix)
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
# Each package, and the packages that its messages depend on.
PACKAGES = {
    "tf2_msgs": ("geometry_msgs", "std_msgs", "builtin_interfaces"),
    "hri_msgs": ("std_msgs", "builtin_interfaces"),
}
MESSAGES = "rosidl_generator_c"
PYTHON = "rosidl_generator_py"
DISPATCH = "rosidl_typesupport_c"
FAST_DDS = "rosidl_typesupport_fastrtps_c"
INTROSPECTION = "rosidl_typesupport_introspection_c"
RUNTIME = ("fastcdr", "rcutils", "rosidl_runtime_c", DISPATCH, FAST_DDS, INTROSPECTION)


def generate(package: str, dependencies: Sequence[str], folder: Path) -> None:
    """Write the package's Python modules, C and C++ sources: <folder>/<generator>/<package>."""
    messages = sorted((HERE / package / "msg").glob("*.msg"))
    descriptions = folder / "rosidl_generator_type_description" / package
    for message in messages:
        convert_to_idl(HERE / package, package, message.relative_to(HERE / package), folder)
    arguments = {
        "package_name": package,
        "idl_tuples": [f"{folder}:msg/{message.stem}.idl" for message in messages],
        "include_paths": [f"{name}:{PREFIX / 'share' / name}" for name in dependencies],
        "type_description_tuples": [
            f"msg/{message.stem}.idl:{descriptions}/msg/{message.stem}.json" for message in messages
        ],
        "ros_interface_files": [str(message) for message in messages],
        "target_dependencies": [],
    }

    def arguments_of(generator: str) -> str:
        output = folder / generator / package
        templates = PREFIX / "share" / generator / "resource"
        places = {"output_dir": str(output), "template_dir": str(templates)}
        (output / "msg").mkdir(parents=True)
        for header in templates.glob("*visibility_control.h.in"):
            text = header.read_text().replace("@PROJECT_NAME@", package)
            (output / "msg" / header.stem).write_text(
                text.replace("@PROJECT_NAME_UPPER@", package.upper())
            )
        file = folder / f"{generator}.json"
        file.write_text(json.dumps(arguments | places))
        return str(file)

    generate_type_hash(arguments_of("rosidl_generator_type_description"))
    generate_c(arguments_of(MESSAGES))
    generate_typesupport_fastrtps_c(arguments_of(FAST_DDS))
    generate_introspection(arguments_of(INTROSPECTION))
    generate_dispatch(arguments_of(DISPATCH), [FAST_DDS, INTROSPECTION])
    generate_py(arguments_of(PYTHON), [DISPATCH])


def link(library: Path, folder: Path, generators: Sequence[str], libraries: Sequence[str]) -> None:
    """Compile what the generators wrote below the folder, and link it as one library."""
    sources = [
        str(path) for generator in generators for path in sorted((folder / generator).rglob("*.c*"))
    ]
    includes = [
        *(folder / name for name in (MESSAGES, FAST_DDS, INTROSPECTION, DISPATCH)),
        PREFIX / "include",
        *(path for path in (PREFIX / "include").iterdir() if path.is_dir()),
        sysconfig.get_path("include"),
        np.get_include(),
    ]
    subprocess.run(
        [
            *("gcc", "-shared", "-fPIC", "-O0", "-w", "-o", str(library), *sources),
            *(f"-I{path}" for path in includes),
            *(f"-L{PREFIX / 'lib'}", f"-Wl,-rpath,{PREFIX / 'lib'}"),
            *(f"-l{name}" for name in (*libraries, *RUNTIME, "stdc++")),
        ],
        check=True,
    )  # fmt: skip


def compile_and_install(package: str, dependencies: Sequence[str], folder: Path) -> None:
    """Install the Python modules and libraries next to those of rclpy's wheels."""
    modules = SITE_PACKAGES / package
    shutil.copytree(folder / PYTHON / package, modules, dirs_exist_ok=True)
    (modules / "__init__.py").touch()

    lib = PREFIX / "lib"
    used = [f"{name}__{part}" for name in dependencies for part in (MESSAGES, FAST_DDS, PYTHON)]
    link(lib / f"lib{package}__{FAST_DDS}.so", folder, [MESSAGES, FAST_DDS], used)
    used += [f"{package}__{FAST_DDS}", *(f"{name}__{INTROSPECTION}" for name in dependencies)]
    link(lib / f"lib{package}__{INTROSPECTION}.so", folder, [INTROSPECTION], used)
    # What rosidl_generator_py imports for the package.
    link(modules / f"{package}_s__{DISPATCH}.so", folder, [DISPATCH, PYTHON], used)


def main() -> None:
    """Build all packages; steps that would interfere in threads run one after the other."""
    with TemporaryDirectory() as temporary, ThreadPoolExecutor() as pool:
        builds = []
        for package, dependencies in PACKAGES.items():
            folder = Path(temporary, package)
            folder.mkdir()
            generate(package, dependencies, folder)
            builds.append(pool.submit(compile_and_install, package, dependencies, folder))
        for build in builds:
            build.result()


if __name__ == "__main__":
    main()
