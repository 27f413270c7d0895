"""The page as a whole, from a disk, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from scheduler.api.drawn import Page
from tests.browser import chromium
from tests.browser.conftest import Opened
from tests.browser.seen import chart_of, colour_of, ink, pixel, switch_of, too_wide

LIGHT, DARK = (255, 255, 255), (20, 24, 29)
ODD = 'name~"a&b=c#d%25+é <i>\u202e😀"'
# A state as the page has it, from a link.
_STATE = """
const before = location.hash;
location.hash = arguments[0];
const state = new $state.State({ filter: "", hidden: [], open: "", smooth: 0, xlog: false });
history.replaceState(null, "", before || location.pathname);
return state.values;
"""


def test_a_report_opens_from_a_disk_and_asks_nobody_for_anything(opened: Opened, demo: Path) -> None:
    """It is sent to people who are on a train."""
    driver = opened(demo)
    assert driver.title == "All experiments"
    assert len(driver.find_elements("css selector", "#curves .chart canvas")) == 2
    assert len(driver.find_elements("css selector", ".runs li")) == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<img src='http://192.0.2.1/a.png'>", "http://192.0.2.1/a.png"),
        ("<script>fetch('https://example.org/').catch(() => {})</script>", "https://example.org/"),
        ("<link rel=stylesheet href='other.css'>", "other.css"),
        ("<script>console.error('no')</script>", "'no'"),
        ("<script>setTimeout(() => { throw Error('thrown') })</script>", "thrown"),
    ],
)
def test_a_page_that_asks_for_something_or_complains_is_noticed(driver: Any, tmp_path: Path, text: str, said: str) -> None:
    """What every test of a page asserts is worth as much as it can see."""
    path = tmp_path / "page.html"
    path.write_text(f"<!doctype html><html><body>{text}", encoding="utf-8")
    driver.get(path.as_uri())
    chromium.settled(driver)
    found = [*chromium.strangers(chromium.requests(driver), path.as_uri()), *chromium.complaints(driver)]
    assert said.strip("'") in "\n".join(found)


def test_the_page_is_light_or_dark_as_the_reader_has_it_until_a_button_says_otherwise(opened: Opened, demo: Path) -> None:
    """A white page at night hurts, and curves must be seen on both."""
    driver = opened(demo)
    assert pixel(driver, 2, 2) == LIGHT
    driver = opened(demo, theme="dark", link=quote('filter="lr=0.7"', safe="="))
    assert pixel(driver, 2, 2) == DARK
    name = _first(driver)
    dark = colour_of(driver, name)
    assert ink(driver, chart_of(driver, "loss"), dark).count > 50
    driver.find_element("css selector", "button.theme").click()
    chromium.settled(driver)
    assert pixel(driver, 2, 2) == LIGHT
    assert colour_of(driver, name) != dark
    assert ink(driver, chart_of(driver, "loss"), colour_of(driver, name)).count > 50


def _first(driver: Any) -> str:
    return driver.find_element("css selector", ".runs li .name").text


def _draw_all(driver: Any) -> None:
    """Also what has not come into sight yet."""
    driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    chromium.settled(driver)


def test_on_a_telephone_nothing_reaches_over_the_edge(opened: Opened, demo: Path) -> None:
    """A page that scrolls sideways is put away."""
    driver = opened(demo, width=390, height=844, ratio=3)
    _draw_all(driver)
    assert too_wide(driver) == []
    driver.find_element("css selector", ".beside summary").click()
    chromium.settled(driver)
    assert too_wide(driver) == []


def test_a_link_shows_to_another_what_it_shows_to_oneself(opened: Opened, demo: Path) -> None:
    """What somebody has found is sent as a link, or as a file and the piece behind the #."""
    driver = opened(demo)
    name = _first(driver)
    driver.find_element("css selector", "input[type=search]").send_keys("done and lr>0.1 and not 'no such'")
    switch_of(driver, name).click()
    chromium.settled(driver)
    link, left = driver.current_url.split("#")[1], _list(driver)
    assert (name, False) in left
    assert 1 < len(left) < 20
    driver = opened(demo, link=link)
    assert _list(driver) == left
    assert driver.find_element("css selector", "input[type=search]").get_property("value").startswith("done and")
    driver.execute_script("location.hash = ''")
    chromium.settled(driver)
    assert len(_list(driver)) == 20


def _list(driver: Any) -> list[tuple[str, bool]]:
    rows = driver.find_elements("css selector", ".runs li")
    boxes = [each.find_element("css selector", "input") for each in rows]
    names = [each.find_element("css selector", ".name").text for each in rows]
    return list(zip(names, [each.is_selected() for each in boxes], strict=True))


def test_a_filter_of_any_letters_comes_back_from_a_link(opened: Opened, demo: Path) -> None:
    """An address has letters of its own, and mail programs change some."""
    driver = opened(demo)
    field = "document.querySelector('input[type=search]')"
    driver.execute_script(f"{field}.value = arguments[0]; {field}.dispatchEvent(new Event('input'))", ODD)
    link = driver.current_url.split("#")[1]
    assert opened(demo, link=link).execute_script(f"return {field}.value") == ODD


