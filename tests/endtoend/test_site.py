"""The guide as a site: all pages are found, all links lead somewhere, and reading it asks nobody for anything."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FROM_ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe)[^>]*\ssrc=["']?(?:https?:)?//|<link[^>]*rel=["']?(?:stylesheet|preconnect)[^>]*href=["']?(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built strictly: a page that nav does not name, a dead link or a dead anchor is an error. (Not --quiet: what is not
    said is not counted either.)"""
    if not importlib.util.find_spec("material"):
        pytest.skip("the extra `docs` is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_of_the_documentation_is_in_the_site(site: Path) -> None:
    """What is written and found by nobody was written in vain."""
    written = {str(path.relative_to(ROOT / "docs").with_suffix(".html")) for path in (ROOT / "docs").rglob("*.md")}
    built = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    assert written <= built
    home = (site / "index.html").read_text(encoding="utf-8")
    assert [page for page in written if page != "index.html" and f'href="{page}"' not in home] == []


def test_reading_it_asks_nobody_for_anything(site: Path) -> None:
    """No account, no network: also for a folder that was copied to a machine without one."""
    assert FROM_ELSEWHERE.search('<link rel="stylesheet" href="https://fonts.example/css">')
    assert FROM_ELSEWHERE.search('<script src="//cdn.example/a.js">')
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert [str(path) for path, text in pages.items() if FROM_ELSEWHERE.search(text)] == []
