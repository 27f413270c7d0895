"""What a runner says of its jobs, as other processes find it: real files, real locks."""

from __future__ import annotations

from pathlib import Path

from scheduler.home import Home
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.announced import Announced
from scheduler.runner.devices import Devices
from scheduler.runner.left_out import Choice
from scheduler.runner.other_machines import OtherMachines
from scheduler.runner.plan import Wait
from scheduler.runner.presence import Bound, bounds, driven, present
from scheduler.runner.streaks import Streaks

THERE = Bound([(1, 4)], 7, "ssh:ada", "ada: 2 GPUs", 2, {1: "full"}, [("never", [(2, 2), (4, 4)])], "it was interrupted")


class Hosts(OtherMachines):
    """Other machines."""

    @property
    def on(self) -> str:
        return "ssh:ada"

    @property
    def note(self) -> str:
        return "ada: 2 GPUs"


def files(home: Home) -> list[Path]:
    return [each for each in home.launchers.iterdir() if each.suffix != ".journal"]


def announced(mine: Mine, devices: Devices, seldom: float = 0.0) -> Announced:
    return Announced(mine, devices, Choice(mine, devices, Streaks(None)), seldom)


def test_what_a_runner_says_is_found_whole_and_is_gone_with_it(home: Home) -> None:
    """From before it has a name, so that nobody takes its jobs for this machine's."""
    with present(home, [(1, 4)], THERE) as say:
        assert bounds(home) == [THERE]
        later = Bound([(1, 9)], 7, "ssh:ada", kept_back=[])
        say(later)
        assert (bounds(home), driven(home)) == ([later], [(1, 9)])
    assert (bounds(home), files(home)) == ([], [])


def test_what_a_dead_runner_has_left_counts_for_nothing_and_is_removed(home: Home) -> None:
    """It was killed, in the midst of a word; its files are there and nobody holds the lock."""
    with present(home, [(1, 4)], THERE):
        left = {path: path.read_bytes() for path in files(home)}
    for path, text in left.items():
        path.write_bytes(text)
        path.with_suffix(".bound.new").touch()
    assert len(left) == 2
    assert (bounds(home), files(home)) == ([], [])


def test_a_runner_whose_words_cannot_be_read_drives_its_jobs_all_the_same(home: Home) -> None:
    """It may be another edition of exp-queue, after an update."""
    with present(home, [(1, 4)], THERE) as say:
        say(THERE)
        (said,) = home.launchers.glob("*.bound")
        for text in ("{}", "[]", "not", '{"numbers": 3}'):
            said.write_text(text)
            (found,) = bounds(home)
            assert (found.numbers, found.on) == ([(1, 4)], "")


def test_jobs_between_the_ranges_are_nobodys() -> None:
    """The sides of each range are its own."""
    bound = Bound([(2, 3), (5, 5)], kept_back=[("never", [(5, 5)])])
    assert [bound.has(number) for number in range(1, 7)] == [False, True, True, False, True, False]
    assert [bound.why_kept_back(number) for number in (3, 5)] == ["", "never"]


def test_what_a_runner_gets_later_is_seen_to_be_its_own(store: Store, home: Home, experiments) -> None:
    """A sweep's trials come one by one: whoever waited for one was told that nobody runs it."""
    first, second = submit(store, experiments("command: ['true']\ngrid: {x: [1, 2]}\n"), "/").jobs
    mine = Mine(store, [first])
    with announced(mine, Devices("")) as own:
        own.look((), 1, "")
        assert driven(home) == [(first.number, first.number)]
        mine.add([second])
        own.look((), 1, "")
        assert Mine(store).queued_outside(driven(home)) == 0


def test_what_others_said_last_is_told_but_not_at_each_turn(store: Store, home: Home, experiments) -> None:
    """A thousand short jobs must not mean a thousand files; and the last word is never lost."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {x: [1, 2]}\n"), "/").jobs
    with announced(Mine(store, jobs), Hosts(""), 1000.0) as own:
        assert [(each.on, each.note) for each in bounds(home)] == [("ssh:ada", "ada: 2 GPUs")]
        for job in jobs:
            own.look([Wait(job, "full")], 1, "")
        assert bounds(home)[0].waits == {jobs[0].number: "full"}
        assert own.patience(0.0) is not None, "there is more to say, and nothing may happen before"
    with announced(Mine(store, jobs), Hosts(""), 0.0) as own:
        for job in jobs:
            own.look([Wait(job, "full")], 1, "")
            assert (bounds(home)[0].waits, own.patience(0.0)) == ({job.number: "full"}, None)
