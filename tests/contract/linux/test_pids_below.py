"""Who is below a process, as the kernel lists it."""

from __future__ import annotations

import subprocess

from scheduler.linux.processes import descendants, pids_below


def test_all_that_is_below_a_process_is_found_children_of_children_too() -> None:
    """A training's writer of event files may be a grandchild of what was started."""
    line = "sh -c 'sleep 1000 & echo started; wait' & wait"
    with subprocess.Popen(["sh", "-c", line], stdout=subprocess.PIPE, start_new_session=True) as shell:
        assert shell.stdout
        shell.stdout.readline()
        below = {process.pid for process in descendants(shell.pid)}
        found = pids_below(shell.pid)
        for pid in found:
            subprocess.run(["kill", "-9", str(pid)], check=False)
        shell.kill()
    assert len(found) == 2
    assert set(found) == below


def test_below_a_process_that_is_gone_is_nobody() -> None:
    """It may end at any moment."""
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert pids_below(gone.pid) == []
