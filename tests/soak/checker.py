"""What must be true of a queue in which processes were killed at random: pure, from observations to violations.

Each rule is one function with the number of its invariant. An observation is what the outside can see: rows of the store, the
ledger that the jobs themselves write, what was killed, what still runs. A *token* is an attempt's name, `JOB/NUMBER`.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from scheduler.queue.states import (
    ACTIVE,
    ENDED,
    FOLLOWS,
    SUCCEEDED,
    WAITING,
    State,
)

KILLED = -9
PASSED = 4  # so many may pass a job of a higher priority


@dataclass(frozen=True)
class JobSeen:
    """A row of the store's jobs, with the file that it is of, and the jobs that it comes after as that file has it."""

    id: str
    state: State
    attempts: int
    priority: int = 0
    file: str = ""
    after: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AttemptSeen:
    """A row of the store's attempts; `state` is None while it has no final record."""

    job: str
    number: int
    launcher: str
    state: State | None
    exit_status: int | None

    @property
    def token(self) -> str:
        return f"{self.job}/{self.number}"


@dataclass(frozen=True)
class EventSeen:
    """A row of the store's events."""

    job: str
    attempt: int | None
    state: State


@dataclass(frozen=True)
class Mark:
    """A line of the ledger: `start` (value: pid), `end` (value: exit status), `overlap` and `beside` (value: the GPU that others
    have too, wrongly or by its share; `others`: who has it, of an overlap), or of somebody whom a job left behind to compute on,
    `left` and `worked` (value: pid)."""

    what: str
    token: str
    value: int
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Observations:
    """Everything seen at one moment. The store was read first and the ledger after it, so the ledger knows at least as much.

    `restless`: jobs that made progress while they were paused. `baseless`: open attempts for which nothing speaks, no living
    launcher, no living process, no exit record.
    `unclaimed`: processes of jobs that lived while the claim they carry did not. `leftovers`: processes that carry our mark after
    the end, and runs that did not end or ended for a wrong reason. `killed`: tokens whose main process was killed by the test;
    `launchers`: launchers that were. `unowned`: attempts whose GPUs somebody who is not under test gives on although something of
    them is left. `forgotten`: tokens whose outcome a restored database cannot know. `final`: everything is over, no process of
    ours should exist.
    """

    jobs: tuple[JobSeen, ...] = ()
    attempts: tuple[AttemptSeen, ...] = ()
    events: tuple[EventSeen, ...] = ()
    marks: tuple[Mark, ...] = ()
    acknowledged: frozenset[str] = frozenset()
    killed: frozenset[str] = frozenset()
    launchers: frozenset[str] = frozenset()
    unowned: frozenset[str] = frozenset()
    forgotten: frozenset[str] = frozenset()
    baseless: tuple[str, ...] = ()
    unclaimed: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    claims: int = 0
    restless: tuple[str, ...] = ()
    bystander: str = ""  # what happened to it; empty: nothing
    quick_check: str = "ok"
    final: bool = False
    starts: dict[str, int] = field(init=False)
    ends: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", Counter(mark.token for mark in self.marks if mark.what == "start"))
        object.__setattr__(self, "ends", {mark.token: mark.value for mark in self.marks if mark.what == "end"})


def violations(seen: Observations) -> list[str]:
    """Every broken invariant, one sentence each; an empty list if all is well."""
    return [f"{rule.__name__}: {sentence}" for rule in RULES for sentence in rule(seen)]


def one_final_record(seen: Observations) -> Iterator[str]:
    """1. At most one final record per attempt; at the end exactly one of the last attempt of each job."""
    finals = Counter((event.job, event.attempt) for event in seen.events if event.attempt and event.state in ENDED)
    for (job, number), count in finals.items():
        if count > 1:
            yield f"attempt {job}/{number} has {count} final records"
    if seen.final:
        yield from (f"job {job.id} is {job.state}" for job in seen.jobs if job.state not in ENDED)
        yield from (f"attempt {each.token} has no final record" for each in seen.attempts if each.state is None)


