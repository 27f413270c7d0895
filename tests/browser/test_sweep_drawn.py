"""A sweep: what mattered, and who was stopped early and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.browser import chromium
from tests.browser.conftest import SPACE, Opened, Reported
from tests.browser.filling import Left, fill, sweep_of, written
from tests.browser.seen import ink, size_of

TRIALS = """
experiment_group: Sweep
command: [python, train.py, "${args_json}"]
grid: {lr: [0.01, 0.03, 0.1, 0.3, 0.9], opt: [adam, sgd]}
"""
MANY = TRIALS.replace("0.01, 0.03, 0.1, 0.3, 0.9", ", ".join(str(number / 1000) for number in range(2, 32)))


def rows(level: float, count: int) -> list[dict[str, Any]]:
    """Of a loss that falls a little from its level; a row each second."""
    return [{"_step": 10 * row, "loss": level - row / 100} for row in range(count)]


def of_a_trial(config: dict[str, Any]) -> Left:
    """A loss of 0.9 for the smallest rates, which were stopped after three rows; 0.5 for the others, which have nine."""
    slow = config["lr"] < 0.1
    return Left(State.STOPPED_EARLY if slow else State.DONE, rows(0.9 if slow else 0.5, 3 if slow else 9))


def opened_at_the_sweep(opened: Opened, page: Path, **options: Any) -> Any:
    driver = opened(page, **options)
    driver.execute_script("document.getElementById('sweep').scrollIntoView()")
    chromium.until(driver, "return document.querySelector('#sweep figcaption')")
    chromium.settled(driver)
    return driver


def text(driver: Any, what: str) -> str:
    return driver.find_element("css selector", f"#sweep {what}").text


def test_who_was_stopped_where_and_why_is_drawn_told_and_listed(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """A trial that was ended by a rule of others needs a reason, where one looks at it."""
    trials = fill(store, written(tmp_path, TRIALS), tmp_path, of_a_trial)
    sweep_of(store, trials, "loss", SPACE)
    driver = opened_at_the_sweep(opened, reported(), link="rowlog=false")
    assert text(driver, ".sweep-head p").startswith(
        "sweep.yaml, method random, loss to be minimized: 10 trials, 4 stopped early, 6 done."
    )
    cells = [each.text for each in driver.find_elements("css selector", "#sweep td")]
    assert cells[:3] == ["3", "10", "0.48"], "the row, how many were there, and what still passed"
    assert "4 trials stopped early: about" in text(driver, "figure + figure .soft")
    canvas = driver.find_element("css selector", "#sweep canvas")
    width, height = size_of(canvas)
    at = [ink(driver, canvas, "rgb(179 38 30)", part=part, near=20) for part in ((0, 0.5), (0.5, 1))]
    assert [each.count > 30 for each in at] == [True, True], "a threshold at row 3, of those that got to row 9 another"
    assert (at[0].top + at[0].bottom) / 2 > height / 2, "it lies with the good ones"
    lost = ink(driver, canvas, "rgb(90 101 114)", part=(0.3, 0.4), high=0.3, near=45)
    assert lost.count > 5, "crosses end the lines of the four, in row 3 of 9, high up"
    plane = driver.find_element("css selector", "#sweep .plane")
    place = ((lost.left + lost.right) / 2 - width / 2, (lost.top + lost.bottom) / 2 - height / 2)
    ActionChains(driver, duration=0).move_to_element_with_offset(plane, *(int(each) for each in place)).perform()
    chromium.settled(driver)
    told = text(driver, ".tip")
    assert "stopped early after 3 rows, last loss 0.88" in told
    assert "its best loss in 3 rows was 0.88, worse than the best of the others at row 3 (better: trial 0)" in told
    driver.find_element("css selector", "#sweep summary").click()
    assert len(driver.find_elements("css selector", "#sweep li button.link")) == 4


def test_what_mattered_is_bars_with_what_they_rest_on_or_a_sentence_that_says_why_not(
    store: Store, tmp_path: Path, opened: Opened, reported: Reported
) -> None:
    """Ten trials tell nothing of that, and a bar would be believed; of two sweeps one chooses."""
    pytest.importorskip("optuna", reason="the importance of parameters is computed by Optuna")
    few = fill(store, written(tmp_path, TRIALS), tmp_path, of_a_trial)
    sweep_of(store, few, "loss", SPACE)
    many = fill(store, written(tmp_path, MANY), tmp_path, lambda config: Left(rows=rows(1 - config["lr"], 2)))
    sweep_of(store, many, "loss", SPACE, "f" * 32)
    driver = opened_at_the_sweep(opened, reported())
    names = [each.text for each in driver.find_elements("css selector", "#sweep .bar-name")]
    assert names == ["lr", "opt"], "the newest sweep stands first"
    widths = [each.size["width"] for each in driver.find_elements("css selector", "#sweep .filled")]
    shares = [float(each.text.strip("%< ")) for each in driver.find_elements("css selector", "#sweep .shares .value")]
    assert widths[0] > widths[1]
    assert widths[1] / widths[0] == pytest.approx(shares[1] / shares[0], abs=0.05)
    assert text(driver, "figure .soft").startswith("By 60 trials that ended well")
    driver.get("about:blank")
    driver = opened_at_the_sweep(opened, reported(), link="sweep=" + json.dumps("01234567"))
    assert not driver.find_elements("css selector", "#sweep .filled")
    assert text(driver, "figure .soft") == "It needs 20 trials that ended well with a value of the metric, and there are 10."


NARROW = [[["lr"], "log_uniform_values", {"min": 0.001, "max": 0.5}], SPACE[1]]


def of_two(config: dict[str, Any]) -> Left:
    """A loss that is the smaller, the larger `lr`, at the price of a size, which sgd makes larger for nothing."""
    size = 100 * config["lr"] + (20 if config["opt"] == "sgd" else 0)
    return Left(rows=[{"_step": 1, "loss": 1 - config["lr"], "size": size}])


@pytest.fixture
def traded(store: Store, tmp_path: Path) -> list[str]:
    """The ids of the trials of a sweep of two objectives whose range has been narrowed, so that those at 0.9 lie outside,
    and which has learnt from one of the wide range."""
    before = fill(store, written(tmp_path, TRIALS), tmp_path, of_two)
    sweep_of(store, before, "loss", SPACE, "f" * 32, beside=["size"])
    trials = fill(store, written(tmp_path, TRIALS), tmp_path, of_two)
    sweep_of(store, trials, "loss", NARROW, method="bayes", beside=["size"], learnt=before)
    return [trial.id for trial in trials]


def test_the_front_what_lies_outside_and_what_was_learnt_are_told(traded: list[str], opened: Opened, reported: Reported) -> None:
    """Who reads the page has not seen the terminal, and would take the best value of all for the answer."""
    driver = opened_at_the_sweep(opened, reported(*traded))
    assert text(driver, ".sweep-head p") == (
        "sweep.yaml, method bayes, loss to be minimized and size to be minimized: 10 trials, 10 done. 2 of them lie outside of "
        "the present space (2 by lr): they stay in the table and in the bands, the best is one inside. The best by loss is "
        "trial 6, loss 0.7. Better by loss, but outside of the present space: trial 8, loss 0.1."
    )
    given = "To learn from (--from) it was given 8 of 10 trials of sweep ffffffff (sweep.yaml)"
    assert f"{given}; the other 2 lie outside the present space." in text(driver, ".sweep-head")
    rows = [each.text for each in driver.find_elements("css selector", "#sweep .front tr")]
    assert rows == [
        "trial loss (minimize) size (minimize)",
        *("trial 6 0.7 30", "trial 4 0.9 10", "trial 2 0.97 3", "trial 0 0.99 1"),
    ]
    driver.find_element("css selector", "#sweep .sweep-head + details summary").click()
    items = [each.text for each in driver.find_elements("css selector", "#sweep .sweep-head + details li")]
    assert items == ["trial 8: by lr", "trial 9: by lr"]
    driver.find_element("css selector", "#sweep .front button").click()
    assert driver.execute_script("return document.querySelector('#run h2').textContent") == "trial 6"


def test_the_table_of_runs_and_the_scatter_mark_the_front_and_what_lies_outside(
    traded: list[str], opened: Opened, reported: Reported
) -> None:
    """There they stand among all others, and look like them."""
    driver = opened(reported(*traded), link='across="best.size"&acrosslog="even"&third="none"')
    chromium.draw_all(driver)
    chromium.until(driver, "return document.querySelector('#table .sign-of-trial')")
    chromium.settled(driver)
    rows = driver.find_elements("css selector", "#table tbody tr:has(.sign-of-trial)")
    signs = {
        each.find_element("css selector", ".name").text: each.find_element("css selector", ".sign-of-trial") for each in rows
    }
    assert {name: sign.get_attribute("aria-label") for name, sign in signs.items()} == {
        **{f"trial {number}": "of the front" for number in (0, 2, 4, 6)},
        **{f"trial {number}": "outside of the present space: by lr" for number in (8, 9)},
    }
    for view in ("table", "scatter"):
        said = driver.find_element("css selector", f"#{view}").text
        assert "◇: of the front of a sweep, beaten by no other trial of it in all objectives (4 runs)." in said
        assert "⊘: outside of the space that its sweep has now (2 runs)." in said
    canvas = driver.find_element("css selector", "#scatter canvas")
    link, dark = "rgb(0 96 168)", "rgb(27 31 36)"
    diamonds, strokes = (
        [ink(driver, canvas, colour, part=part, high=0.88, near=10).count for part in ((0.05, 0.4), (0.6, 1))]
        for colour in (link, dark)
    )
    assert (diamonds[0] > 20, diamonds[1]) == (True, 0), "the front has the small sizes"
    assert (strokes[0], strokes[1] > 5) == (0, True), "and what lies outside the large ones"
    driver = opened(reported(*traded), link='across="number"')
    chromium.draw_all(driver)
    drawn = driver.find_element("css selector", "#scatter canvas").get_attribute("aria-label")
    assert "which 3 runs have improved" in drawn, "trials 2, 4 and 6, and not the better one outside"
