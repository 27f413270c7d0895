"""What a run tells by the clock, on a real store and real jobs."""

from __future__ import annotations

import io
import json
from pathlib import Path

from scheduler.actions.drive import Terms, drive
from scheduler.actions.notices import Told
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.report.progress import Progress
from scheduler.runner.devices import Devices
from scheduler.runner.notices import UnderWay


def test_a_job_that_runs_is_told_of_before_it_ends(store: Store, experiments, tmp_path: Path) -> None:
    """The loop wakes by a timer for it: the job ends only when it has been told of, and no other event comes before."""
    go, output = tmp_path / "go", io.StringIO()
    script = f'echo \'{{"_step": 5, "loss": 0.25}}\' > "$EXP_QUEUE_METRICS"; until [ -e {go} ]; do sleep 0.05; done'
    progress = Progress(output)

    def tell(told: Told) -> None:
        progress.tell(told)
        if isinstance(told, UnderWay) and "loss 0.25" in output.getvalue():
            go.touch()

    text = f"command: {json.dumps(['sh', '-c', script, 'sh', '${args_no_hyphens}'])}\nexperiments: [{{x: 1}}]\n"
    jobs = submit(store, experiments(text), str(tmp_path)).jobs
    assert drive(store, jobs, Devices("the test's machine"), Terms(1, every=0.01), tell).all_succeeded
    assert "step 5, loss 0.25\n" in output.getvalue()
