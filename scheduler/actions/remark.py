"""Say something of jobs, at any time: tags, a note, another name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scheduler.errors import UserError
from scheduler.experiments import remarks as said
from scheduler.queue import remarks
from scheduler.queue.changes import Changes
from scheduler.queue.chosen import Chosen
from scheduler.queue.job import Job
from scheduler.queue.names import WORDS, name_of, new_name
from scheduler.queue.selection import TAG, chosen, none_of, numbered, select, taken
from scheduler.queue.store import Store
from scheduler.values import dataclass

Action = Callable[[Changes, Chosen], int]
FEW = 50  # jobs that are listed without being asked for


@dataclass(frozen=True)
class Remarked:
    """How many jobs were named, how many of them are not as before, and the named ones where they are few or all are wanted."""

    named: int
    changed: int
    jobs: Sequence[Job] | None


def tag(store: Store, words: Sequence[str], tags: Sequence[str], *, remove: bool = False, every: bool = False) -> Remarked:
    """The named jobs have these tags too or, with `remove`, none of them any more. `every`: list them however many. UserError for
    a tag that cannot be one, or that names jobs itself: then it was forgotten."""
    found = said.tags_of(each.removeprefix(TAG) for each in tags)
    for each in found:
        if each in WORDS:
            raise UserError(f'"{each}" names jobs, and is no tag', next_step="the tag comes last: `exp-queue tag JOB... TAG`")
    return _change(store, words, every, lambda change, these: (remarks.untag if remove else remarks.tag)(change, these, found))


def annotate(store: Store, words: Sequence[str], text: str, *, append: bool = False, every: bool = False) -> Remarked:
    """The note of the named jobs is this text, or with `append` ends with it; an empty text takes the note away."""
    note = said.note(text)
    action = remarks.annotate_too if append else remarks.annotate
    return _change(store, words, every, lambda change, these: action(change, these, note))


def rename(store: Store, word: str, name: str) -> Job:
    """Call the one job that `word` names so; the name that its id and number give it is given back to it. UserError for a name
    that means something else, and for a word that names several jobs."""
    with store.change() as change:
        jobs = select(store, [word], limit=2)
        if len(jobs) != 1:
            what = none_of([word]) if not jobs else f'"{word}" names several jobs, and a name is that of one'
            raise UserError(what, next_step="`exp-queue status` lists all jobs")
        (job,) = jobs
        own = name == name_of(job.id, job.number)
        if not own:
            new_name(name)
            if numbered(store, name) not in (None, job.number):
                raise UserError(f'another job is called "{name}"', next_step="choose another name, or rename that job first")
            if taken(store, name):
                raise UserError(f'"{name}" is the name of a group or a file', next_step="choose another name")
        remarks.rename(change, job.number, None if own else name)
    return store.job(job.id)


def _change(store: Store, words: Sequence[str], every: bool, action: Action) -> Remarked:
    found = chosen(store, words)
    numbers = store.numbers(found.where, found.parameters)
    if len(words) == 1 and not numbers:
        raise UserError(none_of(words), next_step="`exp-queue status` lists all jobs")
    with store.change() as change:
        changed = action(change, found)
    return Remarked(len(numbers), changed, store.by_numbers(numbers) if every or len(numbers) <= FEW else None)
