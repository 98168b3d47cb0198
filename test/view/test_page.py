"""The page of `diffhpe view`, clicked through in headless Chromium: `make browser`."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from headless_browser import TIMEOUT_MS, chromium, picture
from numpy.typing import NDArray

pytest.importorskip("viser", reason="needs the extra view: make browser")

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW
from diffhpe_ros.detection import Detector
from diffhpe_ros.view import ImageSource, Settings, serve

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(900)]
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(source: ImageSource, detectors: Mapping[str, Callable[[], Detector]]) -> Iterator[str]:
    with serve(
        source, detectors, Settings(), field_of_view=DEFAULT_FIELD_OF_VIEW, port=0
    ) as address:
        yield address


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    """The page on a desktop, paused at 2 s."""
    with chromium() as browser:
        page = browser.new_page(viewport=DESKTOP)
        page.set_default_timeout(TIMEOUT_MS)
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.goto(address)
        press(page, "Pause")
        page.get_by_role("button", name="Play").wait_for()
        page.locator(".mantine-Notification-closeButton").dispatch_event("click")
        write(page, "Time, s", "2.00")
        page.locator("td", has_text="#0").first.wait_for()
        page.requested = requested
        yield page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for screenshots: $DIFFHPE_SCREENSHOTS, such as docs/images, or a temporary one."""
    return Path(os.environ.get("DIFFHPE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))


def press(page: Any, name: str) -> None:
    """Click a button without waiting for stability, since the page may be busy."""
    page.get_by_role("button", name=name).dispatch_event("click")


def row(page: Any, label: str) -> Any:
    """The row of a control."""
    rows = page.locator(".mantine-Flex-root").filter(has=page.locator("label", has_text=label))
    return rows.first


def write(page: Any, label: str, value: str) -> None:
    """Write a number next to a slider."""
    box = row(page, label).locator("input[inputmode=decimal]")
    box.fill(value)
    box.press("Enter")


def choose(page: Any, label: str, value: str) -> None:
    """Choose from a list."""
    row(page, label).locator("input").first.dispatch_event("click")
    page.get_by_role("option", name=value, exact=True).dispatch_event("click")


def violet(image: NDArray[np.uint8]) -> int:
    """The number of pixels of ellipsoids."""
    blue, green, red = np.moveaxis(image[:, 300:950].astype(int), -1, 0)
    return int(((red - green > 8) & (blue - green > 8)).sum())


def test_page_shows_image_people_plots_and_engines(page: Any, folder: Path) -> None:
    image = picture(page, folder / "view.png")
    assert violet(image) > 100
    for text in ("the package's own clip", "Confidence of the 2D joints", "Sampling:", "Why:"):
        assert page.get_by_text(text).first.is_visible(), text
    distance = page.locator("td", has_text=" m").first.text_content()
    assert 2.5 < float(distance.removesuffix(" m")) < 5.5


def test_ellipsoids_can_be_switched_off(page: Any, folder: Path) -> None:
    before = violet(picture(page, folder / "with.png"))
    switch = page.get_by_label("2-sigma ellipsoids")
    switch.dispatch_event("click")
    assert violet(picture(page, folder / "without.png")) < before / 5
    switch.dispatch_event("click")


def test_time_slider_jumps(page: Any) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    distance = page.locator("td", has_text=" m").first
    before = distance.text_content()
    write(page, "Time, s", "4.00")
    expect(distance).not_to_have_text(before, timeout=TIMEOUT_MS)


def test_other_model_acts_at_once(page: Any) -> None:
    choose(page, "Model", "mixste-robust")
    page.get_by_text("mixste-robust, engine").wait_for()
    page.get_by_text("this model gives one pose").wait_for()
    choose(page, "Model", "diffhpe-wrapper-robust")
    page.get_by_text("diffhpe-wrapper-robust, engine").wait_for()


def test_other_preset_acts_at_once(page: Any) -> None:
    choose(page, "Preset", "balanced")
    page.get_by_text("2 hypotheses").wait_for()


def test_confidence_that_no_joint_has_removes_people(page: Any) -> None:
    write(page, "Min. confidence", "1")
    page.get_by_text("No person in view.").or_(page.get_by_text("The first window")).wait_for()
    write(page, "Min. confidence", "0.5")
    page.locator("td", has_text="#0").first.wait_for()


def test_phone_shows_person_image_and_controls(page: Any, address: str, folder: Path) -> None:
    phone = page.context.browser.new_page(viewport=PHONE)
    phone.set_default_timeout(TIMEOUT_MS)
    phone.goto(address)
    phone.locator("td", has_text="#0").first.wait_for()
    phone.locator(".mantine-Notification-closeButton").dispatch_event("click")
    image = picture(phone, folder / "view-phone.png")
    play = phone.get_by_role("button", name="Play").bounding_box()
    assert play["x"] >= 0
    assert play["x"] + play["width"] <= PHONE["width"]
    assert play["y"] + play["height"] <= PHONE["height"]
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    above = image[: round(phone.get_by_text("diffhpe view").bounding_box()["y"]) - 30]
    coloured = np.ptp(above.astype(int), axis=-1) > 60
    assert coloured.sum() > 300  # bones, left and right of the person
    phone.close()


def test_nothing_is_fetched_from_elsewhere(page: Any, address: str) -> None:
    outside = [url for url in page.requested if not url.startswith((address, "data:", "blob:"))]
    assert page.requested and outside == []


def test_page_is_served_on_this_computer_only(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # sends nothing: tells which address faces outwards
        except OSError:
            pytest.skip("this computer has no network")
        own = probe.getsockname()[0]
    with pytest.raises(OSError):
        socket.create_connection((own, port), timeout=2).close()
