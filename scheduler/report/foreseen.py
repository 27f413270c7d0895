"""What a dry run can say of a sweep that a W&B server decides about."""

from __future__ import annotations

from scheduler.actions.server_sweep import Foreseen


def lines(found: Foreseen, *, asked: bool) -> list[str]:
    """Which sweep it is, and what only the server knows. `asked`: its configuration has just come from there."""
    if asked:
        return ["nothing was started; the server has its points. Such as these are in its space:"]
    there = f"it is {found.address} there" if found.address else "it would become a new sweep there"
    return [
        f"{there}; the server was not asked, and whether it takes the file it says when the sweep begins",
        "nothing was started; the server chooses the points. Such as these are in the file's space:",
    ]
