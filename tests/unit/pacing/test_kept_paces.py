"""What is kept of `-j auto` where two runners find it out for one program at the same time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from scheduler.linux import processes
from scheduler.pacing import kept
from scheduler.pacing.kept import Found

ONE, MACHINE = "/there/one.py", "4 cores"


def by_another(each: Found) -> Found:
    """Told by another process that lives: our parent."""
    parent = processes.look_up(os.getppid())
    assert parent
    return replace(each, now=each.slots, pid=os.getppid(), birth=parent.birth)


def known(root: Path) -> Found:
    found = kept.found(root, ONE, MACHINE)
    assert found
    return found


def test_what_two_have_found_side_by_side_is_found_out_anew(tmp_path: Path) -> None:
    """Each measured what the other left. Kept as settled, half of what the machine can do would be the number for ever."""
    begun, settled = Found(1, MACHINE), Found(2, MACHINE, settled=True)
    for each in (begun.by_us(1), by_another(begun), settled.by_us(2), by_another(settled)):
        kept.keep(tmp_path, ONE, each)
    assert (known(tmp_path).slots, known(tmp_path).settled) == (2, False)
    now = kept.followed(tmp_path, ONE)
    assert now
    assert now.settled, "the runner that lives measures nothing any more, and is not said to"


def test_what_one_has_found_beside_another_stays_so_when_that_is_gone(tmp_path: Path) -> None:
    """It goes on alone, with what it had measured beside the other."""
    for each in (by_another(Found(1, MACHINE)), Found(1, MACHINE).by_us(1), Found(2, MACHINE, settled=True).by_us(2)):
        kept.keep(tmp_path, ONE, each)
    assert not known(tmp_path).settled


def test_what_was_settled_before_a_second_came_stays_settled(tmp_path: Path) -> None:
    """The second begins with it, and measures nothing."""
    settled = Found(3, MACHINE, settled=True)
    for each in (settled.by_us(3), by_another(settled), settled.by_us(3)):
        kept.keep(tmp_path, ONE, each)
    assert known(tmp_path).settled


def test_a_runner_that_is_gone_is_beside_nobody(tmp_path: Path) -> None:
    """It was killed amid its search; the next one finds it out alone."""
    kept.keep(tmp_path, ONE, replace(by_another(Found(1, MACHINE)), birth=-1))
    kept.keep(tmp_path, ONE, Found(2, MACHINE, settled=True).by_us(2))
    assert known(tmp_path).settled
