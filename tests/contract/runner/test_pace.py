"""How many jobs at once is found out, with clocks and rows that are made up; what was found is kept in a real directory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from scheduler.actions.explain import explain
from scheduler.actions.lookout import Lookout
from scheduler.actions.pause import go_on, pause
from scheduler.actions.status import status
from scheduler.home import Home
from scheduler.pacing import AUTO, kept
from scheduler.pacing.kept import Found
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.report.scene import as_object, drawn, plain
from scheduler.runner.attempts import Running
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Notice, Paced, PacedBy, Warned
from scheduler.runner.pace import Pace
from scheduler.runner.presence import present
from scheduler.runner.runner import Runner
from scheduler.tracking.left import Grown
from tests.contract.first_runs import first_runs
from tests.contract.runner.one_of_three import ONE_OF_THREE
from tests.unit.runner.test_backfill import job as plain_job

ONE, OTHER = "/there/one.py", "/there/other.py"


def machine(cores: int = 4) -> Devices:
    devices = Devices("the test's machine")
    devices.cores = cores
    return devices


def running(number: int, program: str = ONE) -> Running:
    job = replace(plain_job(number), argv=("python", program, f"--x={number}"), cwd="/there")
    return Running(job, Attempt(job.id, 1, "launcher", "/nowhere", 0.0), slot=object())  # type: ignore[arg-type]


@dataclass
class Shop:
    """Jobs of one program that log eight rows a second as long as no more than `best` run, and then share what there is, or less
    than that: with `harm`, they hinder each other."""

    pace: Pace
    best: int = 2
    harm: float = 0.0
    program: str = ONE
    rows: bool = True
    now: float = 100.0
    logged: dict[str, float] = field(default_factory=dict)
    jobs: dict[str, Running] = field(default_factory=dict)
    told: list[Paced | Warned] = field(default_factory=list)

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self._fill()
            self.now += 1.0
            for name in self.jobs:
                self.logged[name] += 8 * min(1.0, self.best / len(self.jobs)) ** (1 + self.harm)
            self.told += self.pace.look(self.jobs, lambda: running(99, self.program).job, self.now)

    def grown(self, each: Running) -> Grown:
        return Grown(int(self.logged[each.attempt.name]), self.now) if self.rows else Grown()

    def end_one(self, seconds: float) -> None:
        name = next(iter(self.jobs))
        self.pace.ended(self.jobs.pop(name), Ending(State.DONE, 0, ""), seconds, self.now)

    def whys(self) -> list[PacedBy]:
        return [each.why for each in self.told if isinstance(each, Paced)]

    def _fill(self) -> None:
        self.told += self.pace.look(self.jobs, lambda: running(99, self.program).job, self.now)
        while len(self.jobs) < self.pace.slots:
            each = running(len(self.logged) + 1, self.program)
            self.logged[each.attempt.name], self.jobs[each.attempt.name] = 0.0, each


def known(home: Home) -> Found:
    found = kept.found(home.root, ONE, "4 cores")
    assert found
    return found


@pytest.fixture
def shop(home: Home) -> Callable[..., Shop]:
    """A runner's pace on that home, as often as there are runners."""

    def opened(*, cores: int = 4, room: bool = True, **facts) -> Shop:
        shops: list[Shop] = []
        pace = Pace(home, machine(cores), lambda each: shops[0].grown(each), lambda jobs, more: room)
        shops.append(Shop(pace, **facts))
        return shops[0]

    return opened


def test_it_climbs_while_all_together_gain_and_is_silent_when_it_has_settled(shop, home: Home) -> None:
    """Where two of a program compute as fast as three, two are right; from then on nobody looks at the clock."""
    first = shop(best=3)
    first.pass_seconds(120)
    assert first.pace.slots == 3
    assert (first.whys()[0], first.whys()[-1]) == (PacedBy.BEGIN, PacedBy.GAINS)
    assert first.pace.patience(first.now) is None
    found = known(home)
    assert (found.slots, found.settled, found.gains.keys()) == (3, True, {3, 4})


