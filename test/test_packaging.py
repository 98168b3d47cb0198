"""The package's metadata agrees in all places."""

import re
import xml.etree.ElementTree as ET
from importlib.metadata import metadata
from pathlib import Path

import yaml

import diffhpe_ros

ROOT = Path(__file__).resolve().parents[1]
VERSION = diffhpe_ros.__version__


def package_xml(tag: str) -> str:
    text = ET.parse(ROOT / "package.xml").findtext(tag)
    assert text is not None
    return text


def test_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert package_xml("version") == VERSION
    assert citation["version"] == VERSION
    assert metadata("diffhpe_ros")["Version"] == VERSION


def test_newest_release_in_the_changelog_is_this_version() -> None:
    headings = re.findall(r"^## ([0-9.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == VERSION
    for_ros = re.findall(
        r"^([0-9.]+) \(\d{4}-\d\d-\d\d\)\n-+$", (ROOT / "CHANGELOG.rst").read_text(), re.MULTILINE
    )
    assert for_ros == headings


def test_name_licence_and_maintainer_agree() -> None:
    installed = metadata("diffhpe_ros")
    assert package_xml("name") == installed["Name"].replace("-", "_")
    assert package_xml("license") == installed["License"]
    assert package_xml("maintainer") == installed["Maintainer"]
    assert package_xml("author") == installed["Author"]


def test_types_are_published() -> None:
    assert (Path(diffhpe_ros.__file__).parent / "py.typed").is_file()
