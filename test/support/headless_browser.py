"""A headless Chromium, if there is one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
"""The program; if there is none, Playwright's own one is used."""
# WebGL on the CPU: it is slow, so tests wait long and watch a page that stands still.
_ARGUMENTS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
TIMEOUT_MS = 120_000.0


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's browser; the test is skipped without one."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="needs the extra browser: make browser"
    )
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        except sync_api.Error as error:
            pytest.skip(f"needs Chromium (apt install chromium): {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def picture(page: Any, path: Path) -> NDArray[np.uint8]:
    """A screenshot of a page that has come to rest, also as a file; (H, W, 3) BGR."""
    png, before = page.screenshot(path=path), b""
    while png != before:
        page.wait_for_timeout(5000)
        png, before = page.screenshot(path=path), png
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(image, np.uint8)