def test_the_next_runner_begins_where_the_last_has_settled(shop) -> None:
    """A night of many runs finds it out once, and also begins with no more than that."""
    shop(best=3).pass_seconds(120)
    again = shop(best=3)
    again.pass_seconds(1)
    assert (again.whys(), again.pace.slots, len(again.jobs)) == ([PacedBy.BEFORE], 3, 3)
    assert again.pace.patience(again.now) is None
    elsewhere = shop(best=3, cores=6)
    elsewhere.pass_seconds(1)
    assert elsewhere.whys() == [PacedBy.BEGIN], "of another machine it says nothing"
    back = shop(best=3)
    back.pass_seconds(1)
    assert (back.whys(), back.pace.slots) == ([PacedBy.BEFORE], 3), "and what the other has found takes nothing away"


def test_what_a_killed_runner_had_reached_is_gone_on_with(shop, home: Home) -> None:
    """It was not settled: it is measured from there."""
    kept.keep(home.root, ONE, Found(4, "4 cores", {3: 1.4}))
    again = shop(best=5)
    again.pass_seconds(60)
    assert again.told[0] == Paced(ONE, 4, {3: 1.4}, PacedBy.BEGIN)
    assert again.pace.slots == 5


def test_a_way_down_that_was_broken_off_is_gone_on_with(shop, home: Home) -> None:
    """A run that ends amid it must not settle where it was: more did not pay, and fewer were not tried yet."""
    kept.keep(home.root, ONE, Found(6, "4 cores", {7: 0.8}))
    again = shop(best=2, harm=1.0)
    for _ in range(60):
        again.pass_seconds(10)
        while len(again.jobs) > again.pace.slots:
            again.jobs.popitem()  # it ends, and no other takes its place
    assert (again.pace.slots, known(home).settled) == (2, True)


def test_without_memory_no_more_are_tried_and_that_is_no_lesson_for_the_next(shop, home: Home) -> None:
    """The memory of this evening is not that of tomorrow."""
    full = shop(best=8, room=False)
    full.pass_seconds(60)
    assert (full.pace.slots, full.whys()[-1], full.pace.patience(full.now)) == (2, PacedBy.MEMORY, None)
    found = known(home)
    assert not found.settled


def test_jobs_that_log_nothing_are_judged_by_how_long_they_take_and_it_is_said_once(shop) -> None:
    """Whoever does not log still learns, only later; and hears why."""
    silent = shop(best=1, rows=False)
    silent.pass_seconds(70)
    assert (silent.pace.slots, silent.whys()) == (2, [PacedBy.BEGIN, PacedBy.SILENT])
    for _ in range(40):
        at_once = silent.pace.slots
        silent.pass_seconds(10 * at_once**2)
        for _ in range(at_once):
            silent.end_one(10.0 * at_once**2)
    assert (silent.pace.slots, silent.whys().count(PacedBy.SILENT)) == (1, 1)


def test_a_program_that_has_waited_is_given_its_time_to_log(shop) -> None:
    """Its GPUs were in use for an hour: nothing was logged, and nothing ran."""
    silent = shop(rows=False)
    silent.told += silent.pace.look({}, lambda: running(99).job, silent.now)
    silent.now += 3600.0
    silent.pass_seconds(30)
    assert silent.whys() == [PacedBy.BEGIN]
    silent.pass_seconds(60)
    assert PacedBy.SILENT in silent.whys()


def test_of_several_programs_the_most_careful_counts_and_nothing_is_measured(shop, home: Home) -> None:
    """Rows of one program say nothing about another, and what is best for one may be too much for the other."""
    kept.keep(home.root, OTHER, Found(1, "4 cores", {2: 0.7}, settled=True))
    mixed = shop(best=8)
    mixed.pass_seconds(3)
    stranger = running(50, OTHER)
    mixed.logged[stranger.attempt.name], mixed.jobs[stranger.attempt.name] = 0.0, stranger
    mixed.pass_seconds(60)
    assert (mixed.pace.slots, mixed.pace.patience(mixed.now)) == (1, None)
    assert mixed.whys() == [PacedBy.BEGIN, PacedBy.BEFORE, PacedBy.MANY]
    seen = kept.followed(home.root, ONE)
    assert seen
    assert (seen.now, seen.beside) == (1, True), "what others are told is what is allowed"
    del mixed.jobs[stranger.attempt.name]
    mixed.pass_seconds(60)
    assert mixed.pace.slots == 8, "as soon as they are alone, it goes on"


