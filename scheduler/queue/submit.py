"""From experiments to jobs: what is new, what goes on, what is asked again and what stays as it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import Enum
from functools import cached_property
from itertools import islice

from scheduler.errors import UserError, about
from scheduler.experiments import Experiment
from scheduler.experiments.after import GROUP, After
from scheduler.experiments.remarks import NOTHING, Remarks
from scheduler.queue.asks import AskTexts
from scheduler.queue.changes import Changes, job_key
from scheduler.queue.chosen import Chosen
from scheduler.queue.code import Aged, Codes, aged
from scheduler.queue.code_rows import ask_with_present_code
from scheduler.queue.dependencies import Needs, attach, require, skipped_in_vain
from scheduler.queue.here import Here, file_from
from scheduler.queue.here import directory as here_now
from scheduler.queue.in_bulk import in_bulk
from scheduler.queue.job import Job
from scheduler.queue.job_list import JobList
from scheduler.queue.latest import Latest
from scheduler.queue.order import postpone
from scheduler.queue.remarks import remark
from scheduler.queue.repeats import Repeats
from scheduler.queue.states import ENDED, SUCCEEDED, State
from scheduler.queue.store import Store
from scheduler.values import dataclass

ELSEWHERE = '`wandb.init(id=..., resume="allow")` goes on with a run'
CHUNK = 1000  # experiments that go to SQLite together: one by one, 100,000 took three times as long


class Verb(str, Enum):
    """What a submit does with one experiment."""

    NEW = "new"
    QUEUED = "already queued"
    RENEWED = "already queued, renewed"
    RUNNING = "already running"
    NEXT_TIME = "already running, renewed for a next attempt"
    RETRIED = "tried again"
    SUCCEEDED = "succeeded before"
    LOST = "lost"


RENEWALS = {Verb.QUEUED: Verb.RENEWED, Verb.RUNNING: Verb.NEXT_TIME}  # where the file has changed what the job asks for
WAIT = (Verb.NEW, Verb.QUEUED, Verb.RENEWED, Verb.RETRIED)  # jobs that have not begun
# Jobs that are there already, and whose next attempt takes the environment of whoever asks now.
ASKED_NOW = (*RENEWALS, *RENEWALS.values(), Verb.RETRIED)


@dataclass(frozen=True)
class Submission:
    """The jobs of one file, in its order, each once, and what was done with each. Reads from the open store."""

    jobs: JobList
    verbs: Mapping[int, Verb] = field(default_factory=dict)  # by the numbers of the jobs
    repeated: int = 0  # experiments that stood in the file more than once
    outdated: Mapping[Aged, Sequence[int]] = field(default_factory=dict)  # of what succeeded before: by what has changed since

    @cached_property
    def counts(self) -> Counter[Verb]:
        """How many jobs there are of each kind."""
        return Counter(self.verbs.values())


def verb(state: State | None, *, resumable: bool, again: bool, lost: bool) -> Verb:
    """What to do with an experiment whose newest job is in `state` (None: it has no job).

    A lost job may have done anything; it is only started again where it can resume, or when a person says so.
    """
    if state is None or (again and state in ENDED):
        return Verb.NEW
    if state in SUCCEEDED:
        return Verb.SUCCEEDED
    if state is State.LOST and not (resumable or lost):
        return Verb.LOST
    if state in ENDED:
        return Verb.RETRIED
    return Verb.QUEUED if state in (State.QUEUED, State.HELD) else Verb.RUNNING


def submit(
    store: Store,
    experiments: Iterable[Experiment],
    cwd: str,
    *,
    file: str | None = None,
    again: bool = False,
    lost: bool = False,
    begin: float | None = None,
    after: After | None = None,
    needs: Needs | None = None,
    remarks: Remarks = NOTHING,
) -> Submission:
    """Put experiments into the queue, durably and all together. `again` makes new jobs for those that are over; `file` is where
    they are from, as seen from `cwd`; `begin`: those that wait then do not start before, in seconds since 1970; `after`: what
    they come after, and by `needs` what must become of it (None: as they were asked for); `remarks`: what is said of all of
    them. UserError where `after` names no job."""
    chosen: dict[int, Verb] = {}  # by the jobs' numbers, in the order of the file
    awaited = named(store, after) if after else []
    given, directory, source = 0, os.path.realpath(cwd), None if file is None else file_from(cwd, file)
    with store.change(many=True) as change:
        here, repeats = Here(change, cwd), Repeats(change) if change.next_number() == 1 else None
        with in_bulk(change) as added:
            for some in in_chunks(experiments):
                given += len(some)
                keyed = {job_key(each, directory): each for each in some}
                first, latest = _first(change, repeats, keyed, chosen)
                chosen.update(_place(change, here, first, latest, source, again, lost))
                added()
        if chosen:
            change.asked(directory, max(chosen))
        if remarks:
            remark(change, chosen, remarks)
        if begin is not None:
            postpone(change, _waiting(chosen), begin)
        if after and (waiting := _waiting(chosen)):
            attach(change, waiting, require(change, awaited, needs or Needs()) if awaited else None)
    before = [number for number, what in chosen.items() if what is Verb.SUCCEEDED]
    return Submission(JobList(store.by_numbers, list(chosen)), chosen, given - len(chosen), outdated(store, before))


def _waiting(chosen: Mapping[int, Verb]) -> list[int]:
    """The numbers of those that have not begun."""
    return [number for number, what in chosen.items() if what in WAIT]


def outdated(store: Store, jobs: Iterable[int]) -> dict[Aged, list[int]]:
    """Those of these jobs, by their numbers, that ran with other code than there is now, by what has changed."""
    codes, found = Codes(), dict[Aged, list[int]]()
    for number, numbers in store.ran_with(jobs).items():
        before = store.code(number)
        if before and (change := aged(before, codes.at(before.program))):
            found.setdefault(change, []).extend(numbers)
    return found


def named(store: Store, after: After) -> list[int]:
    """The numbers of the jobs that are named, of an experiment that was run several times the newest alone. UserError, with the
    place of the word where it stands in a file, for one that names none."""
    found: list[int] = []
    for index, word in enumerate(after.words):
        with about("to come after", where=after.places[index] if after.places else None):
            found += _named(store, word)
    return found


def _named(store: Store, word: str) -> list[int]:
    from scheduler.queue.selection import NothingNamed, none_of  # with all the ways to name jobs
    from scheduler.queue.selection import chosen as chosen_by

    group = chosen_by(store, [GROUP + word.removeprefix(GROUP)])  # a group's name before anything else that the word may mean
    next_step = "submit first what comes first; `exp-queue status` lists all jobs"
    try:
        found = _newest(store, group) or _newest(store, chosen_by(store, [word]))
    except NothingNamed:
        raise UserError(f'"{word}" is neither a group nor a job', next_step=next_step) from None
    if not found:
        raise UserError(none_of([word]), next_step=next_step)
    return found


def _newest(store: Store, which: Chosen) -> list[int]:
    """The number of the newest job of each experiment and directory among these."""
    sql = f"SELECT max(number) FROM job WHERE {which.where} GROUP BY key"  # noqa: S608
    return [row[0] for row in store.read(sql, which.parameters)]


def in_chunks(experiments: Iterable[Experiment]) -> Iterator[list[Experiment]]:
    """As many at once as go to SQLite together."""
    rest = iter(experiments)
    while some := list(islice(rest, CHUNK)):
        yield some


def _first(
    change: Changes, repeats: Repeats | None, keyed: dict[str, Experiment], chosen: Container[int]
) -> tuple[dict[str, Experiment], dict[str, Latest]]:
    """Those of these keys that have not stood in the file before, and what the queue has for them already."""
    latest = {} if repeats else change.latest(keyed)
    known = repeats.among(keyed) if repeats else {key for key, each in latest.items() if each.number in chosen}
    return {key: each for key, each in keyed.items() if key not in known} if known else keyed, latest


def _place(
    change: Changes,
    here: Here,
    keyed: dict[str, Experiment],
    latest: dict[str, Latest],
    file: str | None,
    again: bool,
    lost: bool,
) -> dict[int, Verb]:
    """What was done with each key, by the number of the job that now stands for it, in the order of the keys."""
    if not latest:
        return _added(change, here, keyed, {}, file)
    verbs = {
        key: verb(latest[key].state if key in latest else None, resumable=each.policy.resumable, again=again, lost=lost)
        for key, each in keyed.items()
    }
    fresh = {key: keyed[key] for key, what in verbs.items() if what is Verb.NEW}
    numbers = {key: each.number for key, each in latest.items()}
    numbers |= zip(fresh, _added(change, here, fresh, latest, file), strict=True)
    there: dict[str, Verb] = {key: what for key, what in verbs.items() if what is not Verb.NEW}
    _ask(change, here, keyed, latest, there)
    if file is not None:
        change.asked_by([latest[key].number for key in there if latest[key].file != file], file)
    return {numbers[key]: there.get(key, Verb.NEW) for key in verbs}


def _added(
    change: Changes, here: Here, fresh: dict[str, Experiment], latest: dict[str, Latest], file: str | None
) -> dict[int, Verb]:
    """New jobs, by their numbers."""
    first = change.next_number()
    change.add(fresh, here.cwd, {key: latest[key].many for key in fresh if key in latest}, here.kept, file)
    return dict.fromkeys(range(first, change.next_number()), Verb.NEW)


def _ask(change: Changes, here: Here, keyed: dict[str, Experiment], latest: dict[str, Latest], verbs: dict[str, Verb]) -> None:
    """Ask for jobs that are there already; `verbs`, by their keys, says afterwards which were renewed."""
    asked = [(latest[key], keyed[key]) for key, what in verbs.items() if what in ASKED_NOW]
    stale = [(job, each) for job, each in asked if not here.is_kept_by(job, each)]
    here.renew((job.number, each.first_word, each.policy) for job, each in stale)
    texts = AskTexts()
    for key, what in verbs.items():
        if what is Verb.RETRIED:
            change.ask_again(latest[key].job, "run again", keyed[key])
        elif what in RENEWALS and not latest[key].asks_as(keyed[key], texts):
            change.renew(latest[key].job, keyed[key], "takes the present resources, policy and command of its file")
            verbs[key] = RENEWALS[what]


def interrupted(store: Store) -> list[Job]:
    """What was cancelled, and what was lost but can resume."""
    found = store.jobs("state IN ('cancelled', 'lost')")
    return [job for job in found if job.state is State.CANCELLED or job.policy.resumable]


def ask_for_interrupted(store: Store) -> int:
    """Queue what was cancelled, and what was lost but can resume, and what was skipped for want of these alone; returns how many
    lost jobs cannot."""
    with store.change() as change:
        asked = interrupted(store)
        for job in asked:
            change.ask_again(job.id, "resume")
        ask_with_present_code(change, [job.number for job in asked])
        left_alone = len(store.numbers("state = 'lost'"))
        while hopeful := skipped_in_vain(change):  # what comes after these
            for each in hopeful:
                change.ask_again(each, "resume")
    return left_alone


def ask_again(store: Store, jobs: Iterable[Job], *, lost: bool, for_agents: bool = False) -> list[Job]:
    """Queue these jobs once more where they did not succeed; returns them with those that are queued or run already.

    UserError for a job that succeeded, for a lost one that cannot resume unless `lost` says so, and for one that stands for a run
    which is computed elsewhere. `for_agents`: they are trials that the server of their sweep brings to an agent.
    """
    chosen = list(jobs)
    with store.change() as change:
        for job in chosen:
            what = verb(change.state(job.id), resumable=job.policy.resumable, again=False, lost=lost)
            if job.is_seat and not for_agents:
                raise _elsewhere(job)
            _refuse(job, what)
            if what is Verb.RETRIED:
                change.ask_again(job.id, "retry")
        ask_with_present_code(change, [job.number for job in chosen])
        if chosen:
            change.asked(here_now(), max(job.number for job in chosen))
    return store.by_ids(job.id for job in chosen)


def _elsewhere(job: Job) -> UserError:
    why = f"job {job.short_id} stands for a run that another program computes: it is not ours to start"
    return UserError(why, next_step=ELSEWHERE)


def _refuse(job: Job, what: Verb) -> None:
    """UserError where the job cannot be asked again."""
    if what is Verb.SUCCEEDED:
        raise UserError(
            f"job {job.short_id} has succeeded", next_step="`exp-queue run FILE --again` repeats a file's experiments"
        )
    if what is Verb.LOST:
        raise UserError(
            f"the outcome of job {job.short_id} is unknown: it may have done its work",
            next_step="look at `exp-queue logs`, then add --lost to run it again",
        )
