"""Parallel coordinates: what is drawn, and what a range on an axis chooses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.browser import chromium
from tests.browser.conftest import Opened, Reported
from tests.browser.filling import Left, fill, system, written
from tests.browser.seen import ink, size_of, too_wide

GRID = """
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.001, 0.01, 0.1, 1.0, 10.0], opt: [adam, sgd]}
"""
BEST, MIDDLE = "rgb(68 1 84)", "rgb(38 132 140)"  # of the scale on light paper
NEAR = 25


def loss(config: dict[str, Any]) -> float:
    """The better the smaller the learning rate, from 0.1 to 0.9; adam is a little better."""
    return [0.1, 0.3, 0.5, 0.7, 0.9][[0.001, 0.01, 0.1, 1.0, 10.0].index(config["lr"])] + (0.01 if config["opt"] == "sgd" else 0)


@pytest.fixture
def shown(store: Store, tmp_path: Path, opened: Opened, reported: Reported) -> Callable[..., Any]:
    fill(store, written(tmp_path, GRID), tmp_path, lambda config: Left(rows=[{"_step": 1, "loss": loss(config)}]))
    page = reported()

    def open_it(**options: Any) -> Any:
        driver = opened(page, **options)
        driver.execute_script("document.getElementById('parallel').scrollIntoView()")
        chromium.until(driver, "return document.querySelectorAll('.strip').length")
        chromium.settled(driver)
        return driver

    return open_it


def canvas(driver: Any) -> Any:
    return driver.find_element("css selector", "#parallel canvas")


def strip(driver: Any, name: str) -> Any:
    return driver.find_element("css selector", f'.strip[aria-label="range of {name}"]')


def told(driver: Any) -> str:
    chromium.settled(driver)
    return driver.find_element("css selector", "#parallel [aria-live]").text


def drag(driver: Any, name: str, begin: float, end: float) -> None:
    """Along an axis, from part to part of it, where 0 is its lower end."""
    high = strip(driver, name).size["height"]
    # From the middle of the element, downwards.
    chain = ActionChains(driver, duration=0).move_to_element_with_offset(strip(driver, name), 0, round((0.5 - begin) * high))
    chain.click_and_hold().move_by_offset(0, round((begin - end) * high / 2)).move_by_offset(0, round((begin - end) * high / 2))
    chain.release().perform()


def names(driver: Any) -> list[str]:
    chromium.settled(driver)
    return [each.text for each in driver.find_elements("css selector", ".axis-name")]


def test_a_line_goes_from_what_a_run_was_given_to_what_came_out(shown: Callable[..., Any]) -> None:
    """With the colour of its value, and on a scale on which five decades lie apart from one another."""
    driver = shown()
    width, height = size_of(canvas(driver))
    assert names(driver) == ["lr", "opt", "loss"]
    best, middle = (ink(driver, canvas(driver), colour, part=(0, 0.07), near=NEAR) for colour in (BEST, MIDDLE))
    assert best.count > 0
    assert best.top > 0.85 * height, "0.001 lies lowest"
    assert 0.4 * height < middle.top <= middle.bottom < 0.75 * height, "0.1 in the middle of 0.001 and 10"
    assert ink(driver, canvas(driver), BEST, part=(0.89, 1), near=NEAR).top > 0.85 * height, "and the smallest loss too"
    assert driver.find_element("css selector", "#parallel .legend").text == "loss: 0.91\n0.1 (best: low)"
    assert width > 500


def test_a_range_on_an_axis_chooses_runs_and_several_choose_those_in_all(shown: Callable[..., Any]) -> None:
    """Which of the good ones had adam, and what have they in common?"""
    driver = shown()
    assert told(driver) == "10 runs"
    drag(driver, "lr", 0.15, 0.6)
    assert told(driver) == "4 of 10 runs"
    assert ink(driver, canvas(driver), BEST, part=(0, 0.07), near=NEAR).count == 0, "those outside have lost their colour"
    assert ink(driver, canvas(driver), MIDDLE, part=(0, 0.07), near=NEAR).count > 0
    drag(driver, "opt", 0.6, 0.9)
    assert told(driver) == "2 of 10 runs"
    assert strip(driver, "opt").get_attribute("aria-valuetext") == "adam: 2 of 10 runs"
    link = driver.execute_script("return location.hash.slice(1)")
    ActionChains(driver).move_to_element(strip(driver, "lr")).click().perform()
    assert told(driver) == "5 of 10 runs", "a click takes a range away"
    driver = shown(link=link)
    assert told(driver) == "2 of 10 runs", "a link has the ranges"
    [button] = [each for each in driver.find_elements("css selector", "#parallel button") if each.text == "show only these"]
    button.click()
    assert told(driver) == "2 runs"
    assert len(driver.find_elements("css selector", ".runs input:checked")) == 2


def test_keys_do_what_the_pointer_does_and_a_telephone_has_room(shown: Callable[..., Any]) -> None:
    """Not everybody has a mouse; and a chart of many axes scrolls in its own box."""
    driver = shown(width=360, height=800)
    assert too_wide(driver) == []
    strip(driver, "opt").send_keys(Keys.ARROW_UP)
    assert strip(driver, "opt").get_attribute("aria-valuetext") == "adam: 5 of 10 runs"
    strip(driver, "opt").send_keys(Keys.ARROW_DOWN)
    assert strip(driver, "opt").get_attribute("aria-valuetext") == "sgd: 5 of 10 runs"
    strip(driver, "opt").send_keys(Keys.SHIFT, Keys.ARROW_LEFT)
    assert names(driver) == ["opt", "lr", "loss"]
    assert driver.execute_script("return document.activeElement.dataset.axis") == "config.opt", "one goes on from there"
    driver.switch_to.active_element.send_keys(Keys.DELETE)
    assert told(driver) == "10 runs"


def test_memory_is_told_in_the_unit_that_stands_beside_it(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """What is measured in MiB was taken for bytes: 800 MiB were a millionth of a GiB."""
    left = Left(State.RUNNING, [{"_step": 1, "loss": 1.0}], system())
    fill(store, written(tmp_path, GRID), tmp_path, lambda config: left)
    driver = opened(reported(), link='measure="memory_peak"')
    driver.execute_script("document.getElementById('parallel').scrollIntoView()")
    chromium.until(driver, "return document.querySelectorAll('.strip').length")
    chromium.settled(driver)
    assert driver.find_element("css selector", "#parallel .legend").text == "peak memory (GiB): 0.7813\n0.7813"


def test_marks_between_numbers_that_hardly_differ_come_to_an_end(opened: Opened, demo: Path) -> None:
    """Runs that came out the same but for the last bit: a step too small to change the number was added for ever."""
    driver = opened(demo)
    low = 0.6931471805599453
    found = driver.execute_script("return $measures.round(arguments[0], arguments[1], 40)", low, low + 6e-16)
    assert len(found) <= 1


def test_marks_up_to_the_largest_number_come_to_an_end(opened: Opened, demo: Path) -> None:
    """The last mark and a step more are no number: as no mark was beyond the end, the page went on for ever."""
    driver = opened(demo)
    most = 1.7976931348623157e308
    found = driver.execute_script("return $measures.round(0, arguments[0], 6)", most)
    assert 3 <= len(found) <= 10
    assert 0 <= min(found) < max(found) <= most
    found = driver.execute_script("return $measures.round(-arguments[0], arguments[0], 2)", most)
    assert all(isinstance(each, int | float) for each in found)


def test_an_axis_between_numbers_too_far_apart_for_a_difference_has_places(opened: Opened, demo: Path) -> None:
    """1e308 less -1e308 is no number: all lay at the bottom of the axis, or nowhere."""
    driver = opened(demo)
    ask = "const scale = $measures.scaleOf([-1e308, 0, 1e308]); return [-1e308, 0, 1e308].map((each) => scale.place(each))"
    assert driver.execute_script(ask) == [0, 0.5, 1]
    back = "const scale = $measures.scaleOf([-1e308, 0, 1e308]); return [0, 0.5, 1].map((each) => scale.at(each))"
    assert driver.execute_script(back) == [-1e308, 0, 1e308]
