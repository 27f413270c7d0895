"""Modules of JavaScript joined to one script."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from scheduler.web import assets
from scheduler.web.bundle import bundle
from tests.conftest import ROOT

FILES = {
    "app.js": 'import { b } from "./views/b.js";\nimport { c } from "./c.js";\n\nb(c);\n',
    "views/b.js": 'import { c, d } from "../c.js";\n\nexport function b() {\n  return c + d;\n}\n',
    "c.js": "export const c = 1;\nconst own = 2;\nexport class d {}\n",
}
OURS = [path for path in (ROOT / "scheduler/web/static").rglob("*.js") if "vendor" not in path.parts]


def joined(files: Mapping[str, str]) -> str:
    return bundle("app.js", files.__getitem__)


def test_a_module_comes_before_those_that_use_it_and_once() -> None:
    """A module that ran twice would have two states; one that ran late would be missing."""
    text = joined(FILES)
    assert [text.count(f"const {name} = (()") for name in ("$c", "$views_b", "$app")] == [1, 1, 1]
    assert text.index("const $c =") < text.index("const $views_b =") < text.index("const $app =")
    assert "const { c, d } = $c;\n" in text
    assert "return { c, d };" in text


@pytest.mark.parametrize(
    "line",
    [
        'import x from "./c.js";',
        'import * as c from "./c.js";',
        "export default 1;",
        "export { b };",
        'import "./c.js";',
        'import { c as e } from "./c.js";',
        "export const e = 1, f = 2;",
    ],
)
def test_what_cannot_be_joined_is_an_error_that_names_it(line: str) -> None:
    """A line that was left as it is would be a page that stays empty."""
    with pytest.raises(ValueError, match=r"app\.js: (import|export)"):
        joined({**FILES, "app.js": line})


def test_a_circle_is_an_error() -> None:
    """It would end in names that are not there yet."""
    with pytest.raises(ValueError, match=r"app\.js -> c\.js -> app\.js"):
        joined({"app.js": 'import { c } from "./c.js";', "c.js": 'import { a } from "./app.js";'})


def test_our_own_modules_can_be_joined() -> None:
    """What the package has, read as it is installed."""
    assert "const $app = " in assets.script()


def test_lines_of_our_own_modules_fit_beside_each_other() -> None:
    """Nobody reads what lies to the right of the window, and the formatter of Python does not look there."""
    lines = [
        (f"{path.name}:{number}", line)
        for path in OURS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]
    assert len(OURS) > 20
    assert [where for where, line in lines if len(line) > 130] == []


def test_our_own_modules_are_as_short_as_files_of_python() -> None:
    """A view in one closure of hundreds of lines is read by nobody."""
    long = {path.name: count for path in OURS if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300}
    assert long == {}
