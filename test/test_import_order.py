"""Data flows one way through the package, and so do imports."""

import pytest
from import_graph import PACKAGE, circle, imports, modules, packages, room_of

LAYERS = [
    {"errors", "paths"},
    {
        "confidence",
        "extras",
        "io",
        "joint_cloud",
        "metrics",
        "object_arrays",
        "onnx_session",
        "parameter_files",
        "skeleton",
        "webcams",
    },
    {"camera", "coherence", "installed_models", "pose_distance", "smoothing", "track_registry"},
    {"reidentification"},
    {"video", "windows", "detection"},
    {"geometry", "keypoint_checks", "left_right", "tracking", "drawing", "rendering"},
    {"lifting", "placement", "formats", "postures"},
    {"pipeline", "keypoint_files", "benchmark"},
    {"nodes", "training", "offline"},
    {"launch_arguments", "demo", "view"},
    {"cli"},
]
"""From the bottom up: a room imports rooms of lower layers only."""

ROS = {
    "rclpy", "rcl_interfaces", "rosgraph_msgs", "launch", "launch_ros", "tf2_ros", "tf2_msgs",
    "sensor_msgs", "std_msgs", "geometry_msgs", "visualization_msgs", "diagnostic_msgs",
    "lifecycle_msgs", "builtin_interfaces", "hri_msgs", "vision_msgs",
}  # fmt: skip
ALLOWED = {
    "ROS": (ROS, {"nodes", "demo"}),
    # mmpose is an optional library that itself runs on torch.
    "torch": ({"torch", "triton"}, {"lifting", "training", "benchmark", "detection.mmpose"}),
    "training's libraries": (
        {"lightning", "hydra", "omegaconf", "optuna", "sklearn"},
        {"training"},
    ),
    "click": ({"click"}, {"cli"}),
    "viser": ({"viser", "trimesh"}, {"view"}),
}
"""Libraries, and the rooms or modules that may import them."""


def test_every_room_has_a_layer() -> None:
    rooms = {room_of(module) for module in modules() if module != PACKAGE}
    assert rooms == set().union(*LAYERS)


def test_rooms_import_lower_layers_only() -> None:
    layer = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
    upward = [
        str(each)
        for each in imports()
        if each.imported.startswith(f"{PACKAGE}.")
        and room_of(each.imported) != room_of(each.importer)
        and layer[room_of(each.imported)] >= layer[room_of(each.importer)]
    ]
    assert upward == []


def test_modules_import_each_other_in_no_circle() -> None:
    known = modules()
    arrows: dict[str, set[str]] = {module: set() for module in known}
    for each in imports():
        if each.imported in known:
            arrows[each.importer].add(each.imported)
    assert " → ".join(circle(arrows)) == ""


@pytest.mark.parametrize("package", packages())
def test_rooms_of_a_package_import_each_other_in_no_circle(package: str) -> None:
    """Applies to rooms (subpackages), not only files: no two rooms of `lifting` need each other."""
    inside = f"{package}."
    arrows: dict[str, set[str]] = {}
    for each in imports():
        if each.importer.startswith(inside) and each.imported.startswith(inside):
            importer, imported = (room_of(name, package) for name in (each.importer, each.imported))
            arrows.setdefault(importer, set()).update({imported} - {importer})
    assert " → ".join(circle(arrows)) == ""


@pytest.mark.parametrize("library", ALLOWED)
def test_libraries_are_imported_where_they_belong(library: str) -> None:
    names, places = ALLOWED[library]
    elsewhere = [
        str(each)
        for each in imports()
        if each.imported.split(".")[0] in names
        and not any(f"{each.importer}.".startswith(f"{PACKAGE}.{place}.") for place in places)
    ]
    assert elsewhere == []
