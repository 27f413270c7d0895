"""What can be done from the page: the verbs of the command line, for jobs that are named by their ids. It starts nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scheduler.actions import hold as holding
from scheduler.actions import move as moving
from scheduler.actions import pause as pausing
from scheduler.actions import remark
from scheduler.actions.agents import offer_again
from scheduler.actions.cancel import by_hand, cancel_all
from scheduler.errors import UserError
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again
from scheduler.report.text import plural
from scheduler.runner import presence

MOST = 1000  # jobs at once
_ID = re.compile(r"[0-9a-f]{32,64}")
Verb = Callable[[Store, Sequence[str], Mapping[str, Any]], str]


def act(store: Store, verb: str, asked: object) -> str:
    """Do it; what became of it, as a sentence. UserError for what cannot be done. `asked`: `{"jobs": [ID, ...]}`, with `text`,
    `tags` or `where` for the verbs that need them."""
    if not isinstance(asked, dict):
        raise UserError("what is to be done is an object with `jobs`")
    ids = asked.get("jobs")
    if not (
        isinstance(ids, list) and 0 < len(ids) <= MOST and all(isinstance(each, str) and _ID.fullmatch(each) for each in ids)
    ):
        raise UserError(f"`jobs` is a list of 1 to {MOST:,} ids of jobs")
    known = {job.id for job in store.by_ids(ids)}
    if missing := [each for each in ids if each not in known]:
        raise UserError(f"there is no job {missing[0][:8]}", next_step="load the page again")
    return VERBS[verb](store, ids, asked)


def _cancel(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    left = cancel_all(store, [job.number for job in store.by_ids(ids)], lambda _: None)
    if left:
        raise UserError("; ".join(by_hand(store, attempt) for attempt in left))
    return f"{plural(len(ids), 'job')}: cancelled, or over before"


def _retry(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    every, lost = store.by_ids(ids), asked.get("lost") is True
    trials = [job for job in every if job.needs_agent]
    if trials and len(trials) == len(every):
        return "; ".join(offer_again(store.home.root, trials, lost=lost))
    jobs = ask_again(store, every, lost=lost)
    lonely = Mine(store, jobs).queued_outside(presence.driven(store.home))
    return f"{plural(len(jobs), 'job')} queued again" + ("; nobody runs them: `exp-queue work` does" if lonely else "")


def _hold(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    return _moved(holding.hold(store, ids), "held")


def _release(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    return _moved(holding.release(store, ids), "released")


def _pause(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    return _rested(pausing.pause(store, store.by_ids(ids)), len(ids), "paused")


def _go_on(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    return _rested(pausing.go_on(store, store.by_ids(ids)), len(ids), "continued")


def _rested(done: pausing.Rested, named: int, what: str) -> str:
    if done.refused:
        raise UserError("; ".join(f"{job[:8]} is not {what}: {why}" for job, why in done.refused.items()))
    others = named - len(done.reached)
    return f"{plural(len(done.reached), 'job')} {what}" + (f"; {plural(others, 'job')} stayed as before" if others else "")


def _moved(done: holding.Moved, what: str) -> str:
    others = done.named - done.moved
    return f"{plural(done.moved, 'job')} {what}" + (f"; {plural(others, 'job')} stayed as before" if others else "")


def _note(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    return "noted" if remark.annotate(store, ids, _text(asked, "text")).changed else "the note was this before"


def _tag(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    tags = [each.strip() for each in _text(asked, "tags").split(",")]  # as people write a list
    done = remark.tag(store, ids, tags, remove=asked.get("remove") is True)
    return f"{plural(done.changed, 'job')} tagged otherwise"


def _move(store: Store, ids: Sequence[str], asked: Mapping[str, Any]) -> str:
    where = _text(asked, "where")
    if where not in (moving.FIRST, moving.LAST):
        raise UserError("`where` is first or last")
    done = moving.move(store, ids, where)
    if not done.jobs:
        raise UserError("only jobs that wait can be moved")
    return f"{plural(len(done.jobs), 'job')} moved: priority {done.priority}"


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise UserError(f"`{name}` is a text")
    return value


VERBS: Mapping[str, Verb] = {
    "cancel": _cancel,
    "retry": _retry,
    "hold": _hold,
    "release": _release,
    "pause": _pause,
    "continue": _go_on,
    "note": _note,
    "tag": _tag,
    "move": _move,
}
