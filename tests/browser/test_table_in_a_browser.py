"""The table of runs, in a real browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.compare import compare, means
from scheduler.home import open_home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.report import comparison
from scheduler.web.page import self_contained
from tests.browser import chromium
from tests.browser.conftest import Opened, Reported
from tests.browser.filling import Left, fill, written
from tests.browser.seen import too_wide

SEEDS = """
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.1, 0.2], seed: [1, 2, 3]}
"""
GO = "document.querySelector('nav a[href=\"#table\"]').click()"
CELLS = """
return [...document.querySelectorAll(".wide tbody tr[data-id]")].map((row) => [row.dataset.id.slice(0, 8),
  ...[...row.querySelectorAll("td")].map((cell) => cell.textContent)]);
"""
HEADS = "return [...document.querySelectorAll('.wide thead button')].map((each) => each.dataset.word)"
WAYS = "return [...document.querySelectorAll('.wide thead th')].map((each) => each.getAttribute('aria-sort'))"
SAVED = """
const real = URL.createObjectURL, done = arguments[0];
URL.createObjectURL = (blob) => { blob.text().then(done); URL.createObjectURL = real; return real(blob); };
[...document.querySelectorAll("#table button")].find((each) => each.textContent === "download CSV").click();
"""


def rows_of(driver: Any) -> list[list[str]]:
    return driver.execute_script(CELLS)


def table_of(opened: Opened, path: Path, link: str = "", **window: Any) -> Any:
    driver = opened(path, link, **window)
    driver.execute_script(GO)
    chromium.settled(driver)
    return driver


def test_the_table_of_a_page_is_that_of_compare(opened: Opened, demo: Path) -> None:
    """Which columns there are, what differs, the order and the values: one question has one answer, wherever it is asked."""
    with Store(open_home(demo.parent / "home")) as store:
        usual, different = compare(store), compare(store, only_different=True)
    words = [column.word for column in usual.columns if column.word not in ("id", "name")]
    driver = table_of(opened, demo)
    heads = driver.execute_script(HEADS)
    assert [head for head in heads if head in words] == words
    assert heads[0] == "run"
    assert set(heads[1:]) - set(words) <= {"gpu_use", "energy_wh", "tags", "note"}
    found = {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows_of(driver)}
    assert list(found) == [each.job.short_id for each in usual.rows]
    for each, row in zip(usual.rows, comparison.table(usual), strict=True):
        shown = found[each.job.short_id]
        for word in words:
            if word != "duration":  # which runs on, and is worded in another way
                assert shown[word].removeprefix("★") == row[word], (each.job.name, word)
    values = [row["best.loss"] for row in found.values() if row["best.loss"]]
    least = min((value.removeprefix("★") for value in values), key=float)
    assert {value for value in values if value.startswith("★")} == {f"★{least}"}
    driver = table_of(opened, demo, "diff=true")
    words = [column.word for column in different.columns if column.word not in ("id", "executable")]
    assert sorted(driver.execute_script(HEADS)[1:]) == sorted(words)


def of_seeds(config: Mapping[str, Any]) -> Left:
    """Each seed ends elsewhere, and one has failed."""
    if (config["lr"], config["seed"]) == (0.1, 2):
        return Left(State.FAILED, exit_status=1)
    return Left(rows=[{"_step": 0, "loss": config["lr"] * 7 + config["seed"] ** 2 / 3, "acc": 0.5}])


def test_means_are_those_of_compare(opened: Opened, store: Store, reported: Reported, tmp_path: Path) -> None:
    """What goes into a paper must not depend on where it was read; a failed run is counted, not averaged."""
    fill(store, written(tmp_path, SEEDS), tmp_path, of_seeds)
    asked = means(store, [], ["seed"])
    wanted = comparison.table_of_means(asked)
    driver = table_of(opened, reported(), "by=%5B%22seed%22%5D")
    heads = driver.execute_script(HEADS)[1:]
    found = [dict(zip(heads, row[1:], strict=True)) for row in rows_of(driver)]
    names = [name for name in wanted[0] if name != "jobs" and any(row[name] for row in wanted)]
    assert [[row[name].removeprefix("★") for name in names] for row in found] == [[row[name] for name in names] for row in wanted]
    assert "program" not in heads
    assert [name.text for name in driver.find_elements("css selector", ".wide .name")] == ["2 runs", "3 runs"]
    saved = list(csv.DictReader(io.StringIO(driver.execute_async_script(SAVED))))
    objects = comparison.objects_of_means(asked)
    assert list(saved[0]) == list(objects[0])
    for row, each in zip(saved, objects, strict=True):
        assert [float(row[name] or "nan") for name in each] == pytest.approx(list(each.values()))


def test_a_column_is_sorted_both_ways_with_what_is_missing_last(opened: Opened, demo: Path) -> None:
    """By a click and by the keyboard; the link keeps the order, and a reader who hears the page is told of it."""
    from selenium.webdriver.common.keys import Keys

    driver = table_of(opened, demo)
    at = driver.execute_script(HEADS).index("best.loss")

    def values() -> list[str]:
        return [row[at].removeprefix("★") for row in rows_of(driver)]

    head = driver.find_element("css selector", '.wide [data-word="best.loss"]')
    head.send_keys(Keys.ENTER)
    chromium.settled(driver)
    numbers = [value for value in values() if value]
    assert numbers == sorted(numbers, key=float)
    assert values()[len(numbers) :] == [""] * (len(values()) - len(numbers)) != []
    assert driver.execute_script(WAYS)[at] == "ascending"
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    chromium.settled(driver)
    assert values() == [*sorted(numbers, key=float, reverse=True), *[""] * (len(values()) - len(numbers))]
    assert driver.execute_script(WAYS).count("descending") == 1
    assert "sort=%22best.loss%3Amax%22" in driver.current_url


def test_a_run_of_the_table_is_lit_opened_and_hidden_everywhere(opened: Opened, demo: Path) -> None:
    """One run is the same in all views; the arrows go from row to row."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    driver = table_of(opened, demo)
    first, second = (row[0] for row in rows_of(driver)[:2])
    names = driver.find_elements("css selector", ".wide tbody .name")
    names[0].send_keys(Keys.ARROW_DOWN)
    lit = "return [...document.querySelectorAll('.lit')].map((each) => each.dataset.id ?? each.querySelector('.name').title)"
    assert all(second in each for each in driver.execute_script(lit))
    assert len(driver.execute_script(lit)) == 2
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert f"open=%22{second}" in driver.current_url
    ActionChains(driver).key_down(Keys.CONTROL).click(names[0]).key_up(Keys.CONTROL).perform()
    assert f"beside=%5B%22{first}%22%5D" in driver.current_url
    driver.find_elements("css selector", ".wide tbody input")[0].click()
    chromium.settled(driver)
    assert f"hidden=%5B%22{first}%22%5D" in driver.current_url
    assert rows_of(driver)[0][0] == first, "it can be shown again where it was hidden"


