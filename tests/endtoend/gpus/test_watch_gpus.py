"""`exp-queue watch` on a machine with GPUs."""

from __future__ import annotations

import json


def test_a_watch_says_whose_each_gpu_is_and_what_the_next_job_waits_for(machine, until) -> None:
    """The runner's plan is asked by whoever looks: nobody has to be told."""
    machine.write("wait", "")
    run = machine.start("run", "grid.yaml")
    until(lambda: machine.states().count("running") == 2)
    seen = json.loads(machine("watch", "--format", "json").stdout)
    ids = {job["id"][:8] for job in machine.jobs("running")}
    assert {claim["label"].split()[-1] for gpu in seen["gpus"] for claim in gpu["claims"]} == ids
    (waiting,) = seen["waiting"]
    assert waiting["jobs"] == 4
    assert "GPU" in waiting["reason"]
    rows = machine("watch", "--once").stdout.splitlines()
    assert [row[:5] for row in rows[:2]] == ["GPU 0", "GPU 1"]
    assert {row.split()[-1] for row in rows[:2]} == ids
    (machine.directory / "wait").unlink()
    assert run.wait(100) == 0
