"""The interpreter that launchers are forked from: what they share, and what they must not."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

from scheduler.home import Home
from scheduler.launcher.client import open_slot
from scheduler.launcher.places import journal_path
from scheduler.linux.locks import is_locked
from scheduler.warm.client import Mother
from tests.contract.warm.warming import wish
from tests.waiting import until


def test_launchers_that_were_asked_for_together_hold_nothing_of_one_another(tmp_path: Path, home: Home) -> None:
    """A journal that another holds would say for ever that its launcher lives; its jobs would be waited for."""
    mother = Mother(wish([sys.executable, "-c", ""], tmp_path), os.environ)
    first, second = open_slot(home, launch=mother.launch), open_slot(home, launch=mother.launch)
    try:
        assert (first.process.poll(), second.process.poll()) == (None, None)
        second.close()
        second.process.wait(90)
        assert not is_locked(journal_path(home, second.id))
        assert is_locked(journal_path(home, first.id))
    finally:
        first.close()
        first.process.wait(90)
        mother.close()


def test_a_launcher_goes_on_when_its_interpreter_is_gone(tmp_path: Path, home: Home) -> None:
    """A runner that leaves lets its interpreters go, and not what runs."""
    mother = Mother(wish([sys.executable, "-c", ""], tmp_path), os.environ)
    slot = open_slot(home, launch=mother.launch)
    assert slot.process.poll() is None
    mother._process.kill()
    until(lambda: select.select([mother], [], [], 0)[0])  # the launcher does not keep its end open
    assert not mother.hear()
    assert (slot.process.poll(), is_locked(journal_path(home, slot.id))) == (None, True)
    slot.close()
    slot.process.wait(90)
    until(lambda: not is_locked(journal_path(home, slot.id)))


def test_an_interpreter_ends_with_its_runner(tmp_path: Path, home: Home) -> None:
    """Nothing stays behind, also where the runner was killed."""
    mother = Mother(wish([sys.executable, "-c", ""], tmp_path), os.environ)
    while mother.state is None and mother.hear():
        pass
    mother._channel.close()
    assert mother._process.wait(90) == 0


def test_a_launcher_that_was_asked_for_and_never_begun_is_known_to_be_gone(tmp_path: Path, home: Home) -> None:
    """Its jobs have not begun, and are started by another."""
    mother = Mother(wish([sys.executable, "-c", ""], tmp_path, ("time",)), os.environ)
    mother._process.kill()
    slot = open_slot(home, launch=mother.launch)
    assert slot.process.wait(90) == 0
    assert slot.channel.receive() == ([], False)
    assert mother.failed
    slot.close()
    assert not is_locked(journal_path(home, slot.id))
