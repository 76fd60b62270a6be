"""A page that is watched, in Chromium: it loads itself again when there is another."""

from __future__ import annotations

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

import cnnspec
from cnnspec.commands.live import serving


def test_a_watched_page_loads_itself_again(browser: webdriver.Chrome) -> None:
    first, second = (cnnspec.load(name) for name in ("lenet5", "alexnet"))
    with serving() as live:
        live.show(first.draw("html"))
        browser.get(live.address)
        assert first.title in browser.title
        live.show(second.draw("html"))
        WebDriverWait(browser, 30).until(lambda driver: second.title in driver.title)
        live.show(first.draw("html"))
        WebDriverWait(browser, 30).until(lambda driver: first.title in driver.title)
        browser.get("about:blank")
    said = [each["message"] for each in browser.get_log("browser") if each["level"] == "SEVERE"]
    assert [each for each in said if "favicon" not in each] == []
