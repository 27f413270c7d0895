"""Which descriptors can be read, of however many."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from scheduler.linux.readable import readable
from tests.conftest import ROOT
from tests.descriptors import crowded

ON_ITS_INPUT = "sampler_process.py"  # a process that waits for descriptor 0 alone
FOLDERS = ("scheduler", "exp_queue", "hydra_plugins", "text_recognizer")


def test_a_descriptor_beyond_those_that_select_knows_is_seen() -> None:
    """A notebook or a live page may have as many open: `cancel` and `logs -f` ended there with a ValueError."""
    with crowded():
        reader, writer = os.pipe()
        assert readable([reader], 0.0) == set()
        os.write(writer, b".")
        assert readable([reader, writer]) == {reader}
        os.close(reader)
        os.close(writer)


def test_nothing_of_ours_waits_by_select() -> None:
    """It ends with a ValueError in a process with more than 1024 descriptors, whatever that has them for; no test of a place that
    waits has so many."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if path.name != ON_ITS_INPUT]
    assert paths
    assert [place for path in paths for place in _selects(path)] == []


def _selects(path: Path) -> Iterator[str]:
    """Where it names `select.select`, or imports that."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found = node.module == "select" and any(each.name == "select" for each in node.names)
        else:
            found = isinstance(node, ast.Attribute) and ast.unparse(node) == "select.select"
        if found:
            yield f"{path}:{node.lineno}"


def test_what_has_come_to_its_end_can_be_read() -> None:
    """Else who waits for a launcher that was killed would wait for ever."""
    reader, writer = os.pipe()
    os.close(writer)
    assert readable([reader], 100.0) == {reader}
    os.close(reader)
