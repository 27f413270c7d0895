"""What values show of themselves in a notebook."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from scheduler import api
from scheduler.home import open_home
from scheduler.queue.store import Store
from tests.contract.actions.ended import ended

GRID = """
experiment_group: "<b>bold</b>"
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: "<i>loss</i>", goal: minimize}}
grid: {lr: [0.1, 0.2], seed: [1, 2]}
"""


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experiments) -> None:
    """Four jobs that have logged."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with Store(open_home(tmp_path / "home")) as store:
        ended(
            store,
            experiments(GRID),
            str(tmp_path),
            lambda config: [{"_step": step, "<i>loss</i>": config["lr"] / (step + 1), "acc": 0.5} for step in range(3)],
        )


def tags(html: str) -> set[str]:
    return set(re.findall(r"<(\w+)", html))


def test_jobs_and_comparisons_are_tables_of_texts() -> None:
    """A notebook takes what it is given for HTML, and a metric may be called anything."""
    for found in (api.jobs(), api.compare()):
        html = found._repr_html_()
        assert tags(html) == {"table", "thead", "tbody", "tr", "th", "td"}
        assert "&lt;i&gt;loss&lt;/i&gt;" in html
        assert html.count("<tr>") == 5
    assert tags(api.jobs("failed")._repr_html_()) == {"p"}


def test_a_long_table_says_how_much_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that draws a hundred thousand rows is closed by its reader."""
    found = api.jobs()
    more = type(found)([found[0]] * 60, [{"id": "a"}] * 60)
    assert "... and 10 more" in more._repr_html_()
    assert more._repr_html_().count("<td>") == 50


def test_curves_draw_themselves_one_chart_for_each_metric() -> None:
    """With every job in it, the best first, and a scale that has numbers."""
    found = api.curves("all", metrics=["<i>loss</i>", "acc"])
    html = found._repr_html_()
    charts = [fromstring(text) for text in re.findall(r"<svg width='5.*?</svg>", html, re.DOTALL)]  # noqa: S314 (our own)
    lines = [[each for each in chart.iter("path") if each.get("fill") == "none"] for chart in charts]
    assert [len(each) for each in lines] == [4, 4]
    assert all(len(re.findall(r"[ML]", str(line.get("d")))) == 3 for line in lines[0])
    assert "0.2" in [text.text for text in charts[0].iter("text")]
    assert "<i>" not in html
    assert len(list(found)) == 24
    assert "last 0.03333" in repr(found)


def test_the_curve_of_a_job_draws_itself() -> None:
    """One cell is enough to look."""
    html = api.jobs()[0].curve("acc")._repr_html_()
    assert tags(html) == {"svg", "path", "text"}


def test_a_page_stands_in_a_frame_that_can_do_nothing_else() -> None:
    """Its script draws; it may not touch the notebook around it, which may run anything."""
    found = api.page(title='"><script>x</script>')
    html = found._repr_html_()
    assert tags(html) == {"iframe"}
    (sandbox,) = re.findall(r'sandbox="([^"]*)"', html)
    assert "allow-same-origin" not in sandbox
    (inside,) = re.findall(r'srcdoc="([^"]*)"', html)
    assert unescape(inside) == found.html
    assert found.runs == 4


def test_a_page_is_saved_and_nothing_is_replaced(tmp_path: Path) -> None:
    """As the command does."""
    path = api.page("all").save(tmp_path / "page.html")
    assert path.read_text().startswith("<!doctype html>")
    with pytest.raises(FileExistsError):
        api.page("all").save(path)
    with pytest.raises(api.UserError, match="no failed jobs"):
        api.page("failed")


def test_of_no_jobs_there_is_nothing_and_not_all() -> None:
    """A list that a program has filtered may be empty."""
    assert repr(api.curves([])) == "no curves"
    assert list(api.curves([])) == []
    with pytest.raises(api.UserError, match="no jobs"):
        api.page([])
