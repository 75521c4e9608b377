"""Every page at every width, in light and dark: drawn without an error, and axe-core finds nothing serious.

A page is opened once for each width.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import product
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from helpers.services.dashboard import SIZES, Shown
from helpers.services.installed import axe
from soundlake.dashboard.app import PAGES, THINGS
from soundlake.launch.paths import ROOT

pytestmark = pytest.mark.browser

FRONT_PAGE = "overview"
PICTURES = ROOT / "build" / "pictures"
IN_README = ("charts-desktop",)
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def script() -> str:
    return axe()


@pytest.fixture(scope="module", params=product(PAGES | THINGS, SIZES), ids="-".join)
def drawn(request: pytest.FixtureRequest, browser: Browser, dashboard_url: str) -> Iterator[tuple[str, Shown]]:
    """A page on a desktop or a phone, and the name of both."""
    path, size = request.param
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    shown = Shown(page, dashboard_url).open("" if path == FRONT_PAGE else path)
    yield f"{path}-{size}", shown
    page.close()


def test_a_page_is_drawn_and_fits_the_screen(drawn: tuple[str, Shown]) -> None:
    name, shown = drawn
    page = shown.page
    assert page.viewport_size is not None
    width = page.viewport_size["width"]
    assert shown.errors == []
    assert page.get_by_test_id("stAlertContentInfo").all_inner_texts() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for mark in page.locator("h1, [data-testid=stVegaLiteChart], button").all():
        box = mark.bounding_box()
        assert box is None or box["x"] + box["width"] <= width + 1
    _take_picture(shown, name)
    assert shown.elsewhere == []
    expect(page.get_by_text("Made-up listeners:")).to_be_visible()


def _take_picture(shown: Shown, name: str) -> None:
    """A small picture of what is to be seen at first, as the README shows it."""
    from PIL import Image

    page = shown.await_drawing().page
    PICTURES.mkdir(parents=True, exist_ok=True)
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(64).save(file, optimize=True)
    if (docs := os.environ.get("SOUNDLAKE_PICTURES")) and name in IN_README:
        (ROOT / docs).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, ROOT / docs / file.name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(drawn: tuple[str, Shown], script: str, scheme: Literal["light", "dark"]) -> None:
    _, shown = drawn
    shown.page.emulate_media(color_scheme=scheme)
    expect(shown.page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
    assert problems(shown.settle().await_drawing().page, script) == []


def problems(page: Page, script: str) -> list[str]:
    """What axe-core calls serious: the rule and the element."""
    page.evaluate(script)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(found => found.violations)")
    return [
        f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
