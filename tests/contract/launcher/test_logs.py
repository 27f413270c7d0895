"""Capped logs on a real file system, while a real program writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.attempt_files import LOG
from scheduler.launcher.client import Slot
from scheduler.launcher.log_cap import cut, pieces
from tests.contract.launcher.launching import end_of, order, python

MIB = 1 << 20
ROUGHLY = MIB + MIB // 4  # file systems free whole blocks of their own (64 KiB and more), and keep some for what may follow


def blocks(path: Path) -> int:
    """Bytes that the file really takes on the disk."""
    return path.stat().st_blocks * 512


def content(path: Path) -> list[bytes | int]:
    with path.open("rb") as file:
        return [piece for _, piece in pieces(file.fileno(), 0)]


def needs_holes(tmp_path: Path) -> None:
    probe = tmp_path / "probe"
    probe.write_bytes(b"x" * MIB)
    if not cut(probe, MIB // 4):
        pytest.skip("this file system cannot punch holes")


def test_a_large_log_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    """The first lines say what was started, the last why it failed; a flood between them must not fill the disk."""
    needs_holes(tmp_path)
    path = tmp_path / "log.txt"
    path.write_bytes(b"first\n" + b"flood " * (MIB // 2) + b"\nlast\n")
    assert cut(path, MIB) > MIB
    assert blocks(path) <= ROUGHLY
    kept = content(path)
    assert bytes(kept[0]).startswith(b"first\n")
    assert bytes(kept[-1]).endswith(b"\nlast\n")
    assert [piece for piece in kept if isinstance(piece, int)]


def test_a_small_log_stays_as_it_is(tmp_path: Path) -> None:
    """Nothing is lost without need."""
    path = tmp_path / "log.txt"
    path.write_bytes(b"x" * 1000)
    assert cut(path, MIB) == 0
    assert cut(tmp_path / "missing", MIB) == 0
    assert content(path) == [b"x" * 1000]


def test_a_program_goes_on_writing_through_every_cut(tmp_path: Path) -> None:
    """No pipe, no broken write: the file is cut under its hands."""
    needs_holes(tmp_path)
    path = tmp_path / "log.txt"
    code = "import sys\nfor n in range(400): sys.stdout.write(f'{n:06}' * 4096); sys.stdout.flush()\nprint('end')"
    with path.open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=log)
    largest = 0
    while process.poll() is None:
        cut(path, MIB)
        largest = max(largest, blocks(path))
    cut(path, MIB)
    assert process.returncode == 0
    assert path.stat().st_size == 400 * 6 * 4096 + 4
    assert blocks(path) <= ROUGHLY
    assert bytes(content(path)[-1]).endswith(b"end\n")


def test_a_log_is_cut_while_its_job_runs(slot: Slot, tmp_path: Path, until) -> None:
    """A training that prints for a week must not fill the disk before its end."""
    needs_holes(tmp_path)
    code = "print('x' * 3_000_000, flush=True)\nimport os, time\nwhile not os.path.exists('enough'): time.sleep(0.01)"
    slot.start(order(tmp_path, python(code), log_cap=MIB), [])
    log = tmp_path / "attempt" / LOG
    until(lambda: log.exists() and log.stat().st_size > 3_000_000)
    until(lambda: blocks(log) <= ROUGHLY)
    (tmp_path / "enough").touch()
    assert end_of(slot)["state"] == "done"


@pytest.mark.parametrize("log_cap", [0, MIB])
def test_the_log_of_a_job_that_was_over_at_once_is_cut_at_its_end(slot: Slot, tmp_path: Path, log_cap: int) -> None:
    """A thousand of them fill a disk as well; who asked for everything finds everything."""
    needs_holes(tmp_path)
    slot.start(order(tmp_path, python("print('x' * 3_000_000)"), log_cap=log_cap), [])
    assert end_of(slot)["state"] == "done"
    assert (blocks(tmp_path / "attempt" / LOG) <= ROUGHLY) == bool(log_cap)
