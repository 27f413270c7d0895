"""Pages in a real browser. What every test of them asserts: the page says no word of error, and asks nobody for anything.

    def test_something(opened: Opened, demo: Path) -> None:
        driver = opened(demo, width=390, theme="dark", link="smooth=0.5")

`demo` is a report with something of everything; `fill`, `sweep_of` and `reported` make others. Skipped, with the reason, where
there is no Chromium.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.experiments.remarks import Remarks
from scheduler.home import Home, open_home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.web import report
from tests.browser import chromium
from tests.browser.filling import Left, curve, fill, show_everything, sweep_of, system, written

Opened = Callable[..., Any]
Reported = Callable[..., Path]

GRID = """
experiment_group: Demo
command: [python, train.py, "${args_json}"]
base: {net: {width: 64}, data: lines}
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.1, 0.2, 0.4], seed: [1, 2]}
"""
OTHERS = """
experiment_group: Others
command: [python, train.py, "${args_json}"]
base: {data: lines}
grid: {lr: [0.5, 0.6, 0.7, 0.8]}
"""
TRIALS = """
experiment_group: Sweep
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.01, 0.03, 0.1, 0.3, 0.9], opt: [adam, sgd]}
"""
SPACE = [[["lr"], "log_uniform_values", {"min": 0.001, "max": 1.0}], [["opt"], "categorical", {"values": ["adam", "sgd"]}]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if why := chromium.missing():
        pytest.skip(why)
    with chromium.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def driver(browser: Any) -> Iterator[Any]:
    """The browser of this session, at an empty page, of a reader at a desk who likes it light."""
    chromium.look(browser)
    browser.get("about:blank")
    chromium.complaints(browser)
    chromium.requests(browser)
    yield browser
    browser.get("about:blank")


@pytest.fixture
def opened(driver: Any) -> Iterator[Opened]:
    """Open a file, or an address, with a window of this size and theme (as `chromium.look`); `link`: what stands after its `#`.
    Gives the driver when the page is there, with all that was to be drawn. In the end no page may have complained, nor have asked
    for anything that is not its own."""
    addresses: list[str] = []
    asked: list[str] = []

    def open_it(place: Path | str, link: str = "", **window: Any) -> Any:
        address = place.absolute().as_uri() if isinstance(place, Path) else place
        addresses.append(address)
        chromium.look(driver, **window)
        if driver.current_url.split("#")[0] == address:
            driver.get("about:blank")  # a link that differs after its # alone would load nothing
        driver.get(f"{address}#{link}" if link else address)
        chromium.until(driver, "return document.documentElement.dataset.ready")
        chromium.settled(driver)
        asked.extend(chromium.strangers(chromium.requests(driver), address))
        return driver

    yield open_it
    if addresses:
        asked.extend(chromium.strangers(chromium.requests(driver), addresses[-1]))
    assert asked == [], "requests that left the page"
    assert chromium.complaints(driver) == []


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    with Store(home) as opened_store:
        yield opened_store


@pytest.fixture
def reported(store: Store, tmp_path: Path) -> Reported:
    """A report of the jobs of `store` that words name, without words all; `options` as `report.write` has them."""

    def write(*words: str, **options: Any) -> Path:
        path = tmp_path / "report.html"
        report.write(store, words, path, force=True, **options)
        return path

    return write


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of something of everything, with its queue beside it in `home`: six runs of a grid, of which one has shown
    pictures; one that has failed, one that was cancelled, one that runs and one that is queued; ten trials of a sweep, of which
    hyperband has stopped those that learn slowly."""
    directory = tmp_path_factory.mktemp("demo")
    with Store(open_home(directory / "home")) as store:
        fill_demo(store, directory)
        return report.write(store, (), directory / "demo.html").path


def fill_demo(store: Store, directory: Path) -> None:
    """What `demo` shows."""
    fill(store, written(directory, GRID), directory, _of_the_grid)
    others = {
        0.5: Left(State.FAILED, curve({"lr": 0.5}, 5), log="Traceback\nValueError: no\n", reason="exit status 1", exit_status=1),
        0.6: Left(State.CANCELLED, curve({"lr": 0.6}, 8), reason="cancelled by a person", exit_status=-15),
        0.7: Left(State.RUNNING, curve({"lr": 0.7}, 20), log="epoch 3\n"),
        0.8: Left(State.QUEUED),
    }
    fill(store, written(directory, OTHERS), directory, lambda config: others[config["lr"]])
    trials = fill(store, written(directory, TRIALS), directory, _of_the_sweep)
    sweep_of(store, trials, "loss", SPACE)


def _of_the_grid(config: Mapping[str, Any]) -> Left:
    said = Remarks(("baseline",), "the first one") if config["seed"] == 1 else Remarks()
    first = (config["lr"], config["seed"]) == (0.1, 1)
    return Left(rows=curve(config), system=system(), log="epoch 1\n", show=show_everything if first else None, remarks=said)


def _of_the_sweep(config: Mapping[str, Any]) -> Left:
    slow = config["lr"] < 0.1
    return Left(State.STOPPED_EARLY if slow else State.DONE, curve(config, 3 if slow else 30))
