"""The scatter: where runs lie, and how the best came about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.select import Select

from scheduler.queue.store import Store
from tests.browser import chromium
from tests.browser.conftest import Opened, Reported
from tests.browser.filling import Left, fill, written
from tests.browser.seen import Ink, colour_of, ink, size_of

LOSSES = [0.5, 0.9, 0.3, 0.7, 0.1]  # in the order in which they were submitted
GRID = """
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.001, 0.01, 0.1, 1.0, 10.0]}
"""


@pytest.fixture
def shown(store: Store, tmp_path: Path, opened: Opened, reported: Reported) -> Callable[..., Any]:
    """Opened with the runs in their own colours."""
    losses = dict(zip([0.001, 0.01, 0.1, 1.0, 10.0], LOSSES, strict=True))
    jobs = fill(store, written(tmp_path, GRID), tmp_path, lambda config: Left(rows=[{"_step": 1, "loss": losses[config["lr"]]}]))
    names = [job.name for job in jobs]

    def open_it(link: str) -> tuple[Any, list[str]]:
        driver = opened(reported(), link=f'third="none"&{link}')
        driver.execute_script("document.getElementById('scatter').scrollIntoView()")
        chromium.until(driver, "return document.querySelector('#scatter canvas')?.width > 300")
        chromium.settled(driver)
        return driver, names

    return open_it


def point(driver: Any, name: str, near: int = 15) -> Ink:
    return ink(driver, driver.find_element("css selector", "#scatter canvas"), colour_of(driver, name), near=near)


def middle(found: Ink) -> tuple[float, float]:
    return (found.left + found.right) / 2, (found.top + found.bottom) / 2


def label(driver: Any) -> str:
    return driver.find_element("css selector", "#scatter canvas").get_attribute("aria-label")


def test_runs_lie_where_their_values_are_and_the_best_so_far_is_a_line_over_time(shown: Callable[..., Any]) -> None:
    """Whether a search still finds something better is seen at once."""
    driver, names = shown('across="number"')
    places = [middle(point(driver, name)) for name in names]
    assert [x for x, _ in places] == sorted(x for x, _ in places), "one after the other"
    heights = [y for _, y in places]
    assert sorted(range(5), key=lambda each: -heights[each]) == sorted(range(5), key=lambda each: LOSSES[each]), "less is lower"
    assert label(driver) == (
        "loss against number of the job of 5 runs; a line shows the best so far, which 2 runs have improved; "
        "the table has the numbers"
    )
    width, _ = size_of(driver.find_element("css selector", "#scatter canvas"))
    between = ((places[2][0] + 15) / width, (places[3][0] - 15) / width)
    line = ink(driver, driver.find_element("css selector", "#scatter canvas"), "rgb(27 31 36)", part=between, high=0.85)
    assert abs((line.top + line.bottom) / 2 - heights[2]) < 3, "after the third the best is what it was there"
    assert line.right - line.left > 0.9 * (between[1] - between[0]) * width


def test_both_axes_are_chosen_and_may_be_logarithmic_and_a_point_opens_its_run(shown: Callable[..., Any]) -> None:
    """What a run is, is a question that follows at once."""
    driver, names = shown('across="config.lr"&acrosslog="even"')
    even = [middle(point(driver, name))[0] for name in names]
    assert even[1] - even[0] < 3, "0.001 and 0.01 lie on one another among ten"
    switch = driver.find_element("xpath", "//section[@id='scatter']//label[span='log x']/input")
    switch.click()
    chromium.settled(driver)
    apart = [middle(point(driver, name)) for name in names]
    gaps = [apart[index + 1][0] - apart[index][0] for index in range(4)]
    assert max(gaps) - min(gaps) < 3, "each ten times the one before"
    plane = driver.find_element("css selector", "#scatter .plane")
    size, (x, y) = plane.size, apart[3]
    ActionChains(driver, duration=0).move_to_element_with_offset(
        plane, int(x - size["width"] / 2), int(y - size["height"] / 2)
    ).perform()
    chromium.settled(driver)
    assert driver.find_element("css selector", "#scatter .tip").text == f"{names[3]}\nlr: 1\nloss: 0.7"
    ActionChains(driver, duration=0).click().perform()
    assert "open=" in driver.execute_script("return location.hash")
    choice = Select(driver.find_element("xpath", "//section[@id='scatter']//label[span='y']/select"))
    choice.select_by_visible_text("lr")
    chromium.settled(driver)
    assert label(driver).startswith("lr against lr of 5 runs")
