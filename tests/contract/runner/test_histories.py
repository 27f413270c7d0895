"""Random histories keep every promise, and for each promise and each rule of `plan` a planted bug is found.

pytest -m slow tests/contract/runner/test_histories.py      # the planted bugs, about a minute
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from scheduler.queue.changes import UNREAD, Changes
from scheduler.queue.dependencies import resolve
from scheduler.queue.evidence import Evidence
from scheduler.queue.job import Attempt, Ending, Job, deserves_another_attempt
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.runner import recovery
from scheduler.runner.gpu_view import GpuView
from scheduler.runner.plan import (
    Start,
    Stop,
    Wait,
    World,
    plan,
)
from tests.contract.runner.histories import Histories
from tests.contract.runner.ordered_histories import OrderedHistories

COMMON = settings(derandomize=True, database=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(COMMON, max_examples=80, stateful_step_count=50)
# To find a planted bug is enough; the shortest history that shows it is not wanted.
HUNT = settings(COMMON, max_examples=3000, stateful_step_count=40, phases=[Phase.generate])


class SharingHistories(Histories):
    """All jobs for one GPU share it with another: then a third is what must not be."""

    share = 2


@pytest.mark.timeout(600)
def test_random_histories_keep_every_promise() -> None:
    """Submit, start, end, cancel, lost race, crash, reboot, foreign processes, a day that passes: in any order."""
    run_state_machine_as_test(Histories, settings=THOROUGH)


@pytest.mark.timeout(600)
def test_random_histories_of_an_ordered_queue_keep_every_promise() -> None:
    """The same with priorities, moves, jobs that come after others, and jobs that begin later."""
    run_state_machine_as_test(OrderedHistories, settings=THOROUGH)


@pytest.mark.timeout(600)
def test_random_histories_with_shared_gpus_keep_every_promise() -> None:
    """The same on GPUs that two jobs may have: the claims of all runners are counted, whoever died meanwhile."""
    run_state_machine_as_test(SharingHistories, settings=settings(COMMON, max_examples=30, stateful_step_count=50))


# Bugs in the rules of `plan`.


def ignores_ctrl_c(world: World) -> list[Start | Wait]:
    return plan(replace(world, stop=Stop.NO))


def has_a_slot_too_many(world: World) -> list[Start | Wait]:
    return plan(replace(world, slots=world.slots + 1))


def forgets_what_is_active(world: World) -> list[Start | Wait]:
    return plan(replace(world, active=()))


def takes_the_newest_first(world: World) -> list[Start | Wait]:
    return plan(replace(world, waiting=world.waiting[::-1]))


def ignores_cores(world: World) -> list[Start | Wait]:
    return plan(replace(world, cores=1000))


def lets_small_jobs_pass(world: World) -> list[Start | Wait]:
    waits = {each.job.id for each in plan(world) if isinstance(each, Wait)}
    rest = tuple(job for job in world.waiting if job.id not in waits)
    return [each for each in plan(world) if isinstance(each, Wait)] + plan(replace(world, waiting=rest))


def stops_at_the_first_that_waits(world: World) -> list[Start | Wait]:
    decisions = plan(world)
    first = next((n for n, each in enumerate(decisions) if isinstance(each, Wait)), len(decisions))
    return decisions[: first + 1]


def forgets_what_this_turn_gave_away(world: World) -> list[Start | Wait]:
    return [decision for job in world.waiting for decision in plan(replace(world, waiting=(job,)))][
        : world.slots - len(world.active)
    ]


def forgets_claims(world: World) -> list[Start | Wait]:
    return plan(replace(world, gpus=replace(world.gpus, claims=()) if world.gpus else None))


def gives_a_gpu_to_one_more_than_share_it(world: World) -> list[Start | Wait]:
    sharing = [claim for claim in world.gpus.claims if claim.split] if world.gpus else []
    crowd = next((claim for n, claim in enumerate(sharing) if any(claim.memory == c.memory for c in sharing[:n])), None)
    seen = world.gpus and replace(world.gpus, claims=tuple(claim for claim in world.gpus.claims if claim is not crowd))
    return plan(replace(world, gpus=seen))


def takes_a_failing_driver_for_free_gpus(world: World) -> list[Start | Wait]:
    view: GpuView | None = world.gpus
    return plan(replace(world, gpus=replace(view, reading=replace(view.reading, problem=None)) if view else None))


def starts_nothing(world: World) -> list[Start | Wait]:
    return []


# Bugs in recovery, policy and store.


def retries_once_more(job: Job, ending: Ending) -> bool:
    return deserves_another_attempt(replace(job, failures=job.failures - 1), ending)


def retries_what_was_cancelled(job: Job, ending: Ending) -> bool:
    return ending.state is State.CANCELLED or deserves_another_attempt(job, ending)


def repeats_lost_jobs(job: Job, ending: Ending) -> bool:
    return ending.state is State.LOST or deserves_another_attempt(job, ending)


def guesses_that_nothing_ran(name: str, seen: Evidence) -> recovery.Verdict:
    found = recovery.verdict(name, seen)
    return recovery.NeverRan() if isinstance(found, Ending) and found.state is State.LOST else found


def trusts_an_empty_journal_after_a_power_cut(name: str, seen: Evidence) -> recovery.Verdict:
    return recovery.verdict(name, replace(seen, same_boot=True))


def ends_jobs_that_have_left_children(name: str, seen: Evidence) -> recovery.Verdict:
    return recovery.verdict(name, replace(seen, tree_lives=False, launcher_lives=seen.launcher_lives and not seen.record.ended))  # type: ignore[union-attr]


def calls_everything_lost(name: str, seen: Evidence) -> recovery.Verdict:
    found = recovery.verdict(name, seen)
    return Ending(State.LOST) if isinstance(found, Ending) else found


def calls_everything_done(name: str, seen: Evidence) -> recovery.Verdict:
    found = recovery.verdict(name, seen)
    return Ending(State.DONE, 0) if isinstance(found, Ending) else found


class OverwritesFinalRecords(Changes):
    def end(self, attempt: Attempt, ending: Ending, duration: float | None, logged: tuple = UNREAD) -> bool:
        self.connection.execute("UPDATE attempt SET state = NULL WHERE job = ? AND number = ?", (attempt.job, attempt.number))
        if self.state(attempt.job) in (State.STARTING, State.RUNNING, State.STOPPING):
            return super().end(attempt, ending, duration, logged)
        ending = Ending(State.FAILED, 99)
        values = (ending.state.value, ending.exit_status, attempt.job, attempt.number)
        self.connection.execute("UPDATE attempt SET state = ?, exit_status = ? WHERE job = ? AND number = ?", values)
        return False


class BeginsWhatSomebodyElseBegan(Changes):
    def begin(self, job: Job, launcher: str, gpus: str) -> Attempt | None:
        if self.state(job.id) is not State.QUEUED:
            return None
        self.connection.execute("UPDATE job SET attempts = max(0, attempts - 1) WHERE id = ?", (job.id,))
        self.connection.execute("DELETE FROM attempt WHERE job = ?", (job.id,))
        return super().begin(job, launcher, gpus)


class ForgetsAJob(Changes):
    def move(self, job: str, after: State, detail: str = "", attempt: int | None = None) -> None:
        super().move(job, after, detail, attempt)
        if after is State.CANCELLED and attempt is None:
            self.connection.execute("DELETE FROM event WHERE job = ?", (job,))
            self.connection.execute("DELETE FROM attempt WHERE job = ?", (job,))
            self.connection.execute("DELETE FROM job WHERE id = ?", (job,))


class LeavesNoEvent(Changes):
    def _event(self, job: str, attempt: int | None, state: State, detail: str) -> None:
        if state is not State.LOST:
            super()._event(job, attempt, state, detail)


# Bugs in the order.


class TheLeastUrgentFirst(Mine):
    def _levels(self, after: Job | None) -> Iterator[int]:
        return iter(sorted(super()._levels(after)))


class NoPriorities(Mine):
    def waiting(self, limit: int, now: float, after: Job | None = None, unlike: Iterable[Job] = ()) -> list[Job]:
        return sorted(super().waiting(1000, now, after, unlike), key=lambda job: job.number)[:limit]


class ForgetsWhatIsAfterWhat(Mine):
    def waiting(self, limit: int, now: float, after: Job | None = None, unlike: Iterable[Job] = ()) -> list[Job]:
        return self.store.jobs("state = 'queued' AND begin_at = 0", limit=limit)


class ForgetsTheTime(Mine):
    def waiting(self, limit: int, now: float, after: Job | None = None, unlike: Iterable[Job] = ()) -> list[Job]:
        return self.store.jobs("state = 'queued' AND blocked = 0", limit=limit)


def judges_nothing(change: Changes) -> None:
    return None


def skips_nothing(change: Changes) -> None:
    change.connection.execute("UPDATE prerequisite SET changed = 0 WHERE failed > 0 AND anyhow = 0 AND one = 0")
    resolve(change)


def takes_a_failure_for_a_success(change: Changes) -> None:
    change.connection.execute("UPDATE prerequisite SET failed = 0 WHERE changed = 1")
    resolve(change)


PLANTS: dict[Callable, tuple[str, str]] = {
    ignores_ctrl_c: ("plan", "plan: something starts"),
    has_a_slot_too_many: ("plan", "plan: .* free slots"),
    forgets_what_is_active: ("plan", "plan: .* free slots|plan: .* cores"),
    takes_the_newest_first: ("plan", "plan: the order|plan: .* passed"),
    ignores_cores: ("plan", "plan: .* cores"),
    lets_small_jobs_pass: ("plan", "plan: .* was passed by|plan: no slot is kept"),
    stops_at_the_first_that_waits: ("plan", "plan: a job that needs nothing"),
    forgets_what_this_turn_gave_away: ("plan", "plan:"),
    forgets_claims: ("plan", "plan: .* starts where nothing is free|given away twice"),
    gives_a_gpu_to_one_more_than_share_it: ("plan", "plan: .* starts where nothing is free: .*1/[23] of it is asked|shared:"),
    takes_a_failing_driver_for_free_gpus: ("plan", "plan: .* does not answer"),
    starts_nothing: ("plan", "plan: a job that needs nothing"),
    retries_once_more: ("deserves", "once: .* was followed"),
    retries_what_was_cancelled: ("deserves", "once: .* was followed"),
    repeats_lost_jobs: ("deserves", "once: .* was followed"),
    guesses_that_nothing_ran: ("verdict", "once:|true:"),
    trusts_an_empty_journal_after_a_power_cut: ("verdict", "once:"),
    ends_jobs_that_have_left_children: ("verdict", "clean:"),
    calls_everything_lost: ("verdict", "true:"),
    calls_everything_done: ("verdict", "true:"),
    OverwritesFinalRecords: ("changes", "once: the final record"),
    BeginsWhatSomebodyElseBegan: ("changes", "once:"),
    ForgetsAJob: ("changes", "durable:"),
    LeavesNoEvent: ("changes", "replayed:"),
    TheLeastUrgentFirst: ("mine", "order: .* has overtaken"),
    NoPriorities: ("mine", "order: .* has overtaken"),
    ForgetsWhatIsAfterWhat: ("mine", "after: .* has begun before|order: .* has overtaken"),
    ForgetsTheTime: ("mine", "begin: .* before its time|order: .* has overtaken"),
    judges_nothing: ("resolve", "after:"),
    skips_nothing: ("resolve", "after:"),
    takes_a_failure_for_a_success: ("resolve", "after:"),
}


@pytest.mark.slow
@pytest.mark.parametrize("bug", PLANTS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_breaks_the_promise_that_it_should(bug: Callable) -> None:
    """A promise whose breach nobody would notice is none."""
    place, message = PLANTS[bug]
    value = bug if isinstance(bug, type) else staticmethod(bug)
    history = OrderedHistories if place in ("mine", "resolve") else Histories
    history = SharingHistories if bug is gives_a_gpu_to_one_more_than_share_it else history
    planted = type(history)("Planted", (history,), {place: value})
    with pytest.raises(AssertionError, match=message):
        run_state_machine_as_test(planted, settings=HUNT)
