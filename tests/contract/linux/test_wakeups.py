"""What a runner sleeps on: real sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable

from scheduler.linux.wakeups import Wakeups


def test_what_an_act_forgets_is_not_acted_on_though_it_happened_at_the_same_time() -> None:
    """Whoever forgets a line closes it, and what lies in it is nobody's any more."""
    pairs = [socket.socketpair() for _ in range(2)]
    acted: list[int] = []
    with Wakeups(lambda number: None) as wakeups:

        def forgetting(other: int) -> Callable[[], None]:
            def act() -> None:
                acted.append(other)
                wakeups.forget(pairs[other][0])

            return act

        for place, (ours, theirs) in enumerate(pairs):
            wakeups.watch(ours, forgetting(1 - place))
            theirs.send(b".")
        wakeups.wait(60)
    assert len(acted) == 1
    for ends in pairs:
        for end in ends:
            end.close()
