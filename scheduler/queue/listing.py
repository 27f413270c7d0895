"""The numbers of jobs in the order in which somebody wants to see them, of however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from scheduler.queue.chosen import Chosen
from scheduler.queue.states import ACTIVE, ENDED, in_sql
from scheduler.queue.store import Store

_STARTED = "(SELECT started FROM attempt WHERE attempt.job = job.id AND attempt.number = job.attempts)"
_TOOK = """(SELECT coalesce(duration, (julianday('now') - 2440587.5) * 86400 - started)
            FROM attempt WHERE attempt.job = job.id AND attempt.number = job.attempts)"""


class Order(str, Enum):
    """How jobs can stand one below the other."""

    QUEUE = "as they start"
    NEWEST = "newest first"
    LONGEST = "longest first"
    BEST = "best first"


# Parts that stand one below the other: which jobs, and their order.
_PARTS = (
    (f"state IN {in_sql(ACTIVE)}", f"{_STARTED}, number"),
    ("state = 'queued' AND blocked = 0 AND begin_at = 0", "priority DESC, number"),  # as their index has them
    ("state = 'queued' AND (blocked = 1 OR begin_at > 0)", "blocked, begin_at, priority DESC, number"),
    ("state = 'held'", "number"),
    (f"state IN {in_sql(ENDED)}", "number DESC"),
)
_ORDERS = {Order.NEWEST: "number DESC", Order.LONGEST: f"{_TOOK} DESC, number"}


def listed(store: Store, which: Chosen, order: Order) -> list[int]:
    """Their numbers, all of them. For QUEUE those that run come first, then what waits, as it would start, then what is held and
    what is over; BEST is the business of who knows what they have logged: here it is NEWEST."""
    if order is not Order.QUEUE:
        return _numbers(store, which, _ORDERS.get(order, _ORDERS[Order.NEWEST]))
    parts = (_numbers(store, which.also(part), order) for part, order in _PARTS)
    return [number for part in parts for number in part]


def unfinished(store: Store, since: int, most: int) -> list[int]:
    """Those that run, then the `most` that have ended last after the event with the number `since`, then those that wait."""
    running, *waiting = (_numbers(store, Chosen(part), order) for part, order in _PARTS[:-1])
    return [*running, *_ended_last(store, since, most), *(number for part in waiting for number in part)]


def _ended_last(store: Store, since: int, most: int) -> Sequence[int]:
    sql = f"""SELECT job.number FROM event JOIN job ON job.id = event.job
              WHERE event.sequence > ? AND event.state = job.state AND job.state IN {in_sql(ENDED)}
              GROUP BY job.number ORDER BY max(event.sequence) DESC LIMIT ?"""
    return [row[0] for row in store.read(sql, (since, most))]


def _numbers(store: Store, which: Chosen, order: str) -> list[int]:
    return [row[0] for row in store.read(f"SELECT number FROM job WHERE {which.where} ORDER BY {order}", which.parameters)]
