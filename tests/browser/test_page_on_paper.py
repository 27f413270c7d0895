"""A page on paper: what stands together, and which words are whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.browser import chromium
from tests.browser.conftest import Opened, Reported
from tests.browser.filling import Left, fill, written
from tests.browser.pdf import sheets

# The words in the cells of the table of runs that go on in the next line; between hyphens a browser may break anyway.
_BROKEN = r"""
const broken = [], range = document.createRange(), texts = document.createTreeWalker(arguments[0], NodeFilter.SHOW_TEXT);
for (let text; (text = texts.nextNode());) {
  for (const { 0: word, index } of text.data.matchAll(/[^\s-]+/g)) {
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    if (new Set([...range.getClientRects()].map((each) => Math.round(each.top))).size > 1) broken.push(word);
  }
}
return broken;
"""
LONG = "x" * 60


def on_paper(driver: Any) -> None:
    """As wide as a sheet is."""
    chromium.printing(driver)
    size = {"width": 700, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    chromium.settled(driver)


def test_on_paper_words_are_whole_and_only_what_no_column_can_hold_is_broken(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """`stopped_ea rly` is read twice; and a path must not push other columns off the sheet."""
    names = f"data: [handwriting, {LONG}, lines], schedule: [cosine_with_warmup, constant, linear], optimizer: [sgd, adamw, lion]"
    numbers = "learning_rate: [0.00012, 0.5, 1], seed: [1, 2, 3]"
    trials = written(tmp_path, f"command: [python, train.py]\nzip: {{{names}, {numbers}}}\n")
    row = {"_step": 1, "validation_loss": 0.123456}
    fill(store, trials, tmp_path, lambda _: Left(State.STOPPED_EARLY, [row]))
    driver = opened(reported())
    on_paper(driver)
    sheet = driver.find_element("css selector", "table.wide")
    assert set(driver.execute_script(_BROKEN, sheet)) == {LONG}
    assert sheet.rect["width"] <= 700


def test_a_table_of_more_columns_than_a_sheet_can_hold_is_as_wide_as_it(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """What lies to the right of the sheet is lost; a broken word is not."""
    values = ", ".join(f"parameter_{number}: [{number}, {number}000]" for number in range(40))
    trials = written(tmp_path, f"command: [python, train.py]\nzip: {{{values}}}\n")
    fill(store, trials, tmp_path, lambda _: Left(rows=[{"_step": 1, "loss": 1.0}]))
    driver = opened(reported())
    on_paper(driver)
    assert driver.find_element("css selector", "table.wide").rect["width"] <= 700


_ALONE = """
const [view, height] = arguments, wanted = document.getElementById(view);
for (const each of document.querySelectorAll("main > *")) if (each !== wanted) each.remove();
const space = document.createElement("div");
space.style.height = `${height}px`;
wanted.before(space);
"""


def test_no_heading_stands_alone_at_the_foot_of_a_sheet(opened: Opened, demo: Path) -> None:
    """Who turns the page has forgotten it, and what is above the figure belongs to nothing."""
    driver = opened(demo)
    chromium.draw_all(driver)
    found = []
    for height in range(100, 700, 100):
        driver.execute_script(_ALONE, "parallel", height)
        (_, heading), (_, figure), *_ = sheets(driver, "H2", "Figure")
        found.append((heading, figure))
    assert {figure for _, figure in found} == {0, 1}, "of some heights it still has a place on the first sheet"
    assert [each for each in found if each[0] != each[1]] == []
