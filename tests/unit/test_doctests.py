"""The examples in docstrings are promises like any other: each is run, and says what it shows."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.imports import modules

PACKAGES = ("exp_queue", "scheduler", "text_recognizer")
EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)


def examples(path: Path) -> int:
    return len(EXAMPLE.findall(path.read_text(encoding="utf-8")))


WRITTEN = {name: count for name, path in modules(ROOT, *PACKAGES).items() if (count := examples(path))}


@pytest.mark.parametrize("name", WRITTEN)
def test_an_example_shows_what_happens(name: str) -> None:
    """Who reads an example believes it; one that nobody runs is wrong after the next change."""
    module = importlib.import_module(name)
    found = doctest.DocTestFinder().find(module)
    assert sum(len(each.examples) for each in found) == WRITTEN[name], "an example stands where nobody looks for it"
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    for each in found:
        runner.run(each, out=said.append)
    assert "".join(said) == ""
