"""The results of a phase so far, always saved on disk."""

import json
from pathlib import Path
from typing import Any


class Record:
    """Tables, checks and notes of a phase; each addition is written at once.

    Args:
        path: the JSON file, which is replaced atomically.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.values: dict[str, Any] = {"notes": [], "checks": [], "tables": {}}

    def note(self, text: str) -> None:
        """Add one or more lines, whose layout is kept."""
        self.values["notes"].append(text)
        self._write()

    def check(self, name: str, ok: bool, found: str) -> None:
        """Add something that must hold."""
        self.values["checks"].append({"name": name, "ok": bool(ok), "found": found})
        self._write()

    def row(self, table: str, **cells: Any) -> None:
        """Add a row to a table; the first row names the columns."""
        self.values["tables"].setdefault(table, []).append(cells)
        self._write()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table so far."""
        found: list[dict[str, Any]] = self.values["tables"].get(table, [])
        return found

    @property
    def failed(self) -> list[str]:
        """Names of checks that do not hold."""
        return [check["name"] for check in self.values["checks"] if not check["ok"]]

    def _write(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self.values, indent=1))
        new.replace(self._path)


def markdown(phase: str, values: dict[str, Any]) -> str:
    """A phase as a section of a document."""
    parts = [f"## {phase}: {values['status']}, {values['seconds']:.0f} s"]
    checks = values.get("checks", [])
    if checks:
        held = sum(check["ok"] for check in checks)
        failed = [f"- **{check['name']}: {check['found']}**" for check in checks if not check["ok"]]
        parts.append("\n".join([f"{held} of {len(checks)} checks hold.", *failed]))
    for title, rows in values.get("tables", {}).items():
        columns = list(dict.fromkeys(name for row in rows for name in row))
        body = ["| " + " | ".join(_cell(row.get(name)) for name in columns) + " |" for row in rows]
        rule = "|" + " --- |" * len(columns)
        parts.append("\n".join([f"{title}", "", f"| {' | '.join(columns)} |", rule, *body]))
    for note in values.get("notes", []):
        parts.append(f"```\n{note}\n```" if "\n" in note else note)
    return "\n\n".join(parts) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
