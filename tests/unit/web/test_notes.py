"""A person's own words in a report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.tracking.png import encoded
from scheduler.web import assets
from scheduler.web.formulas import mathml
from scheduler.web.notes import VIEWS, rendered

Notes = Callable[[str], str]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    def html(text: str) -> str:
        path = tmp_path / "notes.md"
        path.write_text(text, encoding="utf-8")
        return rendered(path)

    return html


def test_markdown_is_what_people_write(notes: Notes) -> None:
    """Headings below those of the page, tables, code, links."""
    html = notes("# One\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n`c` ~~d~~ [e](https://example.org/f)\n")
    assert "<h3>One</h3>" in html
    assert '<td class="to-right">1</td>' in html
    assert '<code>c</code> <s>d</s> <a href="https://example.org/f">e</a>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src="x" onerror="alert(1)">',
        "[a](javascript:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        '```view"><script>\nx\n```',
        "```\n</code><script>alert(1)</script>\n```",
        r"$\text{<script>alert(1)</script>}$",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\style{background:url(//evil)}{x}$",
        r"$\class{place}{x}$",
        '[a](https://x "><script>")',
    ],
)
def test_nothing_in_the_notes_runs_or_loads(notes: Notes, text: str) -> None:
    """A file of notes may be copied from anywhere."""
    html = notes(text)
    tags = re.findall(r"<[^>]*>", html)
    assert [tag for tag in tags if re.match(r"<(script|img|iframe|style|link|object|svg)", tag)] == []
    assert [tag for tag in tags if re.search(r"\son\w+=|href=\"(?!https:)|style=", tag)] == []


def test_a_formula_is_drawn_by_the_browser_itself(notes: Notes) -> None:
    """No library travels with the report."""
    html = notes("so $x^2$ and\n\n$$\\arg\\max_i \\frac{a}{b} < 1$$\n")
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html
    assert '<p class="formula"><math' in html
    assert "<mi>arg</mi>" in html
    assert "&lt;" in html


@pytest.mark.parametrize("formula", [r"\left( x", r"\begin{matrix}1&2", r"\nosuchthing{x}"])
def test_what_is_no_formula_is_named_with_its_line(notes: Notes, formula: str) -> None:
    """A red box in a report that was sent already helps nobody."""
    with pytest.raises(UserError, match=r"notes\.md:3: this is no formula: "):
        notes(f"one\n\ntwo ${formula}$\n")
    with pytest.raises(ValueError, match=r"\w+"):
        mathml(formula, block=True)


def test_a_dollar_is_a_dollar(notes: Notes) -> None:
    """Prices are no formulas."""
    assert "costs 5$ or $6" in notes("costs 5$ or $6 a day\n")


def test_a_view_has_its_place_and_an_unknown_one_is_an_error(notes: Notes) -> None:
    """A report with a hole where a chart was meant is noticed by whoever gets it."""
    assert '<div class="place" data-view="curves" data-of="loss val/loss"></div>' in notes("```view\ncurves loss val/loss\n```\n")
    with pytest.raises(UserError, match=r'notes\.md:2: there is no view "curvs"; did you mean "curves"\?'):
        notes("\n```view\ncurvs\n```\n")


def test_the_views_that_notes_may_name_are_those_of_the_page() -> None:
    """Two lists of the same would part."""
    names = re.search(r"^const VIEWS = \[(.*?)\];$", assets.text("app.js"), re.MULTILINE | re.DOTALL)
    assert names
    files = dict(re.findall(r'^import \{ (\w+) \} from "\./(views/\w+\.js)";$', assets.text("app.js"), re.MULTILINE))
    ids = [re.search(r'^  id: "(\w+)",$', assets.text(files[name.strip()]), re.MULTILINE) for name in names[1].split(",")]
    assert [found and found[1] for found in ids] == list(VIEWS)


def test_a_picture_is_inside_and_what_is_none_is_refused(notes: Notes, tmp_path: Path) -> None:
    """The report opens where the picture is not."""
    (tmp_path / "a b.png").write_bytes(encoded(b"\x00", 1, 1, 1))
    assert '<img src="data:image/png;base64,' in notes('![one](a%20b.png "two")\n')
    (tmp_path / "evil.png").write_text("<svg onload='alert(1)'>")
    for source, said in (("evil.png", "is no PNG"), ("none.png", "cannot read"), ("https://x/y.png", "loads nothing")):
        with pytest.raises(UserError, match=rf"notes\.md:3: .*{said}"):
            notes(f"a\n\n![one]({source})\n")


def test_a_file_that_is_none_is_an_error_in_words(tmp_path: Path) -> None:
    """Typed wrongly, or saved by another program."""
    with pytest.raises(UserError, match=r"cannot read .*none\.md"):
        rendered(tmp_path / "none.md")
    (tmp_path / "latin.md").write_bytes(b"\xe9")
    with pytest.raises(UserError, match="no text in UTF-8"):
        rendered(tmp_path / "latin.md")
