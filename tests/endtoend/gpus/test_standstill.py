"""A queue that stands still while its runner waits: somebody who does not look is told."""

from __future__ import annotations

from tests.endtoend.gpus.conftest import GRID


def test_whoever_waits_for_a_gpu_that_nobody_gives_back_is_told_of_it(machine, until) -> None:
    """The loop knows by its clock: nothing runs, nothing can start, and no event will say so."""
    folder = machine.directory
    machine.write("tell", f'#!/bin/sh\ncat > {folder}/new && mv {folder}/new "{folder}/told"\n')
    (folder / "tell").chmod(0o700)
    text = f"notify: {{still_after: 1s, use: me, at: still, channels: {{me: {{command: [{folder}/tell]}}}}}}"
    machine.environment["EXP_QUEUE_CONFIG"] = str(folder / machine.write("config.yaml", text))
    machine.write("wait", "")
    holder = machine.start("exec", "--gpus", "2", "--", "sh", "-c", "touch held; while [ -e wait ]; do sleep 0.05; done")
    until(lambda: (folder / "held").exists())
    machine.write("one.yaml", GRID.replace("[1, 2, 3, 4, 5, 6]", "[1]"))
    runner = machine.start("run", "one.yaml")
    told = until(lambda: (folder / "told").exists() and (folder / "told").read_text())
    assert "one.yaml: the queue stands still" in told
    assert "nothing can start: " in told
    (folder / "wait").unlink()
    assert holder.wait(100) == runner.wait(100) == 0
