"""What must hold after every step of a random history. Each message begins with the promise's name."""

from __future__ import annotations

import itertools

from hypothesis.stateful import RuleBasedStateMachine, invariant

from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import ACTIVE, FOLLOWS, SUCCEEDED, WAITING, State
from scheduler.queue.store import Store
from tests.contract.runner.lives import Life
from tests.contract.runner.plan_promises import check_parts

GPUS, TOTAL = 3, 16_000  # of the machine, and MiB of each


class Promises(RuleBasedStateMachine):
    """The invariants. The rules of a subclass keep these up to date: `lives` is the truth, the store what is believed.

    `asked` holds the job and the attempt after which a person asked for it again, `finals` every final record once seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.store: Store
        self.submitted: dict[str, Job] = {}
        self.asked: set[tuple[str, int]] = set()
        self.lives: dict[str, Life] = {}
        self.finals: dict[str, Ending] = {}

    @invariant()
    def durable(self) -> None:
        known = {job.id: job for job in self.store.jobs()}
        for id_, job in self.submitted.items():
            assert id_ in known, f"durable: job {id_} is gone"
            assert (known[id_].arguments, known[id_].policy) == (job.arguments, job.policy), f"durable: job {id_} was changed"

    @invariant()
    def once(self) -> None:
        for name, life in self.lives.items():
            assert life.starts <= 1, f"once: {name} started {life.starts} times"
        for job in self.store.jobs():
            attempts = self.store.attempts(job.id)
            for attempt in attempts:
                self._final_stays(attempt)
            for attempt in attempts if job.state is State.QUEUED else attempts[:-1]:
                assert self._may_follow(job, attempt, attempts), f"once: {attempt.name} was {attempt.ending} and was followed"

    def _final_stays(self, attempt: Attempt) -> None:
        if attempt.ending:
            before = self.finals.setdefault(attempt.name, attempt.ending)
            assert before == attempt.ending, f"once: the final record of {attempt.name} was {before} and is {attempt.ending}"

    def _may_follow(self, job: Job, attempt: Attempt, attempts: list[Attempt]) -> bool:
        """Whether a person, or the job's policy, allowed to start it again after this attempt."""
        if (job.id, attempt.number) in self.asked:
            return attempt.ending is not None and attempt.ending.state not in SUCCEEDED
        if attempt.ending is None:
            return False
        if attempt.ending.state is State.LOST:
            return job.policy.resumable
        last = max((number for id_, number in self.asked if id_ == job.id and number < attempt.number), default=0)
        since = [each for each in attempts if last < each.number <= attempt.number and each.ending]
        return attempt.ending.state in (State.FAILED, State.TIMEOUT) and len(since) <= job.policy.retries + _lost(since)

    @invariant()
    def held(self) -> None:
        for index in range(GPUS):
            here = [claim for claim in (life.claim for life in self.lives.values()) if claim and claim.holds(f"GPU-{index}")]
            if any(claim.exclusive and not claim.split for claim in here):
                assert len(here) == 1, f"held: GPU {index} has {len(here)} claims, one of them for the whole"
            assert sum(claim.memory[f"GPU-{index}"] or 0 for claim in here) <= TOTAL, f"held: GPU {index} is overbooked"

    @invariant()
    def shared(self) -> None:
        check_parts(life.claim for life in self.lives.values() if life.claim)

    @invariant()
    def clean(self) -> None:
        for name in self.finals:
            life = self.lives[name]
            assert not life.tree, f"clean: {name} has its final record and still {'stands there' if life.paused else 'runs'}"

    @invariant()
    def true(self) -> None:
        for name, final in self.finals.items():
            end = self.lives[name].end
            if final.state is State.LOST:
                assert not end, f"true: {name} is lost although its end is written down"
            else:
                assert end, f"true: {name} is {final} without an end"
                assert (final.state, final.exit_status) == (State(end["state"]), end["exit_status"]), f"true: {name} is {final}"

    @invariant()
    def replayed(self) -> None:
        for job in self.store.jobs():
            states = [State(event["state"]) for event in self.store.events(job.id)]
            assert states[-1] is job.state, f"replayed: {job.id} is {job.state}, its events say {states}"
            wrong = [pair for pair in itertools.pairwise(states) if pair[1] not in FOLLOWS[pair[0]] and not _only_told(*pair)]
            assert not wrong, f"replayed: {job.id} went {wrong}"


def _only_told(before: State, after: State) -> bool:
    """An event that repeats the state: of a job that waits what has changed is its place, its time or what its file says; of one
    that runs, a pause."""
    return before is after and before in (*WAITING, *ACTIVE)


def _lost(attempts: list[Attempt]) -> int:
    """Lost attempts do not count against the retries."""
    return sum(1 for each in attempts if each.ending and each.ending.state is State.LOST)
