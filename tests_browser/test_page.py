"""The interactive page in a real browser: it folds, finds, moves, tells, and fetches nothing."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import cnnspec
from cnnspec import library
from cnnspec.draw import Look, View, drawing

#: One network of each file.
FILES = sorted({file: name for name, file in sorted(library.shipped().items())}.values())
OVERLAPS = """
const boxes = [...document.querySelectorAll('#view g')].filter(g => g.item && !g.item.inner
  || g.item && g.item.inner && !g.item.open);
const rects = boxes.map(g => g.firstChild.getBoundingClientRect());
let count = 0;
for (let i = 0; i < rects.length; i++) for (let j = i + 1; j < rects.length; j++) {
  const a = rects[i], b = rects[j], e = 0.5;
  if (a.left + e < b.right && b.left + e < a.right && a.top + e < b.bottom && b.top + e < a.bottom)
    count++;
}
return [boxes.length, count];
"""
WIDE = """
return [...document.querySelectorAll('#view g')].filter(g => g.item).flatMap(g =>
  [...g.children].filter(e => e.tagName === 'text').filter(e =>
    e.getBoundingClientRect().width > g.firstChild.getBoundingClientRect().width + 0.5)
  .map(e => e.textContent));
"""


@pytest.fixture
def page(shown):
    def open_page(name: str, **how: object):
        content = drawing(cnnspec.load(name).elaborated, format="html", **how).content
        return shown(content, "page.html")

    return open_page


def boxes(browser) -> int:
    return browser.execute_script("return document.querySelectorAll('#view g[data-path]').length")


def at(browser, path: str):
    return browser.find_element(By.CSS_SELECTOR, f'#view g[data-path="{path}"]')


def test_a_click_unfolds_and_folds(page) -> None:
    browser = page("resnet50")
    before = boxes(browser)
    at(browser, "layer2.1").find_element(By.TAG_NAME, "text").click()
    opened = boxes(browser)
    assert opened > before
    at(browser, "layer2.1").find_element(By.TAG_NAME, "text").click()
    assert boxes(browser) == before


def test_the_keyboard_unfolds_too(page) -> None:
    browser = page("resnet50")
    before = boxes(browser)
    at(browser, "layer2.1").send_keys(Keys.ENTER)
    assert boxes(browser) > before


def test_search_opens_what_it_finds(page) -> None:
    browser = page("resnet152")
    assert not browser.find_elements(By.CSS_SELECTOR, 'g[data-path="layer3.1.conv2"]')
    browser.find_element(By.ID, "search").send_keys("layer3.1.conv2")
    assert at(browser, "layer3.1.conv2").get_attribute("class") == "found"
    assert browser.find_element(By.ID, "found").text == "1 of 1"
    browser.find_element(By.ID, "search").send_keys("nowhere")
    assert browser.find_element(By.ID, "found").text == "nothing"


def test_the_wheel_zooms_and_a_drag_moves(page) -> None:
    browser = page("resnet50")
    view = browser.find_element(By.ID, "view")
    picture = browser.find_element(By.ID, "picture")
    first = view.get_attribute("transform")
    browser.execute_script(
        "arguments[0].dispatchEvent(new WheelEvent('wheel', {deltaY: -300, clientX: 300,"
        " clientY: 300, cancelable: true}))",
        picture,
    )
    second = view.get_attribute("transform")
    assert first != second
    ActionChains(browser).move_to_element_with_offset(
        picture, -400, 0
    ).click_and_hold().move_by_offset(60, 40).release().perform()
    assert view.get_attribute("transform") not in (first, second)


def test_a_box_tells_its_numbers(page) -> None:
    browser = page("resnet50")
    tip = browser.find_element(By.ID, "tip")
    assert not tip.is_displayed()
    ActionChains(browser).move_to_element(at(browser, "fc")).perform()
    assert tip.is_displayed()
    assert "2,049,000 parameters" in tip.text
    assert "resnet.cnn:" in tip.text


def test_nothing_is_fetched(page) -> None:
    browser = page("googlenet")
    fetched = browser.execute_script("return performance.getEntriesByType('resource').length")
    assert fetched == 0


@pytest.mark.parametrize("name", FILES)
def test_no_box_lies_on_another(name: str, page) -> None:
    browser = page(name)
    count, overlaps = browser.execute_script(OVERLAPS)
    assert count > 3
    assert overlaps == 0
    browser.find_element(By.ID, "unfold").click()
    assert browser.execute_script(OVERLAPS)[1] == 0
    assert browser.execute_script(WIDE) == []


@pytest.mark.parametrize("look", [Look(direction="lr"), Look(theme="dark", heat=None)])
def test_no_box_lies_on_another_however_it_looks(look: Look, page) -> None:
    browser = page("googlenet", look=look, view=View(all=True))
    assert browser.execute_script(OVERLAPS)[1] == 0


def test_hostile_words_run_nothing(shown) -> None:
    text = (
        "network n() { x = input(3, 9, 9) output y = x -> conv(3, 3)"
        ' meta { title = "</script><script>window.evil = 1</script><img src=x onerror=evil>" } }'
    )
    browser = shown(drawing(cnnspec.loads(text).elaborated, format="html").content, "page.html")
    assert browser.execute_script("return window.evil === undefined")
    assert browser.execute_script("return document.documentElement.dataset.ready") == "yes"