def many(count: int, columns: int) -> dict[str, Any]:
    """Answers with so many runs, of which each row has another value."""
    names = [f"p{number}" for number in range(columns)]

    def run(number: int) -> dict[str, Any]:
        about = {
            "id": f"{number:08x}{0:024x}",
            "name": f"run-{number}",
            "number": number,
            "state": "done",
            "tags": [],
            "attempt": 1,
        }
        values = {"config": {name: number * 10 + place for place, name in enumerate(names)}, "last": {}, "low": {}, "high": {}}
        return {**about, **values, "used": {}, "paused": False, "sweep": None, "trial": None}

    runs: Sequence[dict[str, Any]] = [run(number) for number in range(count)]
    about = {"format": 1, "made": 1.7e9, "version": "1", "host": "desk", "title": "Many", "notes": ""}
    lists = {"metrics": [], "goals": {}, "guessed": [], "parameters": names, "runs": runs}
    return {"runs": {**about, **lists}, "curves": {}, "clocks": {}}


def test_of_five_thousand_rows_those_in_sight_are_drawn_and_the_first_column_stays(opened: Opened, tmp_path: Path) -> None:
    """A sweep of a week is looked through on a phone: the page does not grow with it, and a value is never without its name."""
    path = tmp_path / "many.html"
    path.write_text(self_contained("Many", many(5000, 30)), encoding="utf-8")
    driver = table_of(opened, path, width=390, theme="dark")
    assert len(rows_of(driver)) < 100
    assert too_wide(driver) == []
    driver.execute_script("const box = document.querySelector('.table-box'); box.scrollTop = 1e9; box.scrollLeft = 1e9")
    chromium.settled(driver)
    assert rows_of(driver)[-1][0] == "00001387"
    assert rows_of(driver)[-1][-1] == "50019"
    edges = """const box = document.querySelector(".table-box").getBoundingClientRect();
      return [...document.querySelectorAll(".wide .first")].map((each) => each.getBoundingClientRect().left - box.left);"""
    assert set(driver.execute_script(edges)) == {1}
    head = driver.find_element("css selector", ".wide thead th:last-child").rect
    last = driver.find_elements("css selector", ".wide tbody tr[data-id] td:last-child")[-1].rect
    assert head["x"] == last["x"]
    assert head["y"] < last["y"], "the head stays above the last row"