def test_fewer_jobs_than_may_run_teach_nothing_and_wake_nobody(shop) -> None:
    """The queue is nearly empty, or the GPUs have no room for another: then an event tells when that has changed."""
    tail = shop(best=8)
    tail.pass_seconds(3)
    tail.jobs.popitem()
    tail.told += tail.pace.look(tail.jobs, lambda: None, tail.now + 1)
    assert tail.pace.patience(tail.now) is None


NONE_AT_ONCE = '{"slots": 0, "offer": "4 cores", "gains": {}, "settled": true, "now": 0, "pid": 0, "birth": 0}'


@pytest.mark.parametrize("entry", ["3", '{"slots": "many"}', NONE_AT_ONCE])
def test_an_entry_that_says_nothing_is_found_out_anew(shop, home: Home, entry: str) -> None:
    """Somebody has edited it, or another version has written it."""
    (home.root / kept.FILE).write_text(f'{{"{ONE}": {{"4 cores": {entry}}}, "{OTHER}": 1}}')
    first = shop()
    first.pass_seconds(2)
    assert [each.why for each in first.told if isinstance(each, Paced)] == [PacedBy.BEGIN]
    assert known(home).slots == 2


@pytest.mark.parametrize("text", ["{", "[1]", "\0", "[" * 100_000])
def test_a_file_that_cannot_be_read_is_set_aside_with_a_word(shop, home: Home, text: str) -> None:
    """The disk was full, say. It is told once, and nothing else is harmed."""
    (home.root / kept.FILE).write_text(text)
    first = shop()
    first.pass_seconds(2)
    warned = [each for each in first.told if isinstance(each, Warned)]
    assert [each.text.endswith("paces.json.broken") for each in warned] == [True]
    assert first.whys() == [PacedBy.BEGIN]
    found = known(home)
    assert found.slots == 2


def test_two_commands_at_once_keep_what_both_have_found(home: Home) -> None:
    """Each reads, adds and writes; without a lock one would lose what the other has added."""

    def keep(kind: str) -> None:
        for number in range(40):
            kept.keep(home.root, f"{kind}{number}", Found(number + 1, "4 cores"))

    threads = [threading.Thread(target=keep, args=(kind,)) for kind in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((home.root / kept.FILE).read_text())) == 80


# With real jobs.

SCRIPT = "touch begun-$0; until [ -e enough ]; do sleep 0.02; done"
TEXT = f"command: {json.dumps(['sh', '-c', SCRIPT, '${args_no_hyphens}'])}\ngrid: {{x: [1, 2, 3]}}\n"


@pytest.fixture
def jobs(store: Store, experiments, tmp_path: Path) -> list[Job]:
    return list(submit(store, experiments(TEXT), str(tmp_path)).jobs)


@pytest.fixture
def one_runs(home: Home, store: Store, jobs: list[Job], tmp_path: Path, until) -> Iterator[Job]:
    with first_runs(home, store, jobs, tmp_path, until) as job:
        yield job


def test_a_paused_job_is_no_slow_one(home: Home, store: Store, one_runs: Job) -> None:
    """Its next row comes after the pause: measured over that, a program would seem to have become slow."""
    each = Running(one_runs, store.latest_attempts([one_runs])[one_runs.id], slot=object())  # type: ignore[arg-type]
    now = 100.0
    pace = Pace(home, machine(2), lambda _: Grown(int(8 * now), now), lambda jobs, more: True)
    pause(store, [one_runs])
    for _ in range(60):
        now += 1.0
        pace.look({each.attempt.name: each}, lambda: None, now)
    assert pace.slots == 1
    go_on(store, [one_runs])
    for _ in range(60):
        now += 1.0
        pace.look({each.attempt.name: each}, lambda: None, now)
    assert pace.slots == 2


