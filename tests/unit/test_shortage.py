"""How long to hold off when the machine has no more processes, descriptors, memory or room."""

from __future__ import annotations

import errno

import pytest

from scheduler.shortage import (
    Pause,
    Shortage,
    is_short,
    passing,
    start,
    words,
)


def test_the_pauses_grow_and_end_with_the_first_success() -> None:
    """A table that is full for a night must not fill the queue's history with tries, and a free place is used at once."""
    pause, now, pauses = Pause(), 0.0, []
    for _ in range(7):
        pause.met(now)
        pauses.append(pause.left(now))
        now += pause.left(now)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    pause.over()
    pause.met(now)
    assert pause.left(now) == 1.0


def test_refusals_that_come_together_are_one() -> None:
    """Eight launchers that find the table full at the same moment have found one thing out."""
    pause = Pause()
    for _ in range(8):
        pause.met(0.0)
    assert pause.left(0.0) == 1.0


def test_meanwhile_nothing_starts_and_then_one_tries() -> None:
    """All at once would fill the table again, and each try costs a line in the history of a job."""
    pause = Pause()
    assert pause.most(8, 3, 0.0) == 8
    pause.met(0.0)
    assert pause.most(8, 3, 0.5) == 3
    assert pause.most(8, 3, 1.0) == 4
    assert pause.most(3, 3, 1.0) == 3
    pause.over()
    assert pause.most(8, 3, 1.0) == 8


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT])
def test_what_the_machine_lacks_now_is_no_fault_of_the_job(number: int) -> None:
    """It is named, with the place to look, and a later try may succeed."""
    error = OSError(number, "in the kernel's words")
    assert is_short(error)
    assert words(error)
    with passing():
        raise error


def test_another_error_is_not_waited_for() -> None:
    """A missing program does not come by waiting."""
    error = FileNotFoundError(errno.ENOENT, "no such file")
    assert not is_short(error)
    with pytest.raises(FileNotFoundError), passing():
        raise error


class Refused:
    """A thread for which the kernel has no place."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_a_thread_that_cannot_start_is_a_shortage_like_a_process_that_cannot() -> None:
    """Python says only that it could not, and the sweep ended in that."""
    with pytest.raises(Shortage, match="no more processes can be started"):
        start(Refused())
