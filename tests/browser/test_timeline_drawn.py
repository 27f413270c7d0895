"""The timeline and what runs have used, by what a browser draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scheduler.web.page import self_contained
from tests.browser import chromium
from tests.browser.conftest import Opened
from tests.browser.seen import colour_of, ink, switch_of, too_wide

BEGUN = 1700000000.0
DAY = 86400.0
LANES = 63  # pixels down to the first of what waited, below two lanes


def run(number: int, **more: Any) -> dict[str, Any]:
    about = {"id": f"{number:08x}{0:024x}", "name": f"run-{number}", "number": number, "state": "done", "tags": [], "attempt": 1}
    values = {"config": {}, "last": {}, "first": {}, "low": {}, "high": {}, "used": {}, "started": BEGUN}
    return {**about, **values, "paused": False, "sweep": None, "trial": None, "media": False, **more}


def curve(values: list[float]) -> dict[str, Any]:
    return {"at": {"from": 5, "by": 5, "count": len(values)}, "last": values, "odd": 0}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Run 1 on two GPUs for 100 s; run 2, which waited for it and failed, a day later; both were measured."""
    runs = [run(1, used={"energy_wh": 30.0}), run(2, state="failed", used={"energy_wh": 10.0})]
    one, two = (each["id"] for each in runs)
    attempts = [
        {
            "run": one,
            "number": 1,
            "started": BEGUN,
            "ended": BEGUN + 100,
            "state": "done",
            "reason": "",
            "lanes": ["GPU 0", "GPU 1"],
        },
        {
            "run": two,
            "number": 1,
            "started": BEGUN + DAY,
            "ended": BEGUN + DAY + 100,
            "state": "failed",
            "reason": "exit status 1",
            "lanes": ["GPU 0"],
        },
    ]
    waits = [{"run": two, "from": BEGUN, "to": BEGUN + 100, "why": "after 1 other job"}]
    lists = {"metrics": [], "goals": {}, "guessed": [], "parameters": [], "runs": runs}
    answers = {
        "runs": {"format": 1, "made": BEGUN + 2 * DAY, "host": "desk", "title": "Two", **lists},
        "curves": {},
        "clocks": {},
        "sweeps": [],
        "media": {},
        "details": {},
        "logs": {},
        "provenance": {},
        "timeline": {"attempts": attempts, "waits": waits},
        "system": {
            one: {
                "gpu.0.use": curve([90.0, 95.0, 90.0]),
                "gpu.1.use": curve([10.0, 10.0, 10.0]),
                "disk.read": curve([1.0, 2.0, 3.0]),
            },
            two: {"gpu.0.use": curve([50.0, 50.0, 50.0])},
        },
    }
    path = tmp_path / "two.html"
    path.write_text(self_contained("Two", answers), encoding="utf-8")
    return path


def timeline_of(opened: Opened, page: Path, **look: Any) -> tuple[Any, Any]:
    driver = opened(page, **look)
    driver.execute_script("document.getElementById('timeline').scrollIntoView()")
    chromium.settled(driver)
    return driver, driver.find_element("css selector", "#timeline canvas")


def test_each_run_has_a_bar_where_it_ran_and_a_night_takes_no_room(opened: Opened, page: Path) -> None:
    """Who ran where and when is seen at once; a queue that slept for a day is no empty page."""
    driver, canvas = timeline_of(opened, page)
    width = float(canvas.get_property("width"))
    first = ink(driver, canvas, colour_of(driver, "run-1"))
    second = ink(driver, canvas, colour_of(driver, "run-2"))
    assert first.left < second.left
    assert first.right < second.right - width / 4
    assert first.right - first.left > width / 4, "100 s of two days are a third of what is drawn"
    assert first.bottom - first.top > 30, "it has a bar in the lanes of both GPUs"
    told = driver.find_element("css selector", "#timeline p").text
    assert "3 attempts" not in told
    assert told.startswith("2 attempts, 5 min of GPUs in all; the longest wait was 1 min 40 s")
    assert "in which nothing happened" in told


def test_the_pointer_says_who_and_why_and_what_is_hidden_is_gone(opened: Opened, page: Path) -> None:
    """The reason of a wait and of a failure are what somebody looks for."""
    from selenium.webdriver.common.action_chains import ActionChains

    driver, canvas = timeline_of(opened, page)
    colour = colour_of(driver, "run-2")
    ratio = float(driver.execute_script("return devicePixelRatio"))
    bar, other = ink(driver, canvas, colour), ink(driver, canvas, colour_of(driver, "run-1"))

    def said_at(x: float, y: float) -> str:
        box = canvas.size
        at = ActionChains(driver).move_to_element_with_offset(
            canvas, round(x / ratio - box["width"] / 2), round(y / ratio - box["height"] / 2)
        )
        at.perform()
        chromium.settled(driver)
        return driver.find_element("css selector", "#timeline .tip").text

    assert said_at(bar.right - 10, bar.top + 5) == "run-2: failed, 1 min 40 s on GPU 0: exit status 1"
    assert said_at(other.left + 10, LANES * ratio) == ("run-2 waited 1 min 40 s: after 1 other job")
    switch_of(driver, "run-1").click()
    chromium.settled(driver)
    assert ink(driver, canvas, colour_of(driver, "run-1")).count == 0
    assert driver.find_element("css selector", "#timeline p").text.startswith("1 attempt,")


def test_what_was_used_stands_by_quantity_and_the_energy_in_numbers(opened: Opened, page: Path) -> None:
    """GPU use first; what nobody looks for at first is folded away; on a phone nothing is cut off."""
    driver = opened(page, width=390, theme="dark")
    driver.execute_script("document.getElementById('system').scrollIntoView()")
    chromium.settled(driver)
    section = driver.find_element("css selector", "#system")
    assert "energy of the GPUs: 40 Wh for 2 runs" in section.text
    assert "30 Wh" in section.text
    shown = [each.text for each in section.find_elements("css selector", "figcaption") if each.is_displayed()]
    assert shown == ["energy of the GPUs: 40 Wh for 2 runs", "GPU, busy, %"]
    canvas = section.find_element("css selector", ".chart canvas")
    first, second = (ink(driver, canvas, colour_of_hidden(driver, name)) for name in ("run-1", "run-2"))
    assert first.top < second.top, "90 % is above 50 %"
    assert first.bottom > second.bottom, "its other GPU is at 10 %"
    assert too_wide(driver) == []


def colour_of_hidden(driver: Any, name: str) -> str:
    """Of a list that is folded on a phone."""
    driver.execute_script("document.querySelector('.beside').open = true")
    found = colour_of(driver, name)
    driver.execute_script("document.querySelector('.beside').open = false")
    return found


def test_a_filter_that_lets_no_run_pass_leaves_a_sentence_and_comes_back(opened: Opened, page: Path) -> None:
    """A filter is typed letter by letter, and on the way to a name there is often none."""
    driver = opened(page)
    chromium.draw_all(driver)
    driver.execute_script("location.hash = 'filter=%22nothing%22'")
    chromium.settled(driver)
    section = driver.find_element("id", "timeline")
    assert "none of the shown runs has begun" in section.text
    assert not section.find_element("css selector", "canvas").is_displayed()
    driver.execute_script("location.hash = ''")
    chromium.settled(driver)
    assert "2 attempts" in section.text
    assert section.find_element("css selector", "canvas").is_displayed()


def test_the_bars_of_energy_are_on_paper_too(opened: Opened, page: Path) -> None:
    """What is left out on paper is what can be pressed, and no other thing that has a name like it."""
    driver = opened(page)
    chromium.printing(driver)
    chromium.settled(driver)
    assert [each.is_displayed() for each in driver.find_elements("css selector", "#system .bars .bar")] == [True, True]


LABELS = """
const prototype = CanvasRenderingContext2D.prototype, real = prototype.fillText, found = [];
prototype.fillText = function (text, ...more) { found.push(text); return real.call(this, text, ...more); };
document.querySelector(".theme").click();
requestAnimationFrame(() => requestAnimationFrame(() => {
  prototype.fillText = real;
  arguments[0](found.filter((each) => /^\\d\\d-\\d\\d \\d\\d:\\d\\d$/.test(each)));
}));
"""


def test_midnight_is_midnight_on_both_sides_of_the_end_of_summer_time(opened: Opened, tmp_path: Path, driver: Any) -> None:
    """The marks were moved by the difference from UTC on the first day: from the night on that has 25 hours all were wrong."""
    summer = 1761256800.0  # 2025-10-24 00:00 in Berlin; the clocks are put back on the 26th
    days = [{"run": run(1)["id"], "number": 1, "started": summer, "ended": summer + 4 * DAY, "state": "done", "reason": ""}]
    lists = {"metrics": [], "goals": {}, "guessed": [], "parameters": [], "runs": [run(1, started=summer)]}
    answers = {
        "runs": {"format": 1, "made": summer + 5 * DAY, "host": "desk", "title": "Long", **lists},
        "curves": {},
        "clocks": {},
        "sweeps": [],
        "media": {},
        "details": {},
        "logs": {},
        "provenance": {},
        "system": {},
        "timeline": {"attempts": [{**each, "lanes": ["GPU 0"]} for each in days], "waits": []},
    }
    path = tmp_path / "long.html"
    path.write_text(self_contained("Long", answers), encoding="utf-8")
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
    try:
        timeline_of(opened, path)
        found = driver.execute_async_script(LABELS)
    finally:
        driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    assert found[:2] == ["10-24 00:00", "10-24 12:00"]
    assert "10-27 00:00" in found
    assert {each.split(" ")[1] for each in found} == {"00:00", "12:00"}
