"""The operations of W&B's GraphQL that are answered: one small function each, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.graphql import Asked
from scheduler.wandb_server.operations import artifacts, ours, people, reading, rows, runs, saved, sweeps

Operation = Callable[[Desk, Asked], dict[str, Any]]

KNOWN: dict[str, Operation] = {
    **people.OPERATIONS,
    **runs.OPERATIONS,
    **reading.OPERATIONS,
    **rows.OPERATIONS,
    **saved.OPERATIONS,
    **sweeps.OPERATIONS,
    **artifacts.OPERATIONS,
    **ours.OPERATIONS,
}


def answer(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The `data` of the answer; empty for what is not known, which is said once. Refused for what cannot be."""
    operation = KNOWN.get(asked.operation)
    if operation:
        return operation(desk, asked)
    if asked.operation not in desk.strange:
        desk.strange.add(asked.operation)
        desk.say(
            f"W&B's client asks for {asked.operation or 'something without a name'}, which is not known here; it gets nothing"
        )
    return {}
