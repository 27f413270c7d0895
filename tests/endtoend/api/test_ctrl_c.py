"""A Ctrl-C while a program of the user's runs jobs: heard, and no handler of his taken."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.conftest import CommandLine

RUN = """
import signal, sys
import exp_queue
before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
try:
    exp_queue.run("grid.yaml", jobs=1, grace=60)
    print("went on")
except KeyboardInterrupt:
    print("KeyboardInterrupt", [job.state for job in exp_queue.jobs()])
assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
assert signal.set_wakeup_fd(-1) == -1
"""
WAITS = "while [ ! -e go ]; do sleep 0.01; done"
LIMIT = """
import signal, threading
def late(*_): raise RuntimeError("the limit of the cell")
signal.signal(signal.SIGUSR1, late)
"""
ELSEWHERE = """
import signal, threading, time
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
"""
STATES = "[job.state for job in exp_queue.jobs()]"
ACTIVE = "[each.join() for each in threading.enumerate() if each.name == 'exp-queue'], exp_queue.jobs()[0].is_over"
DEAF = "trap '' INT; touch deaf; while [ ! -e go ]; do sleep 0.01; done"


@pytest.fixture
def heard(until) -> Callable[[subprocess.Popen[str], str], str]:
    """Reads the program's standard error up to a line that holds the text."""

    def read(process: subprocess.Popen[str], text: str) -> str:
        assert process.stderr
        for line in process.stderr:
            if text in line:
                return line
        raise AssertionError(f"it ended without {text!r}")

    return read


@pytest.mark.parametrize("before", ["", ELSEWHERE], ids=["main thread", "another thread"])
def test_once_nothing_more_is_started_and_what_runs_may_end(command_line: CommandLine, program, heard, before: str) -> None:
    """And the lines behind the call do not go on as if all were done. A signal that another thread gets does not end the wait of
    the main thread; nor does one that comes just before it: both were heard when all was over."""
    process = program(before + RUN, WAITS)
    heard(process, "started")
    process.send_signal(signal.SIGINT)
    heard(process, "Ctrl-C: nothing more is started")
    command_line.write("go", "")
    out, err = process.communicate(timeout=200)
    assert (out, process.returncode) == ("KeyboardInterrupt ['done', 'queued']\n", 0), err


def test_twice_what_runs_is_stopped(program, heard) -> None:
    """As on the command line."""
    process = program(RUN, "exec sleep 1000")
    heard(process, "started")
    process.send_signal(signal.SIGINT)
    heard(process, "Ctrl-C: nothing more is started")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert (out, process.returncode) == ("KeyboardInterrupt ['cancelled', 'queued']\n", 0), err


def test_a_third_time_the_call_leaves_what_is_being_stopped(command_line: CommandLine, program, heard, until) -> None:
    """A job that takes long to save its work need not hold a notebook."""
    process = program(RUN, DEAF)
    until((command_line.directory / "deaf").exists)
    until(lambda: command_line.jobs("running"))  # its launcher reports that a moment after the start
    for line in ("Ctrl-C: nothing more is started", "Ctrl-C: stopping 1 job"):
        process.send_signal(signal.SIGINT)
        heard(process, line)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert (out, process.returncode) == ("KeyboardInterrupt ['stopping', 'queued']\n", 0), err
    command_line.write("go", "")


def test_a_handler_of_the_users_own_is_asked_and_not_replaced(command_line: CommandLine, program, heard) -> None:
    """Whoever catches SIGINT himself has his reasons: the run goes on."""
    process = program("import signal\nsignal.signal(signal.SIGINT, lambda *_: print('his', flush=True))\n" + RUN, WAITS)
    heard(process, "started")
    process.send_signal(signal.SIGINT)
    assert process.stdout
    assert process.stdout.readline() == "his\n"
    command_line.write("go", "")
    out, err = process.communicate(timeout=200)
    assert (out, process.returncode) == ("went on\n", 0), err


def test_another_exception_of_a_handler_leaves_the_jobs_to_go_on(command_line: CommandLine, program, heard, until) -> None:
    """A time limit around a cell is no wish to lose the work; and nobody starts more of it behind the user's back."""
    changed = RUN.replace("except KeyboardInterrupt", "except RuntimeError").replace(STATES, ACTIVE)
    process = program(LIMIT + changed, WAITS)
    heard(process, "started")
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate(timeout=200)
    assert (out, process.returncode, err) == ("KeyboardInterrupt [None] False\n", 0, "")
    command_line.write("go", "")
    until(lambda: command_line.states() == ["done", "queued"])


LOOP = """
import asyncio, exp_queue

async def cell():
    jobs = exp_queue.run("grid.yaml", quiet=True)
    more = await asyncio.to_thread(exp_queue.run, "grid.yaml", {"x": 3}, quiet=True)
    print([job.state for job in (*jobs, *more)], jobs[0].wait().log(), end="")

asyncio.run(cell())
"""


def test_inside_a_running_event_loop_and_from_a_thread_a_run_is_a_call(program) -> None:
    """A notebook's cells run inside a loop; a program may keep its own free by a thread."""
    out, err = program(LOOP).communicate(timeout=200)
    assert out == "['done', 'done', 'done'] x=1\n", err
