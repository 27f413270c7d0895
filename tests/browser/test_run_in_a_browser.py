"""The panel of one run, in a real browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.experiments.remarks import Remarks
from scheduler.queue.checkout import Checkout
from scheduler.queue.interpreters import Interpreter
from scheduler.queue.job import Job
from scheduler.queue.origins import Origin
from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.browser import chromium
from tests.browser.conftest import Opened, Reported
from tests.browser.filling import Left, curve, fill, written
from tests.browser.seen import too_wide
from tests.origins import comes_from

HOSTILE = "<img src=x onerror=document.title='caught'>"
GRID = """
command: [python, train.py, "${args_json}"]
base: {net: {width: 64, deep: {drop: 0.1}}}
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.1, 0.2, 0.4]}
"""
PATCH = b"diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-print('one')\n+print('two')\n"
TEXT = "return document.querySelector('#run').innerText"
PART = """
const part = [...document.querySelectorAll("#run .body > details")].find((each) => each.dataset.part === arguments[0]);
return part ? part.innerText : null;
"""


def of_the_grid(config: Mapping[str, Any]) -> Left:
    """The last has failed, with much output and a bar."""
    if config["lr"] == 0.4:
        said = "".join(f"epoch {number}\n" for number in range(300)) + f"\r10 %\r99 %\n{HOSTILE}\nValueError: 3 > 2\n"
        return Left(
            State.FAILED, curve(config, 5), log=said, reason="exit status 1", exit_status=1, remarks=Remarks(("odd",), HOSTILE)
        )
    return Left(rows=curve(config), log="fine\n")


@pytest.fixture
def jobs(store: Store, tmp_path: Path) -> list[Job]:
    import zlib

    found = fill(store, written(tmp_path, GRID), tmp_path, of_the_grid)
    origin = Origin(
        Checkout("/work", "0123456789abcdef", "main", zlib.compress(PATCH), ("notes.txt",)),
        Interpreter("/usr/bin/python3", "3.11.2", ("numpy==2.0", "torch==2.9")),
        "desk",
        "Linux 6.1",
    )
    with store.change() as change:
        for job in found:
            attempt = store.latest_attempts([job])[job.id]
            comes_from(change, attempt, origin)
    return found


def part(driver: Any, name: str) -> str:
    return driver.execute_script(PART, name)


def test_a_failed_run_shows_why_first_and_nothing_in_it_is_html(opened: Opened, jobs: list[Job], reported: Reported) -> None:
    """The end of its output is in sight when it is opened, on a phone too, and what a job prints stays a text."""
    driver = opened(reported(), f"open=%22{jobs[2].id}%22", width=390, height=844, theme="dark")
    assert "failed: exit status 1" in part(driver, "Facts")
    assert HOSTILE in part(driver, "Facts")
    output = driver.find_element("css selector", "#run .output")
    assert output.text.endswith(f"99 %\n{HOSTILE}\nValueError: 3 > 2")
    bottom = "const box = document.querySelector('#run .output'); return box.scrollHeight - box.scrollTop - box.clientHeight"
    assert driver.execute_script(bottom) < 2
    names = [each.text for each in driver.find_elements("css selector", "#run h3")]
    assert names[:2] == ["Facts", "Output"]
    assert too_wide(driver) == []
    assert driver.title == "All experiments"


def test_output_is_searched(opened: Opened, jobs: list[Job], reported: Reported) -> None:
    """Of three hundred lines the tenth hit is a key away."""
    from selenium.webdriver.common.keys import Keys

    driver = opened(reported(), f"open=%22{jobs[2].id}%22")
    search = driver.find_element("css selector", "#run [aria-label='search in the output']")
    search.send_keys("EPOCH 29")
    assert "1 of 11" in part(driver, "Output")
    search.send_keys(Keys.ENTER * 10)
    assert "11 of 11" in part(driver, "Output")
    where = """const mark = document.querySelector("#run mark.now").getBoundingClientRect();
      const box = document.querySelector("#run .output").getBoundingClientRect();
      return [mark.top >= box.top && mark.bottom <= box.bottom, document.querySelector("#run mark.now").textContent]"""
    assert driver.execute_script(where) == [True, "epoch 29"]


def test_a_run_is_left_and_gone_through_by_keys_and_its_neighbours_are_a_click_away(
    opened: Opened, jobs: list[Job], reported: Reported
) -> None:
    """Escape goes back to where one was; the link opens the same for another."""
    from selenium.webdriver.common.keys import Keys

    driver = opened(reported())
    name = driver.find_elements("css selector", ".runs .name")[0]
    name.send_keys(Keys.ENTER)
    chromium.settled(driver)
    assert jobs[2].id not in driver.current_url
    first = driver.execute_script(TEXT)
    assert "1 of 3" in first
    assert driver.execute_script("return document.querySelector('#run').contains(document.activeElement)")
    [after] = [each for each in driver.find_elements("css selector", "#run button") if each.text.startswith("next ")]
    after.click()
    chromium.settled(driver)
    assert "2 of 3" in driver.execute_script(TEXT)
    driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert "open=" not in driver.current_url
    assert not driver.find_element("css selector", "#run").is_displayed()
    assert driver.switch_to.active_element == name


def test_values_configuration_and_origin_are_those_of_the_run(opened: Opened, jobs: list[Job], reported: Reported) -> None:
    """What another needs to say what was run: the place of the best, each parameter, the commit with what was not in it."""
    driver = opened(reported(), f"open=%22{jobs[1].id}%22")
    values = part(driver, "Values")
    assert "at step 49" in values
    best = driver.find_elements("css selector", "#run .values .best")
    assert [each.text.split()[0] for each in best] == [f"{curve({'lr': 0.2})[-1]['loss']:.4g}"]
    assert part(driver, "Configuration").split("\n")[1:] == ["nested", "lr", "0.2", "net", "width", "64", "deep", "drop", "0.1"]
    driver.find_element("css selector", "#run .switch input").click()
    assert "net.deep.drop" in part(driver, "Configuration")
    assert "0123456789ab on main" in part(driver, "Where it comes from")
    for fold in driver.find_elements("css selector", "#run details details > summary"):
        fold.click()
    chromium.settled(driver)
    told = part(driver, "Where it comes from")
    assert "-print('one')\n+print('two')" in told, "another run of the report has the patch"
    assert "notes.txt" in told
    assert "torch==2.9" in told
    colour = """const lines = [...document.querySelectorAll("#run .patch span")];
      return getComputedStyle(lines.find((each) => each.textContent.startsWith(arguments[0]))).color"""
    assert driver.execute_script(colour, "+print") != driver.execute_script(colour, "-print")


def test_runs_side_by_side_show_first_what_differs(opened: Opened, jobs: list[Job], reported: Reported) -> None:
    """Of sixty parameters the two that matter."""
    marked = "%2C".join(f"%22{job.short_id}%22" for job in jobs[:2])
    driver = opened(reported(), f"open=%22{jobs[0].id}%22&beside=%5B{marked}%5D")
    rows = [row.text for row in driver.find_elements("css selector", "#run [aria-label^=configurations] tbody tr")]
    assert rows == ["differs", "lr 0.1 0.2", "the same in all", "net.width 64 64", "net.deep.drop 0.1 0.1"]
