"""Run jobs in the foreground and report: what `run`, `retry`, `resume` and `work` have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from scheduler.cli.options import print_lines, say
from scheduler.errors import CannotEverRun
from scheduler.queue.job import Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import SUCCEEDED
from scheduler.queue.store import Store
from scheduler.report.jobs import best_first, labels, lines
from scheduler.report.progress import Progress
from scheduler.report.submission import farewell
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.runner import Runner
from scheduler.runner.sources import Submits
from scheduler.runner.streaks import Streaks


def drive(
    store: Store,
    jobs: Sequence[Job],
    devices: Devices,
    slots: int | None,
    style: str,
    grace: float | None = None,
    *,
    max_failures: float | None,
) -> int:
    """Run `jobs` until all are over, print the results, and return the exit status. CannotEverRun if none of them can run.

    `grace`: as the Runner takes it; `max_failures`: as `Streaks` does.
    """
    mine = Mine(store, jobs)
    if not mine.active_names():
        _refuse_the_impossible(mine.by_resources(), devices)
    done = sum(count for state, count in mine.counts().items() if state in SUCCEEDED)
    count = slots or devices.default_slots
    if done < len(jobs):
        say(f"at most {count} at once; {devices.note}")
    names = labels(jobs)
    progress = Progress(names, done, sys.stderr)
    runner = Runner(mine, devices, slots, progress.tell, grace=grace, streaks=Streaks(max_failures))
    return _run(runner, store, mine.jobs, style, names, by_file=True)


def drive_everything(
    store: Store,
    devices: Devices,
    slots: int | None,
    style: str,
    grace: float | None = None,
    *,
    forever: bool,
    max_failures: float | None,
) -> int:
    """Run all that is queued, and what comes to it meanwhile; `forever`: also what comes later, until a Ctrl-C."""
    mine = Mine(store)
    count = slots or devices.default_slots
    say(f"at most {count} at once; {devices.note}" + ("; waiting for jobs until Ctrl-C" if forever else ""))
    progress = Progress({}, 0, sys.stderr)
    source = Submits(store.home) if forever else None
    runner = Runner(mine, devices, slots, progress.tell, source, grace, Streaks(max_failures))
    return _run(runner, store, lambda: store.by_ids(progress.ended), style, by_file=False)


def run_or_leave(runner: Runner) -> int:
    """Run until the runner is done: 0. When it was told to leave, say so: the exit status to leave with."""
    try:
        runner.run()
    except HungUp as left:
        say(f"{left}: leaving; what runs goes on, and the same command again joins it (`exp-queue cancel running` stops it)")
        return 128 + left.number
    return 0


def _run(
    runner: Runner,
    store: Store,
    jobs: Callable[[], Sequence[Job]],
    style: str,
    names: Mapping[str, str] | None = None,
    *,
    by_file: bool,
) -> int:
    if left := run_or_leave(runner):
        return left
    results = best_first(lines(store, jobs()))
    print_lines(results, style, names)
    left_out = runner.left_out
    say(farewell(results, store.home, left_out, interrupted=runner.interrupted, by_file=by_file))
    if runner.interrupted:
        return 130
    return 0 if not left_out and all(line.job.state in SUCCEEDED for line in results) else 1


def _refuse_the_impossible(jobs: Sequence[Job], devices: Devices) -> None:
    """`jobs`: one for each that asks for something else. Where any of them can run, the others stay queued meanwhile."""
    reasons = [devices.never(job.resources) for job in jobs]
    if reasons and all(reasons):
        job = jobs[0]
        next_step = f"change its `resources` and run the file again, or take it out with `exp-queue cancel {job.short_id}`"
        raise CannotEverRun(f"job {job.short_id} can never run here: {reasons[0]}", next_step=next_step)