def started_once(seen: Observations) -> Iterator[str]:
    """2. No command starts twice: a token stands in the ledger once, and a further attempt needs a reason."""
    yield from (f"{token} started {count} times" for token, count in seen.starts.items() if count > 1)
    for job, attempts in _by_job(seen).items():
        for earlier in attempts[:-1]:
            if earlier.state is None or earlier.state in SUCCEEDED:
                yield f"job {job} was started again after attempt {earlier.number}, which is {earlier.state or 'open'}"
    yield from _at_the_same_time(seen)


def _at_the_same_time(seen: Observations) -> Iterator[str]:
    """The main process of an earlier attempt was still at work when a later one began. A later one that a restored database has
    forgotten was before: its number is no order any more."""
    place = {(mark.what, mark.token): position for position, mark in enumerate(seen.marks)}
    for each in seen.attempts:
        later = f"{each.job}/{each.number + 1}"
        ended, next_started = place.get(("end", each.token)), place.get(("start", later))
        if later not in seen.forgotten and ended is not None and next_started is not None and next_started < ended:
            yield f"{each.token} was still running when the next attempt began"


def no_overlap(seen: Observations) -> Iterator[str]:
    """3. Nobody gets more of a GPU than there is left: the jobs' own locks say so, and no process outlives its claim."""
    overlaps = [mark for mark in seen.marks if mark.what == "overlap" and not (mark.others and mark.others <= seen.unowned)]
    yield from (f"{mark.token} found GPU {mark.value} in use by {', '.join(sorted(mark.others))}" for mark in overlaps)
    yield from seen.unclaimed
    if seen.final and seen.claims:
        yield f"{seen.claims} claims outlived every job"


def running_has_a_reason(seen: Observations) -> Iterator[str]:
    """4. What is recorded as running has a living launcher or process, or an exit record that waits to be read."""
    yield from (f"{token} is recorded as running and nothing speaks for it" for token in seen.baseless)


def pauses_hold(seen: Observations) -> Iterator[str]:
    """What is paused stands still until it is continued, and then goes on."""
    yield from seen.restless


def nothing_left(seen: Observations) -> Iterator[str]:
    """5. After the end no process carries our mark."""
    if seen.final:
        yield from (f"still there: {process}" for process in seen.leftovers)


def left_work_is_done(seen: Observations) -> Iterator[str]:
    """Whoever a job left behind, and who worked, worked to the end: nobody took it for idle."""
    if seen.final:
        worked = {mark.token for mark in seen.marks if mark.what == "worked"}
        yield from (
            f"what {m.token} left behind was ended at work" for m in seen.marks if m.what == "left" and m.token not in worked
        )


def submits_are_durable(seen: Observations) -> Iterator[str]:
    """6. Every submit that was acknowledged is in the store."""
    known = {job.id for job in seen.jobs}
    yield from (f"job {job} was acknowledged and is gone" for job in sorted(seen.acknowledged - known))


def events_explain_states(seen: Observations) -> Iterator[str]:
    """7. The database is sound, and every state is the replay of its job's events along the table of transitions."""
    if seen.quick_check != "ok":
        yield f"the database is damaged: {seen.quick_check}"
    histories = defaultdict(list)
    for event in seen.events:
        histories[event.job].append(event.state)
    for job in seen.jobs:
        history = histories[job.id]
        if not history or history[0] is not State.QUEUED or history[-1] is not job.state:
            yield f"job {job.id} is {job.state}, its events say {[str(state) for state in history]}"
        yield from _impossible(job.id, history)


def _impossible(job: str, history: list[State]) -> Iterator[str]:
    for before, after in itertools.pairwise(history):
        told = before is after and before in (*WAITING, *ACTIVE)  # what has changed is not the state: a place, a pause
        if after not in FOLLOWS[before] and not told:
            yield f"job {job} went from {before} to {after}"