def test_everybody_who_looks_sees_how_many_may_run(home: Home, store: Store, one_runs: Job, jobs: list[Job]) -> None:
    """A runner that changes its mind by itself says so wherever people look; one that is gone says nothing."""
    kept.keep(home.root, "sh", Found(3, "4 cores", {4: 0.91}, settled=True).by_us(3))
    (shown,) = status(store).paces
    assert (shown[0], shown[1].now) == ("sh", 3)
    scene = Lookout(store, jobs).scene()
    sentence = "-j auto: 3 jobs at once of `sh`, settled (4 at once: x 0.91)"
    assert sentence in plain(drawn(scene, lambda job: job.short_id, 80, 24))
    assert as_object(scene, lambda job: job.id)["paces"] == [{"program": "sh", "jobs": 3, "settled": True, "gains": {"4": 0.91}}]
    slots = "3 slots by -j auto (settled; 4 at once: x 0.91; learned of all jobs of sh, whatever their arguments)"
    assert f"when its runner, which has {slots}, has one that is free" in explain(store, jobs[1], machine())
    assert explain(store, store.job(one_runs.id), machine()).endswith(f"; its runner has {slots}")
    kept.keep(home.root, "sh", Found(3, "4 cores", {}, settled=True, now=3, pid=1, birth=-1))
    assert not status(store).paces
    assert "auto" not in explain(store, jobs[1], machine())


def test_slots_that_another_runner_finds_out_for_a_program_are_not_those_of_every_job_of_it(
    home: Home, store: Store, experiments, tmp_path: Path
) -> None:
    """One file is run with -j auto, and another of the same program, with other arguments, by nobody yet: the second was told how
    many slots the first one's runner has. What it would begin with is said, and by which jobs that was learned."""
    text = "command: [sh, -c, 'sleep 0', sh, '${args}']\ngrid: {x: [%s]}\n"
    (one,), (other,) = (submit(store, experiments(text % x), str(tmp_path)).jobs for x in "12")
    kept.keep(home.root, "sh", Found(3, "4 cores", {4: 0.91}, settled=True).by_us(3))
    how = "settled; 4 at once: x 0.91; learned of all jobs of sh, whatever their arguments"
    with present(home, [(one.number, one.number)]):
        assert f"when its runner, which has 3 slots by -j auto ({how}), has one" in explain(store, one, machine(4))
        alone = explain(store, other, machine(4))
    assert "its runner" not in alone
    assert alone.endswith(
        f"`exp-queue retry {other.short_id}` runs it; -j auto begins with 3 slots ({how}; on a machine with: 4 cores)"
    )
    assert "-j auto" not in explain(store, other, machine(8)), "of another machine nothing is known"
    kept.keep(home.root, "sh", Found(3, "4 cores", {4: 0.91}, settled=True, now=3, pid=1, birth=-1))
    with present(home, [(other.number, other.number)]):
        assert explain(store, other, machine(4)).endswith("it starts when its runner has a slot (-j)")


def test_a_runner_starts_as_many_as_were_found(home: Home, store: Store, experiments, tmp_path: Path) -> None:
    """The whole way: from the kept file to the processes, on a machine with fewer cores or more."""
    (tmp_path / "three.py").write_text(ONE_OF_THREE)
    text = 'command: [python, -I, -S, three.py, "${args_no_hyphens}"]\ngrid: {x: [1, 2, 3, 4, 5, 6]}\npolicy: {timeout: 100s}\n'
    devices, told = machine(8), list[Notice]()
    kept.keep(home.root, f"{tmp_path}/three.py", Found(3, "8 cores", {4: 0.9}, settled=True))
    Runner(Mine(store, submit(store, experiments(text), str(tmp_path)).jobs), devices, AUTO, told.append).run()
    assert {job.state for job in store.jobs()} == {State.DONE}
    assert [each for each in told if isinstance(each, Paced)] == [Paced(f"{tmp_path}/three.py", 3, {4: 0.9}, PacedBy.BEFORE)]


def test_jobs_that_log_nothing_tell_a_runner_how_long_they_take(
    home: Home, store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own clock and in its own order of things: whoever ends must be seen among those that ran until then."""
    monkeypatch.setattr("scheduler.runner.pace.SELDOM", 0.1)
    command = ["sh", "-c", "[ -e enough ] || sleep 1.5", "${args_no_hyphens}"]
    text = f"command: {json.dumps(command)}\ngrid: {{x: {list(range(24))}}}\n"
    kept.keep(home.root, "sh", Found(2, "8 cores"))
    tried: list[Paced] = []

    def hear(notice: Notice) -> None:
        if isinstance(notice, Paced) and notice.why is PacedBy.TRIED:
            tried.append(notice)
            (tmp_path / "enough").touch()

    Runner(Mine(store, submit(store, experiments(text), str(tmp_path)).jobs), machine(8), AUTO, hear).run()
    assert [each.slots for each in tried[:1]] == [3]
