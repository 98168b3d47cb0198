"""Sections of a Markdown document between comment marks."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diffhpe_ros.errors import DiffhpeError

NOT_RUN = "not run"


def section(document: Path, name: str) -> tuple[str, str]:
    """The text before and after a section.

    Raises:
        DiffhpeError: the document is missing or does not have `<!-- begin NAME -->` and
            `<!-- end NAME -->`.
    """
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    try:
        before, found, rest = document.read_text().partition(begin)
    except OSError as error:
        raise DiffhpeError(f"{document}: {error.strerror}") from None
    _, also_found, after = rest.partition(end)
    if not found or not also_found:
        raise DiffhpeError(f"{document}: expected the marks {begin.strip()} and {end}")
    return before + begin, end + after


def write_section(document: Path, name: str, text: str) -> None:
    """Replace a section.

    Raises:
        DiffhpeError: the document is missing, has no such marks or cannot be written.
    """
    before, after = section(document, name)
    try:
        document.write_text(f"{before}{text.rstrip()}\n{after}")
    except OSError as error:
        raise DiffhpeError(f"{document}: {error.strerror}") from None


def write_csv(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table that is too long for a document as a CSV file.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    try:
        with file.open("w", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    except OSError as error:
        raise DiffhpeError(f"{file}: {error.strerror}") from None


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; all columns but the first are numbers."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def millimetres(figures: Mapping[str, Any] | None, name: str) -> str:
    """A table cell."""
    return NOT_RUN if figures is None else f"{figures[name]:.1f}"
