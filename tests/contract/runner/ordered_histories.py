"""Random histories of a queue in which the order is more than that of the submits."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from scheduler.actions.move import FIRST, LAST, move
from scheduler.experiments import Policy, Resources
from tests.contract.runner.histories import Histories
from tests.contract.runner.order_promises import Waits


class OrderedHistories(Histories):
    """With priorities, moves, jobs that come after others, and jobs that begin later."""

    @rule(
        gpus=st.sampled_from([0, 0, 1]),
        priority=st.sampled_from([0, 0, 0, 2, -1]),
        after=st.lists(st.integers(0, 4), max_size=2),
        how=st.sampled_from(["all", "all", "one", "anyhow"]),
        begin=st.sampled_from([None, None, 1.0, 100.0]),
    )
    def submits_in_order(self, gpus: int, priority: int, after: list[int], how: str, begin: float | None) -> None:
        """`after`: how far back in the queue those stand that it comes after; `begin`: in how many seconds."""
        awaited = frozenset(list(self.submitted)[-1 - back] for back in after if back < len(self.submitted))
        waits = Waits(awaited, how == "one", how == "anyhow", self.now + begin if begin else 0.0)
        self._submit(Resources(gpus), Policy(priority=priority), waits)

    @precondition(lambda self: self.submitted)
    @rule(data=st.data(), where=st.sampled_from([FIRST, LAST, 1]))
    def moves(self, data: st.DataObject, where: str | int) -> None:
        move(self.store, [data.draw(st.sampled_from(sorted(self.submitted)))], where)