def test_a_link_that_somebody_has_spoilt_changes_what_it_may_and_nothing_else(opened: Opened, demo: Path) -> None:
    """A link may be cut, of another version, or written by somebody who means no good."""
    driver = opened(demo, link="smooth=%7B%7D&filter=12&hidden=[1]&x=%00&__proto__=%7B%22a%22%3A1%7D&open=%22nobody%22")
    found = driver.execute_script(
        _STATE,
        "smooth=0.5&filter=" + quote('"a"') + "&hidden=" + quote('["b"]') + "&xlog=1&open=[]&constructor=1&__proto__=%7B%7D&a",
    )
    assert found == {"filter": "a", "hidden": ["b"], "open": "", "smooth": 0.5, "xlog": False}


def test_on_paper_are_the_charts_and_nothing_to_press(opened: Opened, demo: Path) -> None:
    """Some hand it in; what was out of sight is printed too."""
    driver = opened(demo, height=300)
    chromium.printing(driver)
    _draw_all(driver)
    assert driver.find_elements("css selector", "main section .body:empty") == []
    shown = [
        each.tag_name for each in driver.find_elements("css selector", "aside, header input, .controls") if each.is_displayed()
    ]
    assert shown == []
    assert ink(driver, chart_of(driver, "loss"), driver.execute_script("return $colours.colour(0)")).count > 50
    assert driver.execute_cdp_cmd("Page.printToPDF", {})["data"].startswith("JVBERi")  # %PDF, in base64


_DARK = "return getComputedStyle(document.body).color.match(/\\d+/g).slice(0, 3).map(Number)"


def test_on_paper_the_ink_is_dark_and_no_column_is_cut_off(opened: Opened, demo: Path) -> None:
    """Who works in a dark theme prints light letters on white paper, and a table that scrolls ends at the edge."""
    driver = opened(demo, theme="dark")
    chromium.printing(driver, "dark")
    size = {"width": 700, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    _draw_all(driver)
    assert max(driver.execute_script(_DARK)) < 100
    assert driver.find_element("css selector", "table.wide").rect["width"] <= 700


_SOFT = """
const wanted = getComputedStyle(document.documentElement).getPropertyValue("--ink-soft").match(/[0-9]+/g).map(Number);
const inked = (canvas, wanted) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255 && wanted.every((each, place) => data[at + place] === each)) return true;
  }
  return false;
};
const canvases = [...document.querySelectorAll("main canvas:not([aria-hidden])")].filter((each) => each.width);
return [wanted, canvases.map((each) => arguments[0].map((colour) => inked(each, colour)))];
"""
# What is promised is done before a browser goes on after its word; a frame does not come.
_AT_THE_WORD = """
const [colours, done] = arguments;
dispatchEvent(new Event("beforeprint"));
(async () => {
  for (let turn = 0; turn < 100; turn++) await null;
  done((function () { %s })(colours));
})();
"""
_SOFT_INK = {"light": [90, 101, 114], "dark": [154, 166, 179]}  # of axes and their numbers


def test_what_is_painted_in_the_dark_is_painted_anew_for_paper_and_for_the_screen_after_it(opened: Opened, demo: Path) -> None:
    """Axes in light grey are hardly seen on white. A browser leaves the page no frame between its word and the paper."""

    def inked() -> tuple[list[int], set[tuple[bool, bool]]]:
        """The ink of this moment, and in which of both inks canvases are painted."""
        now, found = driver.execute_script(_SOFT, list(_SOFT_INK.values()))
        return now, set(map(tuple, found))

    driver = opened(demo, theme="dark", height=300)
    _draw_all(driver)
    driver.execute_script("dispatchEvent(new Event('afterprint'))")
    chromium.settled(driver)
    assert inked() == (_SOFT_INK["dark"], {(False, True)})
    now, found = driver.execute_async_script(_AT_THE_WORD % _SOFT, list(_SOFT_INK.values()))
    assert (now, set(map(tuple, found))) == (_SOFT_INK["light"], {(True, False)})
    driver.execute_script("dispatchEvent(new Event('afterprint'))")
    chromium.settled(driver)
    assert inked() == (_SOFT_INK["dark"], {(False, True)})


def test_in_the_frame_of_a_notebook_the_page_does_all_that_it_does_elsewhere(opened: Opened, demo: Path) -> None:
    """There it has no address of its own, and may not write into that of the notebook."""
    path = demo.with_name("notebook.html")
    framed = Page("All", 20, demo.read_text(encoding="utf-8"))._repr_html_()
    path.write_text(f'<!doctype html><html data-ready="yes"><body>{framed}</body></html>', encoding="utf-8")
    driver = opened(path)
    driver.switch_to.frame(driver.find_element("css selector", "iframe"))
    chromium.until(driver, "return document.documentElement.dataset.ready")
    filter_of(driver).send_keys("lr=0.7")
    chromium.settled(driver)
    assert "of 20 runs" in driver.find_element("css selector", ".beside p").text
    filter_of(driver).send_keys("\b" * len("lr=0.7"))
    chromium.settled(driver)
    assert driver.find_element("css selector", ".beside p").text == "20 runs"
    driver.switch_to.default_content()


def filter_of(driver: Any) -> Any:
    return driver.find_element("css selector", 'header input[type="search"]')
