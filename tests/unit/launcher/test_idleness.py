"""Whether processes work or only sit there, look by look."""

from __future__ import annotations

import pytest

from scheduler.launcher.leftovers import Seen, Usage, Watch, works

A, B = (10, 1), (11, 1)
NOTHING = Seen({A: Usage()})


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (Seen({A: Usage()}), False),
        # An event loop that turns, a thread that looks at the time.
        (Seen({A: Usage(cpu=0.05)}), False),
        (Seen({A: Usage(read=8 * 1024)}), False),
        (Seen({A: Usage(cpu=0.06)}), True),
        (Seen({A: Usage(read=100 * 1024)}), True),
        (Seen({A: Usage(written=1)}), True),
        (Seen({A: Usage()}, log=1), True),
        # Together they work, or one that is new does.
        (Seen({A: Usage(cpu=0.03), B: Usage(cpu=0.03)}), True),
        (Seen({B: Usage(written=7)}), True),
        # One that has ended takes its figures along.
        (Seen({}), False),
    ],
)
def test_work_is_a_share_of_a_core_or_something_read_or_any_output(now: Seen, expected: bool) -> None:
    """Too strict, and an upload is killed; too lax, and an idle helper holds a GPU for ever."""
    assert works(NOTHING, now, 5.0) is expected


def test_another_process_of_the_same_pid_is_new() -> None:
    """Its figures begin anew, and must not be taken for a fall of the old one's."""
    assert works(Seen({A: Usage(written=1000)}), Seen({(10, 2): Usage(written=10)}), 5.0)


def idle_at(watch: Watch, busy_until: float, step: float = 5.0) -> float:
    """When the watch says idle of a process that writes until then; looks every `step` seconds from 5 on."""
    now = 0.0
    while True:
        now += step
        if watch.look(now, Seen({A: Usage(written=int(min(now, busy_until)))})):
            return now


def test_idle_is_only_who_has_done_nothing_for_the_whole_time() -> None:
    """Thirty seconds after the last sign of work, and not at the first quiet look."""
    assert idle_at(Watch(30.0, 0.0), busy_until=0.0) == 30.0
    assert idle_at(Watch(30.0, 0.0), busy_until=100.0) == 130.0


def test_what_was_done_before_the_first_look_is_no_work_that_is_left() -> None:
    """A helper's start-up, and all that it did while the script lived, say nothing about now."""
    watch = Watch(30.0, 0.0)
    looks = [watch.look(float(now), Seen({A: Usage(cpu=600.0, written=1 << 30)})) for now in range(5, 31, 5)]
    assert looks == [False] * 5 + [True]


def test_a_look_is_taken_after_five_seconds_and_then_every_five() -> None:
    """What a library leaves to its own end is gone by then, and a look costs a walk through /proc."""
    watch = Watch(30.0, 100.0)
    assert watch.next_look == 105.0
    watch.look(105.5, NOTHING)
    assert watch.next_look == 110.5


def test_who_cannot_be_seen_is_not_called_idle() -> None:
    """Where the table of descriptors is full nothing can be read of anybody; that must not end a training."""
    watch = Watch(30.0, 0.0)
    looks = [watch.look(float(now), NOTHING if now < 15 or now > 60 else None) for now in range(5, 91, 5)]
    assert looks == [False] * 17 + [True]
