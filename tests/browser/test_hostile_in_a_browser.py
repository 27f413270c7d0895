"""Texts from anywhere, in every place: on a page they are texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.home import open_home
from scheduler.queue.store import Store
from scheduler.web import report
from tests.browser import chromium
from tests.browser.conftest import Opened
from tests.browser.seen import too_wide
from tests.browser.ugly import NOTES, UGLY, fill_with_ugly

# What a text could have become: elements and attributes that nobody of ours writes.
_GROWN = """
const odd = [...document.querySelectorAll("script, style, iframe, object, embed, base, link, meta, form, textarea, b")]
  .filter((each) => !document.head.contains(each) && !(each.tagName === "SCRIPT" && !each.src && each.nextSibling === null));
const foreign = (value) => value.includes(":") && !/^(data:image\\/|blob:|https?:)/i.test(value);
const risky = (each) => [...each.attributes].filter(({ name, value }) =>
  /^on/i.test(name) || name === "srcdoc" || (name === "style" && /url|expression/i.test(value))
  || (["href", "src", "action", "xlink:href"].includes(name) && foreign(value)));
const told = (each) => risky(each).map(({ name, value }) => `${each.tagName} ${name}=${value.slice(0, 100)}`);
return [window.pwned, ...odd.map((each) => each.outerHTML.slice(0, 200)),
  ...[...document.body.querySelectorAll("*")].flatMap(told)].filter(Boolean);
"""
# Those texts, given as numbers of letters, that nothing on the page is. The list of runs shows names, the charts' titles metrics.
_LACKING = """
const [texts, where, before] = arguments;
const there = new Set([...document.querySelectorAll(where)].map((each) => each.textContent));
return texts.map((letters) => before + String.fromCharCode(...letters)).filter((each) => !there.has(each)).map(escape);
"""


@pytest.fixture(scope="module")
def ugly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """A report of such a queue, and the ids of its runs."""
    directory = tmp_path_factory.mktemp("ugly")
    notes = directory / "notes.md"
    notes.write_text(NOTES, encoding="utf-8")
    with Store(open_home(directory / "home")) as store:
        jobs = fill_with_ugly(store, directory)
        title = " ".join(text for word, text in UGLY.items() if word != "long")
        yield report.write(store, (), directory / "ugly.html", title=title, notes=notes).path, [job.id for job in jobs]


def letters(texts: list[str]) -> list[list[int]]:
    """As JavaScript counts them: no driver hands on half a letter."""
    units = [text.encode("utf-16-le", "surrogatepass") for text in texts]
    return [[int.from_bytes(each[at : at + 2], "little") for at in range(0, len(each), 2)] for each in units]


def test_whatever_is_logged_and_named_is_a_text_and_runs_nowhere(opened: Opened, ugly: tuple[Path, list[str]]) -> None:
    """A page is opened by others than those who ran the jobs, and a log may repeat what the internet said."""
    path, ids = ugly
    driver = opened(path)
    chromium.draw_all(driver)
    assert driver.execute_script(_GROWN) == []
    for run in ids:
        driver.execute_script("location.hash = arguments[0]", f"open=%22{run}%22")
        chromium.settled(driver)
        for closed in driver.find_elements("css selector", "main details:not([open])"):
            driver.execute_script("arguments[0].open = true", closed)
    chromium.settled(driver)
    assert driver.execute_script(_GROWN) == []


def test_every_text_stands_there_to_the_letter(opened: Opened, ugly: tuple[Path, list[str]]) -> None:
    """What is changed, cut or left out is looked for in vain."""
    driver = opened(ugly[0])
    chromium.draw_all(driver)
    names = list(UGLY.items())[len(UGLY) // 2 :]  # the others are called by their numbers as trials
    named = letters([text for word, text in names if word not in ("half a letter", "empty")])
    assert driver.execute_script(_LACKING, named, ".runs .name", "") == []
    logged = letters([text for word, text in UGLY.items() if word != "long"])  # names of metrics of that length are not kept
    assert driver.execute_script(_LACKING, logged, "#curves figcaption", "m ") == []


@pytest.mark.parametrize("width", [pytest.param(1400, marks=pytest.mark.slow), 390])
def test_no_text_breaks_the_page(opened: Opened, ugly: tuple[Path, list[str]], width: int) -> None:
    """A name of 100,000 letters is a slip, and the other runs are still to be read."""
    driver = opened(ugly[0], width=width)
    chromium.draw_all(driver)
    assert too_wide(driver) == []
    figures = driver.find_elements("css selector", "#curves figure")
    assert len(figures) >= len(UGLY) - 1
    assert all(each.size["width"] > 100 for each in figures)
    tall = driver.execute_script(
        "return [...document.querySelectorAll('h1, .runs li, figcaption')].map((each) => each.offsetHeight)"
    )
    assert max(tall) < 150
