"""What a launcher on a node notes of where it is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scheduler.launcher import journal
from scheduler.launcher.journal import Journal
from scheduler.launcher.spawning import Order
from scheduler.slurm.node import place_of


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """The Python of a virtual environment as it lies on a disk, with one package; it cannot be started."""
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib/python3.12/site-packages/torch-2.5.0.dist-info").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.4\n")
    python = folder / "bin/python"
    python.write_text("#!/bin/false\n")
    python.chmod(0o755)
    return python


def order(argv: list[str], **more: object) -> Order:
    return Order("job/1", argv, "/", "/attempts/1", **more)  # type: ignore[arg-type]


def test_it_is_the_node_that_slurm_names_and_the_python_that_the_order_gets_there(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the program that was meant, or by the PATH that the job keeps; never by that of the launcher."""
    monkeypatch.setenv("SLURMD_NODENAME", "gpu17")
    python = {"path": str(venv), "version": "3.12.4", "packages": ["torch==2.5.0"]}
    before = time.time()
    meant = place_of(order(["python", "a.py"], program=str(venv)))
    assert (meant["host"], meant["python"]) == ("gpu17", python)
    assert before <= meant["at"] <= time.time()
    kept = place_of(order(["nice", "python", "a.py"], environment={"PATH": str(venv.parent)}))
    assert kept["python"] == python
    assert place_of(order(["true"]))["python"] is None


def test_no_python_is_started_to_ask_what_it_is(tmp_path: Path) -> None:
    """That may take seconds, of the time that the job has. Its path is known all the same."""
    asked, python = tmp_path / "asked", tmp_path / "python"
    python.write_text(f"#!/bin/sh\ntouch {asked}\n")
    python.chmod(0o755)
    assert place_of(order([str(python), "a.py"]))["python"] == {"path": str(python), "version": "", "packages": []}
    assert not asked.exists()


def test_a_journal_tells_it_to_whoever_reads_it(tmp_path: Path) -> None:
    """Also before anything has started; an older reader passes over such a line."""
    path = tmp_path / "0.journal"
    writing = Journal(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    writing.is_at("job/1", {"host": "gpu17", "kernel": "Linux 6", "python": None})
    found = journal.read(path)
    assert found
    assert found.places == {"job/1": {"host": "gpu17", "kernel": "Linux 6", "python": None}}
    assert (found.started, found.closed) == (frozenset(), False)