def bystander_untouched(seen: Observations) -> Iterator[str]:
    """8. A process that is not ours is never signalled."""
    if seen.bystander:
        yield seen.bystander


def records_are_true(seen: Observations) -> Iterator[str]:
    """Promise `true`: what is recorded is what the job said itself; `lost` only where a launcher was killed."""
    for each in seen.attempts:
        if each.state is State.LOST:
            if each.launcher not in seen.launchers and each.token not in seen.forgotten:
                yield f"{each.token} is lost although nobody killed its launcher"
        elif each.state is not None:
            yield from _untrue(seen, each)


def _untrue(seen: Observations, each: AttemptSeen) -> Iterator[str]:
    own = seen.ends.get(each.token)
    if each.exit_status == KILLED and each.token in seen.killed:
        return
    if own is None or each.exit_status != own:
        yield f"{each.token} is recorded with exit status {each.exit_status}, the job itself said {own}"
    if (each.state is State.DONE) != (each.exit_status == 0):
        yield f"{each.token} is {each.state} with exit status {each.exit_status}"


def starts_are_recorded(seen: Observations) -> Iterator[str]:
    """Nothing ran that the store does not know of, and at the end nothing that it knows as begun went missing."""
    known = {each.token for each in seen.attempts} | seen.forgotten
    yield from (f"{token} ran and the store does not know of it" for token in seen.starts if token not in known)
    if seen.final:
        active = [job.id for job in seen.jobs if job.state in ACTIVE]
        yield from (f"job {job} is still active after the end" for job in active)


def after_is_after(seen: Observations) -> Iterator[str]:
    """9. A job begins only when those that it comes after have said themselves that they succeeded."""
    good: set[str] = set()
    after = {job.id: job.after for job in seen.jobs}
    for mark in seen.marks:
        job = mark.token.partition("/")[0]
        if mark.what == "end" and mark.value == 0:
            good.add(job)
        if mark.what == "start" and (missing := after.get(job, frozenset()) - good):
            yield f"{mark.token} began before {min(missing)} had succeeded"


def priorities_are_kept(seen: Observations) -> Iterator[str]:
    """10. A job is not passed by those of its file that ask for the same and have a lower priority, but for the few of a turn in
    which it lost the race for its claim. Priorities change while nobody runs. Of starts that a restored database was told of
    afterwards nobody knows the order."""
    found = {token.partition("/")[0] for token in seen.forgotten}
    first: dict[str, int] = {}
    for place, event in enumerate(seen.events):
        if event.state is State.STARTING and event.job not in found:
            first.setdefault(event.job, place)
    queued = {event.job: place for place, event in reversed(list(enumerate(seen.events)))}
    for job in seen.jobs:
        if job.priority > 0 and not job.after and job.id not in found:
            mine = first.get(job.id, len(seen.events))
            others = (each for each in seen.jobs if each.file == job.file and each.priority < job.priority and each.id in first)
            passed = sum(queued[job.id] < first[each.id] < mine for each in others)
            if passed > PASSED:
                yield f"job {job.id} has priority {job.priority} and was passed by {passed} of its file"


def _by_job(seen: Observations) -> dict[str, list[AttemptSeen]]:
    found: dict[str, list[AttemptSeen]] = defaultdict(list)
    for each in sorted(seen.attempts, key=lambda attempt: (attempt.job, attempt.number)):
        found[each.job].append(each)
    return found


RULES: tuple[Callable[[Observations], Iterator[str]], ...] = (
    one_final_record,
    started_once,
    no_overlap,
    running_has_a_reason,
    pauses_hold,
    nothing_left,
    left_work_is_done,
    submits_are_durable,
    events_explain_states,
    bystander_untouched,
    records_are_true,
    starts_are_recorded,
    after_is_after,
    priorities_are_kept,
)
