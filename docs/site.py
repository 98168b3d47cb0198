"""What the website has besides docs/: files of the repository that are linked to, and the API.

The documents link to files outside of docs/, as GitHub shows them. On the site these files have the
same paths, with docs/ as its root; README.md is the first page.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
MODULES = (
    "pipeline", "detection", "tracking", "camera", "windows", "lifting", "placement",
    "postures", "skeleton", "coherence", "metrics", "keypoint_files", "video", "errors",
)  # fmt: skip
"""What Python programs use; the nodes' interface is docs/ros.md."""
_LINK = re.compile(r"(\]\()((?!https?://|#|mailto:)[^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the API's pages, and what the documents link to outside of docs/."""
    files.append(File.generated(config, "index.md", abs_src_path=str(ROOT / "README.md")))
    for path in sorted(_outside()):
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    lines = [f"- [`diffhpe_ros.{name}`]({name}.md)" for name in MODULES]
    index = "\n".join(["# Python API", "", *lines])
    files.append(File.generated(config, "api/index.md", content=index))
    for name in MODULES:
        text = f"# {name}\n\n::: diffhpe_ros.{name}\n"
        files.append(File.generated(config, f"api/{name}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links to files of the repository lead to their places on the site."""
    source = _in_repository(page.file.src_uri)

    def moved(link: re.Match[str]) -> str:
        target = (source.parent / link[2]).resolve()
        if not target.is_relative_to(ROOT) or not target.exists():
            return link[0]
        here = (Path("/") / page.file.src_uri).parent
        there = Path("/") / _on_site(target.relative_to(ROOT))
        return f"{link[1]}{_relative(there, here)}{link[3] or ''})"

    return _LINK.sub(moved, markdown)


def _outside() -> set[str]:
    """Files outside of docs/ that the documents link to, and those that these link to."""
    found: set[Path] = set()
    waiting = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    waiting += sorted((ROOT / "docs").rglob("*.md"))
    while waiting:
        page = waiting.pop()
        for link in _LINK.finditer(page.read_text()):
            target = (page.parent / link[2]).resolve()
            if target.is_file() and target.is_relative_to(ROOT) and target not in found:
                found.add(target)
                if target.suffix == ".md":
                    waiting.append(target)
    found |= {ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "examples/README.md"}
    docs = ROOT / "docs"
    return {
        str(path.relative_to(ROOT))
        for path in found
        if not path.is_relative_to(docs) and path != ROOT / "README.md"
    }


def _in_repository(src_uri: str) -> Path:
    """The file of the repository that a page of the site is made of."""
    if src_uri == "index.md":
        return ROOT / "README.md"
    in_docs = ROOT / "docs" / src_uri
    return in_docs if in_docs.exists() else ROOT / src_uri


def _on_site(path: Path) -> Path:
    """Where a file of the repository is on the site."""
    if path == Path("README.md"):
        return Path("index.md")
    return path.relative_to("docs") if path.parts[0] == "docs" else path


def _relative(there: Path, here: Path) -> str:
    common = 0
    for a, b in zip(there.parts, here.parts, strict=False):
        if a != b:
            break
        common += 1
    return "/".join([".."] * (len(here.parts) - common) + list(there.parts[common:]))
