"""Run jobs that are in the queue, until they are over: what `run`, `retry`, `resume`, `work` and `sweep` have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from scheduler.actions.brake import Brake
from scheduler.actions.notices import Driving, Tell
from scheduler.errors import CannotEverRun
from scheduler.queue.dependencies import needed_by
from scheduler.queue.job import Job
from scheduler.queue.job_list import JobList
from scheduler.queue.mine import Mine
from scheduler.queue.states import SUCCEEDED, State
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.left_out import LeftOut
from scheduler.runner.limit import Slots, most_of, why_most
from scheduler.runner.notices import Ended, Notice, Skipped
from scheduler.runner.pulse import Pulse
from scheduler.runner.runner import Runner
from scheduler.runner.sources import Source, Submits
from scheduler.runner.streaks import Streaks
from scheduler.values import dataclass

MANY = 5  # jobs: of fewer, most would have begun before what they import is loaded for all


@dataclass(frozen=True)
class Terms:
    """On what terms jobs run: at most `slots` at once, as `Runner` takes them; `grace`: seconds from SIGINT to SIGTERM of a stop,
    instead of the jobs' own; `max_failures`: as `Streaks` takes it; `brake`: what stops the runner beside the signals that it
    hears itself. `every`, `still`: as `Pulse` takes them."""

    slots: Slots = None
    grace: float | None = None
    max_failures: float | None = None
    brake: Brake | None = None
    every: float | None = None
    still: float | None = None

    def driving(
        self, devices: Devices, jobs: Sequence[Job] | None = None, done: int = 0, *, before: int = 0, forever: bool = False
    ) -> Driving:
        """That jobs are about to run on these terms, as it stands now."""
        most, why = most_of(self.slots, devices), why_most(self.slots, devices)
        return Driving(most, devices.note, jobs, done, forever, before, why, devices.seen)

    @property
    def pulse(self) -> Pulse:
        """What the runner tells by the clock."""
        return Pulse(self.every, self.still)

    def runner(
        self,
        mine: Mine,
        devices: Devices,
        tell: Callable[[Notice], None],
        source: Source,
        *,
        many: bool = True,
        streaks: Streaks | None = None,
    ) -> Runner:
        """What runs these jobs on these terms; `many` and `streaks` as a `Runner` takes them."""
        return Runner(mine, devices, self.slots, tell, source, self.grace, streaks, self.pulse, many=many)


@dataclass(frozen=True)
class Driven:
    """How it ended: the jobs as they are then, and those that stayed queued with the reason. `left`: the signal with which the
    runner was told to leave; what ran then goes on."""

    jobs: Sequence[Job] = ()
    left_out: Sequence[LeftOut] = ()
    interrupted: bool = False
    left: HungUp | None = None

    @property
    def all_succeeded(self) -> bool:
        return not self.left_out and all(job.state in SUCCEEDED for job in self.jobs)


def drive(store: Store, jobs: Sequence[Job], devices: Devices, terms: Terms, tell: Tell) -> Driven:
    """Run `jobs`, and what they come after, until all are over. CannotEverRun if none of them can run here."""
    numbers = [job.number for job in jobs] if not isinstance(jobs, JobList) else list(jobs.numbers)
    needed = needed_by(store.connection, numbers)
    jobs = JobList(store.by_numbers, [*needed, *numbers]) if needed else jobs
    mine = Mine(store, jobs)
    asked = _unlike(mine, devices)
    devices.expect(asked)
    if not mine.active_names():
        refuse_the_impossible(asked, devices)
    done = sum(count for state, count in mine.counts().items() if state in SUCCEEDED or state is State.SKIPPED)
    tell(terms.driving(devices, jobs, done, before=len(needed)))
    source, streaks = Submits(store.home, forever=False), Streaks(terms.max_failures)
    runner = terms.runner(mine, devices, tell, source, many=len(jobs) >= MANY, streaks=streaks)
    return run_out(runner, mine.jobs, terms.brake)


def drive_everything(store: Store, devices: Devices, terms: Terms, tell: Tell, *, forever: bool) -> Driven:
    """Run all that is queued, and what comes to it meanwhile; `forever`: also what comes later, until a Ctrl-C."""
    ended: list[str] = []

    def note(notice: Notice) -> None:
        if isinstance(notice, Ended) and not notice.again:
            ended.append(notice.job.id)
        if isinstance(notice, Skipped):
            ended.extend(job.id for job in notice.jobs)
        tell(notice)

    devices.expect(_unlike(Mine(store), devices))
    tell(terms.driving(devices, forever=forever))
    source, streaks = Submits(store.home, forever=forever), Streaks(terms.max_failures)
    runner = terms.runner(Mine(store), devices, note, source, streaks=streaks)
    return run_out(runner, lambda: store.by_ids(ended), terms.brake)


def run_out(runner: Runner, jobs: Callable[[], Sequence[Job]], brake: Brake | None) -> Driven:
    """Run until the runner is done, or has to leave."""
    try:
        with brake.on(runner) if brake else nullcontext():
            runner.run()
    except HungUp as left:
        return Driven(left=left)
    return Driven(jobs(), runner.left_out, runner.interrupted)


def _unlike(mine: Mine, devices: Devices) -> list[Job]:
    """One of the queued for each that asks for something else, as far as that matters there."""
    return mine.by_asks() if devices.are_elsewhere else mine.by_resources()


def refuse_the_impossible(jobs: Sequence[Job], devices: Devices) -> None:
    """CannotEverRun if none of these can run there. `jobs`: one for each that asks for something else. Where any of them can run,
    the others stay queued meanwhile."""
    reasons = [devices.never(job) for job in jobs]
    if reasons and all(reasons):
        job = jobs[0]
        next_step = f"change its `resources` and run the file again, or take it out with `exp-queue cancel {job.short_id}`"
        what = f"job {job.short_id} can never run {devices.there}: {reasons[0]}"
        raise CannotEverRun(what, next_step=devices.cure or next_step)
