"""One headless Chromium for all tests, and the Mermaid that `make test-browser` put there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--window-size=1200,900",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_script_timeout(120)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def mermaid() -> Path:
    folder = Path(os.environ.get("CNNSPEC_MERMAID", "build/mermaid")).resolve()
    return folder / "mermaid.min.js"


@pytest.fixture
def shown(browser: webdriver.Chrome, tmp_path: Path):
    """Write a file, open it, and give the browser; it must say nothing in its console."""

    def show(content: bytes, name: str) -> webdriver.Chrome:
        file = tmp_path / name
        file.write_bytes(content)
        browser.get(file.as_uri())
        return browser

    yield show
    assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []
