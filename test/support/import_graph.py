"""The imports of the package's modules, read from the source without importing it.

Imports inside functions count. Those only for type checkers (`if TYPE_CHECKING:`) do not.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "diffhpe_ros"


@dataclass(frozen=True)
class Import:
    """One import of one module."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: imports {self.imported}"


def modules() -> dict[str, Path]:
    """All modules of the package by name, such as diffhpe_ros.lifting.lifter."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> list[Import]:
    """All imports of all modules; of `from a import b` the module a.b if there is one, else a."""
    return list(_imports())


def _imports() -> Iterator[Import]:
    known = modules()
    for module, path in known.items():
        for node in _executed(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in known else node.module for name in inside]
            else:
                continue
            yield from (Import(module, name, node.lineno) for name in dict.fromkeys(names))


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all nodes below it, without the bodies of `if TYPE_CHECKING:`."""
    yield node
    if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from _executed(child)


def packages() -> list[str]:
    """All modules that contain others."""
    return [module for module, path in modules().items() if path.name == "__init__.py"]


def room_of(module: str, package: str = PACKAGE) -> str:
    """The first name below a package: a room, or a file such as camera."""
    return module.removeprefix(f"{package}.").split(".")[0]


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """A cycle of arrows, with its first name repeated at the end; empty if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []
