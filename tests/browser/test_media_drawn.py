"""What runs have shown, side by side and step by step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from scheduler.queue.store import Store
from scheduler.tracking.media import Histogram, Image, Table
from scheduler.tracking.media_log import MediaLog
from scheduler.tracking.png import encoded
from tests.browser import chromium
from tests.browser.conftest import Opened, Reported
from tests.browser.filling import Left, fill, written
from tests.browser.seen import ink, size_of, too_wide

HOSTILE = "<img src=x onerror=alert(1)> </script> \u202e"
GRID = "command: [python, train.py]\npolicy: {objective: {metric: loss, goal: minimize}}\ngrid: {lr: [1, 2, 3, 4]}\n"
ROWS = [["the quick fox", "the quik foxx"], ["a dog", "a dog"], [HOSTILE, HOSTILE + "!"], ["line", "xlne"]]


def picture(directory: Path, red: int) -> Path:
    path = directory / f"drawn-{red}.png"
    path.write_bytes(encoded(bytes([red, 0, 0] * 64), 8, 8, 3))
    return path


def show(log: MediaLog, directory: Path, rate: int) -> None:
    """At steps 0 and 10 a picture, the redder the later, and a histogram, the narrower the later; then predictions and a file."""
    for step in (0, 10):
        log.show("example", Image(picture(directory, 50 * rate + step), f"{HOSTILE} at {step}"), step)
        log.show("weights", Histogram.of([(each - 50) / (1 + step) for each in range(101)]), step)
    log.show("predictions", Table(["image", "target", "prediction"], [[Image(picture(directory, 99)), *row] for row in ROWS]), 10)
    (directory / "model.pt").write_bytes(bytes(2048))
    log.keep(directory / "model.pt", "model.pt")
    log.finish()


@pytest.fixture
def shown(store: Store, tmp_path: Path, opened: Opened, reported: Reported) -> Callable[..., Any]:
    """Four runs; the first of them is the best, and the last has shown nothing."""

    def left(config: dict[str, Any]) -> Left:
        shows = (lambda log, directory: show(log, directory, config["lr"])) if config["lr"] < 4 else None
        return Left(rows=[{"_step": 0, "loss": config["lr"]}], show=shows)

    fill(store, written(tmp_path, GRID), tmp_path, left)
    page = reported()

    def open_it(**options: Any) -> Any:
        driver = opened(page, **options)
        driver.execute_script("document.getElementById('media').scrollIntoView()")
        chromium.until(driver, "return document.querySelectorAll('#media figure').length")
        chromium.settled(driver)
        return driver

    return open_it


def reds(driver: Any) -> list[int]:
    """How red each picture of the examples is, as the browser has decoded it."""
    return driver.execute_script("""
        const [figure] = [...document.querySelectorAll("#media figure")].filter((each) => each.textContent.startsWith("example"));
        return [...figure.querySelectorAll("img")].map((image) => {
          const pen = document.createElement("canvas").getContext("2d");
          pen.drawImage(image, 0, 0);
          return pen.getImageData(4, 4, 1, 1).data[0];
        });""")


def test_pictures_stand_side_by_side_and_go_with_the_step(shown: Callable[..., Any]) -> None:
    """Has the second learned what the first has, and since when?"""
    driver = shown(link="side=2")
    assert reds(driver) == [60, 110], "the newest of the two best"
    slider = driver.find_element("css selector", "#media input[type=range]")
    slider.send_keys(Keys.ARROW_LEFT)
    chromium.settled(driver)
    assert reds(driver) == [50, 100]
    assert "seen=0" in driver.execute_script("return location.hash")
    assert f"{HOSTILE} at 0" in driver.find_element("css selector", "#media figure").get_attribute("textContent")
    [following] = [each for each in driver.find_elements("css selector", "#media button") if each.text.startswith("next")]
    following.click()
    chromium.settled(driver)
    assert reds(driver) == [150]
    assert "3 to 3 of 3" in driver.find_element("css selector", "#media .controls").text


def test_what_is_wrong_in_a_prediction_is_marked_and_texts_are_texts(shown: Callable[..., Any]) -> None:
    """One letter among forty is not found by reading."""
    driver = shown(link="side=1", width=390)
    marks = [(each.tag_name, each.text) for each in driver.find_elements("css selector", "#media td del, #media td ins")]
    assert marks == [("del", "c"), ("ins", "x"), ("ins", "!"), ("ins", "x"), ("del", "i")]
    cells = driver.find_elements("css selector", "#media td")
    assert cells[5].text == "a dog"
    assert cells[7].get_attribute("textContent") == HOSTILE
    assert "3 of 4 differ" in driver.find_element("css selector", "#media").text
    assert "model.pt 2 KiB" in driver.find_element("css selector", "#media .files").text
    assert too_wide(driver) == []


def test_a_histogram_is_a_map_over_steps_that_is_read_with_the_pointer(shown: Callable[..., Any]) -> None:
    """Weights that grow narrow are seen before the loss says so."""
    driver = shown(link="side=1")
    canvas = driver.find_element("css selector", "#media canvas")
    width, height = size_of(canvas)
    link = driver.execute_script("return getComputedStyle(document.body).getPropertyValue('--link')")
    first, second = (ink(driver, canvas, link, part=part, near=60) for part in ((0.06, 0.5), (0.56, 0.98)))
    assert first.bottom - first.top > 0.7 * height
    assert second.bottom - second.top < 0.2 * height
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(driver, duration=0).move_to_element_with_offset(
        canvas, width // 4, round((second.top + second.bottom) / 2 - height / 2)
    ).perform()
    chromium.settled(driver)
    told = driver.find_element("css selector", "#media .layers .tip").text
    assert told.startswith("step 10: ")
    assert " of 101 from " in told
    driver.find_element("css selector", "#media summary").click()
    cells = [each.text for each in driver.find_elements("css selector", "#media details td")]
    assert cells[:3] == ["0", "101", "-50"]