def test_means_over_two_versions_of_a_program_say_so(opened: Opened, store: Store, reported: Reported, tmp_path: Path) -> None:
    """A mean over seeds before and after an edit is of neither."""
    for seeds, edit in (("[1, 2]", "before"), ("[3]", "after")):
        (tmp_path / "train.py").write_text(f"# {edit}\n")
        some = SEEDS.replace("[1, 2, 3]", seeds).replace("lr: [0.1, 0.2]", "lr: [0.1]")
        fill(store, written(tmp_path, some), tmp_path, lambda config: Left(State.DONE, [{"_step": 0, "loss": config["seed"]}]))
    asked = means(store, [], ["seed"])
    driver = table_of(opened, reported(), "by=%5B%22seed%22%5D")
    (found,) = [dict(zip(driver.execute_script(HEADS)[1:], row[1:], strict=True)) for row in rows_of(driver)]
    assert found["program"] == comparison.table_of_means(asked)[0]["program"] == "2 versions"
    (saved,) = csv.DictReader(io.StringIO(driver.execute_async_script(SAVED)))
    assert (saved["versions"], "program" in saved) == ("2", False)


def test_runs_of_two_directories_are_two_rows_of_means(opened: Opened, store: Store, reported: Reported, tmp_path: Path) -> None:
    """Two worktrees, the same parameters: one mean of both hid what somebody had changed, and half of the runs were left out."""
    for name, base in (("before", 1.0), ("after", 5.0)):
        (tmp_path / name).mkdir()
        lefts = {seed: Left(State.DONE, [{"_step": 0, "loss": base + seed}]) for seed in (1, 2, 3)}
        fill(store, written(tmp_path, SEEDS), tmp_path / name, lambda config, lefts=lefts: lefts[config["seed"]])
    wanted = comparison.table_of_means(means(store, [], ["seed"]))
    driver = table_of(opened, reported(), "by=%5B%22seed%22%5D")
    found = [dict(zip(driver.execute_script(HEADS)[1:], row[1:], strict=True)) for row in rows_of(driver)]
    assert len(found) == len(wanted) == 4
    shown = [{name: row[name].removeprefix("★") for name in ("cwd", "lr", "best.loss")} for row in found]
    assert sorted(map(str, shown)) == sorted(str({name: row[name] for name in ("cwd", "lr", "best.loss")}) for row in wanted)


def test_a_parameter_that_is_called_as_a_value_of_a_metric_stands_beside_it(
    opened: Opened, store: Store, reported: Reported, tmp_path: Path
) -> None:
    """The column of the metric took its place."""
    text = SEEDS.replace("lr: [0.1, 0.2], seed: [1, 2, 3]", "best.loss: [5, 6]")
    fill(store, written(tmp_path, text), tmp_path, lambda config: Left(State.DONE, [{"_step": 0, "loss": 0.5}]))
    driver = table_of(opened, reported())
    rows = [dict(zip(driver.execute_script(HEADS)[1:], row[1:], strict=True)) for row in rows_of(driver)]
    assert sorted((row["config.best.loss"], row["best.loss"]) for row in rows) == [("5", "0.5"), ("6", "0.5")]


def test_a_seed_is_shown_to_its_last_digit(opened: Opened, store: Store, reported: Reported, tmp_path: Path) -> None:
    """Of 20261130 stood 2.03e+7, as of the next one, and a browser has no numbers for what is longer than 16 digits."""
    seeds = [20261130, 20261131, 12345678901234567890]
    text = SEEDS.replace("lr: [0.1, 0.2], seed: [1, 2, 3]", f"seed: {seeds}")
    (*_, last) = fill(store, written(tmp_path, text), tmp_path, lambda config: Left(State.DONE, [{"_step": 0, "loss": 0.5}]))
    driver = table_of(opened, reported(), f"open=%22{last.id}%22")
    at = driver.execute_script(HEADS).index("seed")
    assert sorted(row[at] for row in rows_of(driver)) == sorted(map(str, seeds))
    assert str(seeds[-1]) in driver.find_element("css selector", "#run [data-part=Configuration]").text
    assert f"seed {seeds[-1]}" in driver.find_element("css selector", "#run [data-part=Facts]").text
    driver.find_element("css selector", "input[type=search]").send_keys(f"seed={seeds[-1]}")
    chromium.settled(driver)
    assert [row[0] for row in rows_of(driver)] == [last.id[:8]]
