"""The page that `exp-queue ui` serves, in a real browser: it goes on while jobs do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scheduler.home import Home
from scheduler.queue import remarks
from scheduler.queue.chosen import of_numbers
from scheduler.queue.evidence import pause_of
from scheduler.queue.job import Job
from scheduler.queue.remarks import rename
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.web.live import Served, served
from tests.browser import chromium
from tests.browser.conftest import Opened
from tests.browser.filling import Left, curve, fill, written
from tests.browser.seen import chart_of, colour_of, ink
from tests.contract.first_runs import first_runs
from tests.contract.web.conftest import PATIENCE, TEXT, Running, running

SIGN = "return document.querySelector('.sign').dataset.state === arguments[0]"
VALUE = """const names = [...document.querySelectorAll('.runs .name')];
           const name = names.find((each) => each.textContent === arguments[0]);
           return name && name.parentElement.querySelector('.value').textContent === arguments[1];"""
TITLE = """const names = [...document.querySelectorAll('.runs .name')];
           return names.some((each) => each.textContent === arguments[0] && each.title.includes(arguments[1]));"""
PRESS = """const found = [...document.querySelectorAll('.acting button')].find((each) => each.textContent === arguments[0]);
           found?.click();
           return Boolean(found);"""
TOLD = "return document.querySelector('.acting [role=\"status\"]')?.textContent.includes(arguments[0])"
STATE = "return document.querySelector('.acting .state')?.textContent === arguments[0]"
PRINTED = "return document.querySelector('#run .output')?.textContent === arguments[0]"
TOLD_OF_TIME = "return document.querySelector('#timeline p.soft')?.textContent"
BELOW = "const box = document.querySelector('#run .output'); return box.scrollHeight - box.scrollTop - box.clientHeight"

WAITS = """
command: [sh, -c, "touch begun-$0; until [ -e enough ]; do sleep 0.02; done", "${args_no_hyphens}"]
grid: {x: [1, 2]}
"""


@dataclass
class Queue:
    """Three jobs: one over, one that runs, one that waits."""

    store: Store
    over: Job
    running: Running
    waiting: Job


@pytest.fixture
def queue(store: Store, tmp_path: Path) -> Iterator[Queue]:
    lefts = {0.1: Left(State.DONE, curve({"lr": 0.1}, 3)), 0.5: Left(State.QUEUED), 0.7: Left(State.QUEUED)}
    jobs = fill(store, written(tmp_path, TEXT.replace("LRS", str(list(lefts)))), tmp_path, lambda config: lefts[config["lr"]])
    over, runs, waits = jobs
    with store.change() as change:
        for job, name in zip(jobs, ("over", "runs", "waits"), strict=True):
            rename(change, job.number, name)
    with running(store, runs) as now:
        yield Queue(store, over, now, waits)


@contextmanager
def serving(home: Home, **options: Any) -> Iterator[Served]:
    with served(home, say=lambda _: None, **options) as page:
        thread = threading.Thread(target=page.serve)
        thread.start()
        try:
            yield page
        finally:
            page.server.stop()
            thread.join(PATIENCE)


@pytest.fixture
def shown(home: Home, queue: Queue, opened: Opened, driver: Any) -> Iterator[Callable[..., Any]]:
    """Open the live page of the queue; the page is left before its server goes."""
    with ExitStack() as open_now:

        def show(link: str = "", **options: Any) -> Any:
            page = open_now.enter_context(serving(home, **options))
            address, _, key = page.url.partition("#")
            opened(address, link=f"{key}&{link}" if link else key)
            chromium.until(driver, SIGN, "live")
            return driver

        yield show
        driver.get("about:blank")


def press(driver: Any, text: str) -> None:
    """The button with this text, once it is there: a row that changes draws its buttons anew."""
    chromium.until(driver, PRESS, text)


def test_what_a_job_logs_appears_while_it_runs(shown: Callable[..., Any], queue: Queue) -> None:
    """Points behind the curve and the value in the list, without a click; and what the reader does meanwhile stays."""
    queue.running.log(curve({"lr": 0.5}, 3))
    driver = shown()
    chromium.until(driver, VALUE, "runs", "1.313")
    chart, colour = chart_of(driver, "loss"), colour_of(driver, "runs")
    assert ink(driver, chart, colour, part=(0.6, 1)).count > 0
    before = ink(driver, chart_of(driver, "loss"), colour_of(driver, "over"))
    box = driver.find_element("css selector", "input[type=search]")
    box.send_keys("lr<1")
    queue.running.log(curve({"lr": 0.5}, 41)[3:])
    chromium.until(driver, VALUE, "runs", "0.1001")
    chromium.settled(driver)
    assert ink(driver, chart, colour, part=(0.6, 1)).count > 20
    after = ink(driver, chart, colour_of(driver, "over"))
    assert after.right < before.right / 2, "three steps of forty are at the left now"
    assert (driver.switch_to.active_element, box.get_attribute("value")) == (box, "lr<1")


def test_what_an_open_run_prints_is_followed_while_its_values_change(shown: Callable[..., Any], queue: Queue) -> None:
    """News that come more often than its output is looked at must not keep it from being looked at, nor take a search away."""
    lines = "".join(f"line {number}\n" for number in range(200))
    log = queue.running.attempt.log
    log.write_text(lines, encoding="utf-8")
    driver = shown(f'open="{queue.running.job.id}"')
    chromium.until(driver, PRINTED, lines)
    log.write_text(f"{lines}\r 1 %\r99 %\n", encoding="utf-8")
    with_news(driver, queue, PRINTED, f"{lines}99 %\n")
    assert driver.execute_script(BELOW) < 2, "whoever looks at the end goes on looking at the end"
    search = driver.find_element("css selector", "#run [aria-label='search in the output']")
    search.send_keys("epoch")
    log.write_text(f"{lines}epoch 1\nepoch 2\nand more\n", encoding="utf-8")
    with_news(driver, queue, PRINTED, f"{lines}epoch 1\nepoch 2\nand more\n")
    assert (driver.switch_to.active_element, search.get_attribute("value")) == (search, "epoch")
    assert len(driver.find_elements("css selector", "#run .output mark")) == 2


def with_news(driver: Any, queue: Queue, script: str, *values: Any) -> None:
    """Until this gives something in the page, its job logs without a pause."""
    deadline = time.monotonic() + PATIENCE
    while not driver.execute_script(script, *values):
        queue.running.log([{"_step": time.monotonic_ns() // 1000, "loss": 0.5}])
        assert time.monotonic() < deadline, f"it did not come within {PATIENCE} s: {script}"
        chromium.two_frames(driver)


def test_a_job_is_cancelled_from_the_page_after_a_question(shown: Callable[..., Any], queue: Queue) -> None:
    """A click beside the button costs a night: it asks first, and says what has become of it."""
    driver = shown(f'open="{queue.waiting.id}"')
    press(driver, "cancel")
    press(driver, "no")
    chromium.settled(driver)
    assert [each for each in chromium.requests(driver) if "/do/" in each] == []
    assert queue.store.job(queue.waiting.id).state is State.QUEUED
    press(driver, "cancel")
    press(driver, "yes, cancel")
    chromium.until(driver, TOLD, "cancelled")
    chromium.until(driver, STATE, "cancelled")
    assert queue.store.job(queue.waiting.id).state is State.CANCELLED
    press(driver, "retry")
    chromium.until(driver, STATE, "queued")
    chromium.until(driver, TOLD, "exp-queue work")


def test_a_job_is_paused_from_the_page_and_goes_on(
    home: Home, store: Store, tmp_path: Path, until: Callable[..., None], opened: Opened, driver: Any
) -> None:
    """A GPU that is wanted for a moment: the one button does both, and the page says how the job stands."""
    jobs = list(submit(store, written(tmp_path, WAITS), str(tmp_path)).jobs)
    with first_runs(home, store, jobs, tmp_path, until) as job, serving(home) as page:
        address, _, key = page.url.partition("#")
        opened(address, link=f'{key}&open="{job.id}"')
        press(driver, "pause")
        chromium.until(driver, STATE, "paused")
        (attempt,) = store.open_attempts()
        assert pause_of(home, attempt).since is not None
        press(driver, "continue")
        chromium.until(driver, STATE, "running")
        assert pause_of(home, attempt).since is None
        driver.get("about:blank")


def test_a_note_is_written_and_an_error_is_a_sentence(shown: Callable[..., Any], queue: Queue) -> None:
    """What the command line would say stands where the button is, and what is being written stays while rows change."""
    driver = shown(f'open="{queue.over.id}"')
    press(driver, "note")
    driver.switch_to.active_element.send_keys("<b>look</b>")
    with queue.store.change() as change:
        remarks.tag(change, of_numbers([queue.over.number]), ["paper"])
    chromium.until(driver, TITLE, "over", "paper")
    driver.switch_to.active_element.send_keys(" at this")
    press(driver, "write")
    chromium.until(driver, TOLD, "noted")
    assert queue.store.job(queue.over.id).note == "<b>look</b> at this"
    press(driver, "tag")
    driver.switch_to.active_element.send_keys("running")
    press(driver, "add")
    chromium.until(driver, TOLD, "names jobs, and is no tag")
    (told,) = chromium.complaints(driver)
    assert "409 (Conflict)" in told, "the browser itself notes what was refused"


def test_what_was_written_stays_where_it_cannot_be_done(shown: Callable[..., Any], queue: Queue) -> None:
    """A note of ten lines was gone when the server refused it, or was not there for a moment."""
    driver = shown(f'open="{queue.over.id}"')
    press(driver, "tag")
    driver.switch_to.active_element.send_keys("paper,running")
    press(driver, "add")
    chromium.until(driver, TOLD, "names jobs, and is no tag")
    chromium.until(driver, "return document.activeElement.value === 'paper,running'")
    press(driver, "never mind")
    chromium.until(driver, PRESS.replace("found?.click();", ""), "note")
    chromium.complaints(driver)


def test_the_timeline_goes_on_while_a_job_runs(shown: Callable[..., Any], queue: Queue) -> None:
    """Bars ended when the page was opened, and what had begun since was shorter than nothing."""
    queue.running.log(curve({"lr": 0.5}, 3))
    driver = shown()
    driver.execute_script("document.getElementById('timeline').scrollIntoView()")
    chromium.until(driver, TOLD_OF_TIME + "?.includes('in all')")
    before = driver.execute_script(TOLD_OF_TIME)
    with_news(driver, queue, TOLD_OF_TIME + " !== arguments[0]", before)


def test_a_page_that_only_shows_has_no_buttons_for_more(shown: Callable[..., Any], queue: Queue) -> None:
    """With --read-only what cannot be done is not offered."""
    for job in (queue.waiting, queue.running.job):
        driver = shown(f'open="{job.id}"', read_only=True)
        assert [each.text for each in driver.find_elements("css selector", ".acting button")] == []


def test_the_page_goes_on_when_the_server_runs_again(home: Home, queue: Queue, driver: Any) -> None:
    """The key is out of the address, the page says that nobody answers, and then has what was logged meanwhile."""
    queue.running.log(curve({"lr": 0.5}, 3))
    with serving(home) as page:
        driver.get(page.url)
        chromium.until(driver, "return document.documentElement.dataset.ready")
        chromium.until(driver, SIGN, "live")
        chromium.until(driver, VALUE, "runs", "1.313")
        assert "token" not in driver.current_url
    chromium.until(driver, SIGN, "reconnecting")
    queue.running.log(curve({"lr": 0.5}, 41)[3:])
    with serving(home, port=page.port):
        chromium.until(driver, SIGN, "live")
        chromium.until(driver, VALUE, "runs", "0.1001")
        chromium.settled(driver)
        assert ink(driver, chart_of(driver, "loss"), colour_of(driver, "runs"), part=(0.6, 1)).count > 20
        driver.refresh()
        chromium.until(driver, VALUE, "runs", "0.1001")
    asked, key = chromium.requests(driver), page.url.partition("#token=")[2]
    assert any("/proof?nonce=" in each for each in asked), "before the key is given to whoever listens there now"
    assert key
    assert [each for each in asked if key in each] == [], "an address ends up in histories and logs"
    told = [each for each in chromium.complaints(driver) if "ERR_" not in each]
    assert told == [], "nothing but that nobody answered"


def test_without_its_key_the_page_says_where_it_is_found(home: Home, queue: Queue, driver: Any) -> None:
    """Somebody has typed the address by heart."""
    with serving(home) as page:
        driver.get(page.url.partition("#")[0])
        chromium.until(driver, "return document.body.textContent.includes('exp-queue ui')")
    chromium.complaints(driver)
