"""The name under which a host knows a queue."""

from __future__ import annotations

import secrets

import pytest

from scheduler.home import Home
from scheduler.runner.hosts import QUEUE_ID, clerk_of


def name_for(home: Home) -> str:
    """What a host is told."""
    clerk = clerk_of(home)
    try:
        return clerk.hello()["queue"]
    finally:
        clerk.close()


def test_two_that_ask_for_the_name_at_once_are_told_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders lie on hosts under the name that the first has read: who asks under another finds none, and runs the jobs again."""
    found, real = list[str](), secrets.token_hex

    def another_comes_between(size: int) -> str:
        if size == 8:  # there was no name yet, and one is being made up
            monkeypatch.setattr(secrets, "token_hex", real)
            found.append(name_for(home))
        return real(size)

    monkeypatch.setattr(secrets, "token_hex", another_comes_between)
    found.append(name_for(home))
    assert found == [name_for(home)] * 2
    assert [each.name for each in home.root.glob(f"{QUEUE_ID}*")] == [QUEUE_ID], "what was made up in vain is gone"
