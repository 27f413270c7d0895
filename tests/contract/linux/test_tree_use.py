"""What the processes below this one use: real ones. There may be others of the same test run, so differences count."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scheduler.linux.processes import pids_below
from scheduler.linux.tree_use import TreeUse, Use

BURN = "import time\nwhile time.process_time() < 0.4: pass\n"
REAPS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}]); print('done', flush=True); input()"
FORKS = """
import os
held = bytearray(96 << 20)
for _ in range(3):
    if not os.fork():
        os.read(0, 1)
        os._exit(0)
print("done", flush=True)
os.read(0, 1)
"""
# A process of its own, below which there is nothing else.
LOOKS = """
import json, subprocess, sys
from scheduler.linux.tree_use import TreeUse
holder = subprocess.Popen([sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
holder.stdout.readline()
print(json.dumps(TreeUse().look()._asdict()), flush=True)
holder.communicate("four")
"""
HOLDS = "held = bytearray(96 << 20); print('done', flush=True); input()"
THREADED = (
    "import subprocess, sys, threading\n"
    "def start(): print(subprocess.Popen(['sleep', '600']).pid, flush=True); input()\n"
    "threading.Thread(target=start).start()"
)


@contextmanager
def running(code: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """A Python that has said its first line, until the test is done with it."""
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    try:
        yield child, child.stdout.readline()
    finally:
        child.communicate("\n")


def look() -> Use:
    return TreeUse().look()


def test_a_child_counts_with_all_that_it_has_reaped() -> None:
    """Ten compilers that each live for a tenth of a second are work as well, though no look ever sees one."""
    before = look().cpu
    with running(REAPS):
        assert look().cpu - before > 0.35


def test_a_child_that_we_have_reaped_ourselves_counts_on() -> None:
    """The launcher reaps what was orphaned; what that has used is not given back."""
    before = look().cpu
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert look().cpu - before > 0.35


def test_memory_counts_once_where_it_is_shared() -> None:
    """Data workers are forks that share the data: their sum by residence is many times what the machine has lost."""
    with running(f"FORKS = {FORKS!r}\n{LOOKS}") as (_, said):
        now = Use(**json.loads(said))
    assert now.pss is not None
    assert 90 << 20 < now.pss < 192 << 20
    assert now.rss > 4 * (90 << 20)
    assert now.processes == 4


def test_a_child_is_found_whichever_thread_has_started_it() -> None:
    """The kernel lists children by thread, and a data loader may start its workers in one of its own."""
    with running(THREADED) as (child, said):
        try:
            assert {child.pid, int(said)} <= set(pids_below(os.getpid()))
        finally:
            os.kill(int(said), signal.SIGKILL)


def test_the_dear_look_at_shared_memory_is_taken_rarely() -> None:
    """The kernel holds a lock of the process meanwhile: not at every row."""
    with running(HOLDS):
        tree = TreeUse(dear=1e-9)
        assert tree.look().pss is not None
        assert tree.look().pss is None
