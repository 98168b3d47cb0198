"""The subpackages of training import in one direction: each is independent of later ones."""

import ast
from pathlib import Path

from diffhpe_ros import training

ORDER = (
    "random_streams", "projection", "mirroring", "datasets", "detector_errors", "synthesis",
    "optim", "modules", "evaluation", "calibration", "runner", "experiments",
)  # fmt: skip
"""A subpackage imports only from earlier ones."""
PACKAGE = "diffhpe_ros.training."


def imported_rooms(file: Path) -> set[str]:
    names = {
        node.module if node.module != PACKAGE[:-1] else PACKAGE + node.names[0].name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    return {name[len(PACKAGE) :].split(".")[0] for name in names if name.startswith(PACKAGE)}


def test_every_room_has_its_place():
    folder = Path(training.__file__).parent
    rooms = {each.stem for each in folder.iterdir() if each.suffix in ("", ".py")}
    assert rooms - {"__init__", "__pycache__"} == set(ORDER)


def test_rooms_import_from_earlier_rooms_alone():
    folder = Path(training.__file__).parent
    for number, room in enumerate(ORDER):
        files = [folder / f"{room}.py", *(folder / room).glob("*.py")]
        for file in filter(Path.is_file, files):
            later = imported_rooms(file) - {*ORDER[: number + 1]}
            assert not later, f"{room}/{file.name} imports {', '.join(sorted(later))}"
