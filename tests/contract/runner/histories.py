"""Random histories of a queue: what can happen to jobs, runners, launchers and the machine, in any order.

The decisions (`plan`, `verdict`, the retry policy, admission) and the store are the real ones; processes are values here,
so that a crash, a reboot or a year takes no time. The truth about each attempt is kept in a `Life`, apart from what the
store believes. Every message of a broken promise begins with its name.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from scheduler.errors import UserError
from scheduler.experiments import Experiment, Policy, Resources
from scheduler.experiments.after import After
from scheduler.gpus.admission import observe
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import ClaimRecord, Refusal
from scheduler.gpus.reading import Gpu, Process, Reading
from scheduler.home import open_home
from scheduler.launcher.journal import Record
from scheduler.queue.changes import Changes
from scheduler.queue.dependencies import Needs, resolve
from scheduler.queue.evidence import Evidence
from scheduler.queue.job import Attempt, Ending, deserves_another_attempt
from scheduler.queue.mine import Mine
from scheduler.queue.order import call
from scheduler.queue.states import ENDED, WAITING, State
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again, submit
from scheduler.runner import recovery
from scheduler.runner.endings import apply
from scheduler.runner.gpu_view import GpuView
from scheduler.runner.plan import (
    Start,
    Stop,
    World,
    plan,
)
from tests.contract.runner.lives import Life, can_be_paused, can_end, can_start, has_launcher, lingers
from tests.contract.runner.order_promises import OrderPromises, Waits
from tests.contract.runner.plan_promises import check_plan, claim_of
from tests.contract.runner.promises import GPUS, TOTAL

CORES, SLOTS = 4, 3
RUNNERS = st.integers(0, 1)
BIRTH = 1  # no process of the model has a birth that matters


@dataclass
class Person:
    """A runner: what it remembers, and loses in a crash."""

    store: Store
    known: dict[str, Attempt] = field(default_factory=dict)
    observation: Observation = field(default_factory=Observation)
    stop: Stop = Stop.NO


class PlantedStore(Store):
    """A store whose changes may be those of a subclass, and judged in another way."""

    kind: type[Changes] = Changes
    resolve: Callable[[Changes], None] = staticmethod(resolve)

    @contextmanager
    def change(self, *, many: bool = False) -> Iterator[Changes]:
        with self._database.write(many=many) as connection:
            change = self.kind(connection, self.home)
            yield change
            self.resolve(change)


class Histories(OrderPromises):
    """The rules are what can happen. A subclass that replaces one of the first six attributes plants a bug."""

    plan = staticmethod(plan)
    verdict = staticmethod(recovery.verdict)
    deserves = staticmethod(deserves_another_attempt)
    changes: type[Changes] = Changes
    resolve = staticmethod(resolve)
    mine: type[Mine] = Mine
    share: int | None = None  # of all jobs for one GPU

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # noqa: S108 - durability on a disk is for other tests; here thousands of commits must be quick
        self.folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
        home = open_home(self.folder / "home")
        self.people = [Person(PlantedStore(home)), Person(PlantedStore(home))]
        for person in self.people:
            person.store.kind, person.store.resolve = self.changes, self.resolve  # type: ignore[attr-defined]
        self.queues = {person.store: self.mine(person.store) for person in self.people}
        self.store = self.people[0].store
        self.foreign: set[int] = set()
        self.rivals: set[int] = set()  # GPUs that another user's claim holds
        self.broken, self.now, self.boot = False, 1000.0, 0

    def teardown(self) -> None:
        for person in self.people:
            person.store.close()
        shutil.rmtree(self.folder)

    # People.

    @initialize(count=st.integers(1, 4))
    def begins_with_some_jobs(self, count: int) -> None:
        for number in range(count):
            self.submits(number % 2, None, None, number % 3, number == 2)

    @rule(
        gpus=st.sampled_from([0, 0, 1, 1, 2, None]),
        memory=st.sampled_from([None, None, 6_000]),
        cpus=st.sampled_from([None, None, 2, 3]),
        retries=st.integers(0, 2),
        resumable=st.booleans(),
    )
    def submits(self, gpus: int | None, memory: int | None, cpus: int | None, retries: int, resumable: bool) -> None:
        share = self.share if gpus != 2 else None
        resources = Resources(gpus, memory if gpus == 1 and not share else None, cpus, share=share)
        self._submit(resources, Policy(retries=retries, resumable=resumable), Waits())

    def _submit(self, resources: Resources, policy: Policy, waits: Waits) -> None:
        experiment = Experiment(("true",), json.dumps({"n": len(self.submitted)}), resources=resources, policy=policy)
        after, needs = After(tuple(waits.after)) if waits.after else None, Needs(waits.one, waits.anyhow)
        (job,) = submit(self.store, [experiment], "/", begin=waits.begin or None, after=after, needs=needs).jobs
        self.submitted[job.id], self.waits[job.id] = job, waits

    @precondition(lambda self: self.submitted)
    @rule(data=st.data(), lost=st.booleans())
    def asks_again(self, data: st.DataObject, lost: bool) -> None:
        job = self.store.job(data.draw(st.sampled_from(sorted(self.submitted))))
        try:
            ask_again(self.store, [job], lost=lost)
        except UserError:
            return
        self.waits[job.id] = replace(self.waits[job.id], begin=0.0) if job.state in ENDED else self.waits[job.id]
        if job.state in ENDED:
            self.asked.add((job.id, job.attempts))

    @precondition(lambda self: self.submitted)
    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        job = self.store.job(data.draw(st.sampled_from(sorted(self.submitted))))
        life = self.lives.get(f"{job.id}/{job.attempts}")
        with self.store.change() as change:
            if job.state in WAITING:
                change.move(job.id, State.CANCELLED, "cancelled by a person")
            elif life and life.launcher and life.tree and not life.end:
                change.stopping(life.attempt, "cancelled by a person")
                life.end, life.tree, life.paused = _end("cancelled", -2), False, False

    # Runners.

    @rule(who=RUNNERS, race=st.integers(0, 3), then=st.sampled_from(["runs", "runs", "short", "slow", "unsent"]))
    def takes_a_turn(self, who: int, race: int, then: str) -> None:
        """One turn. With `race` 0 a rival claims the first GPU chosen at the last moment. Then the jobs run, are too `short` to
        be reported, have a `slow` launcher, or the runner dies after the commit with everything `unsent`."""
        person = self.people[who]
        world = self._see(person)
        decisions = self.plan(world)
        check_plan(world, decisions)
        self.check_order(decisions)
        starts = self._claimed([each for each in decisions if isinstance(each, Start)], race == 0)
        with person.store.change() as change:
            begun = [(each, change.begin(each.job, f"l{len(self.lives)}", "")) for each in starts]
        for start, attempt in begun:
            if attempt:
                self.check_begin(attempt.job, self.now)
                earlier = self.lives.get(attempt.name)
                assert not (earlier and earlier.starts), f"once: {attempt.name} is begun a second time"
                self.lives[attempt.name] = Life(attempt, start.placement, self.boot, launcher=then != "unsent")
                person.known[attempt.name] = attempt
                if then in ("runs", "short"):
                    self._launch(self.lives[attempt.name], then == "short")
        if then == "unsent":
            self.people[who] = Person(person.store)

    def _see(self, person: Person) -> World:
        active = [job for job in self.store.jobs() if f"{job.id}/{job.attempts}" in person.known]
        reading = self._reading()
        claims = self._claims()
        person.observation = observe(person.observation, reading, claims, Settings())
        view = GpuView(reading, claims, person.observation, Settings())
        with person.store.change() as change:
            call(change, self.now)
        waiting = self.queues[person.store].waiting(SLOTS + 16, self.now)
        return World(tuple(waiting), tuple(active), SLOTS, CORES, view, person.stop)

    def _claimed(self, starts: list[Start], race: bool) -> list[Start]:
        """The starts whose claims were had; a lost race leaves the job queued."""
        had, taken = [], list(self._claims())
        for start in starts:
            if start.placement and race:
                self.rivals.add(int(start.placement.shares[0].uuid[-1]))
                taken, race = [*taken, *self._rival_claims()], False
            view = GpuView(self._reading(), tuple(taken), Observation(), Settings())
            place = view.admit(start.job) if start.placement else None
            if not isinstance(place, Refusal):
                had.append(Start(start.job, place))
                taken += [claim_of(start.job.id, place)] if place else []
        return had

    @rule(who=RUNNERS)
    def looks_after_its_own(self, who: int) -> None:
        """A runner takes in every end that it can see, of its own attempts and, after joining, of others'."""
        person = self.people[who]
        for attempt in self.store.open_attempts():
            person.known.setdefault(attempt.name, attempt)
        for name, attempt in list(person.known.items()):
            found = self.verdict(name, self._evidence(self.lives[name]))
            if isinstance(found, recovery.StillThere):
                continue
            del person.known[name]
            with person.store.change() as change:
                written = apply(change, attempt, found, 1.0)
                if written and isinstance(found, Ending) and self.deserves(person.store.job(attempt.job), found):
                    change.retry_by_policy(attempt)

    def _evidence(self, life: Life) -> Evidence:
        same = life.boot == self.boot
        name = life.attempt.name
        record = Record(frozenset([name] if life.noted else []), {name: life.end} if life.end else {})
        return Evidence(record, life.launcher and same, life.tree and same, same)

    @rule(who=RUNNERS, how=st.sampled_from(["Ctrl-C", "killed", "killed before it had sent"]))
    def is_interrupted(self, who: int, how: str) -> None:
        """What a killed runner had not sent never reaches a launcher, which then leaves."""
        person = self.people[who]
        if how == "Ctrl-C":
            person.stop = Stop.DRAIN
            return
        for life in [self.lives[name] for name in person.known]:
            life.launcher = life.launcher and (life.noted or how == "killed")
        self.people[who] = Person(person.store)

    # Launchers and jobs.

    def _choose(self, data: st.DataObject, fit: Callable[[Life], bool]) -> Life:
        return self.lives[data.draw(st.sampled_from([name for name, life in self.lives.items() if fit(life)]))]

    @precondition(lambda self: any(map(can_start, self.lives.values())))
    @rule(data=st.data(), short=st.booleans())
    def a_job_starts(self, data: st.DataObject, short: bool) -> None:
        """Its launcher says that it runs, unless it is `short`."""
        self._launch(self._choose(data, can_start), short)

    def _launch(self, life: Life, short: bool) -> None:
        life.noted, life.tree, life.starts = True, True, life.starts + 1
        if not short:
            with self.store.change() as change:
                change.runs(life.attempt, 1, BIRTH)

    @precondition(lambda self: any(map(can_end, self.lives.values())))
    @rule(
        data=st.data(),
        end=st.sampled_from([("done", 0), ("failed", 1), ("failed", -9), ("timeout", -15)]),
        children=st.booleans(),
    )
    def a_job_ends(self, data: st.DataObject, end: tuple[str, int], children: bool) -> None:
        life = self._choose(data, can_end)
        life.end, life.tree = _end(*end), children

    @precondition(lambda self: any(map(lingers, self.lives.values())))
    @rule(data=st.data())
    def the_last_process_ends(self, data: st.DataObject) -> None:
        """What a job left behind, or a job whose launcher is gone."""
        life = self._choose(data, lingers)
        life.tree = False

    @precondition(lambda self: any(map(can_be_paused, self.lives.values())))
    @rule(data=st.data())
    def a_job_is_paused_or_goes_on(self, data: st.DataObject) -> None:
        """By a person, whether its runner or its launcher lives or not."""
        life = self._choose(data, can_be_paused)
        life.paused = not life.paused
        with self.store.change() as change:
            change.remark(life.attempt, "paused by a person" if life.paused else "continued by a person")

    @precondition(lambda self: any(map(has_launcher, self.lives.values())))
    @rule(data=st.data())
    def a_launcher_is_killed(self, data: st.DataObject) -> None:
        life = self._choose(data, has_launcher)
        life.launcher = False

    # The machine.

    @rule(
        what=st.sampled_from(["foreign", "foreign", "rivals", "driver", "time"]), gpu=st.integers(0, GPUS - 1), long=st.booleans()
    )
    def something_else_happens(self, what: str, gpu: int, long: bool) -> None:
        """A foreign process comes or goes, rivals finish, the driver fails or recovers, a second or a day passes."""
        self.now += (86_400.0 if long else 1.0) if what == "time" else 0.0
        self.foreign ^= {gpu} if what == "foreign" else set()
        self.broken ^= what == "driver"
        if what == "rivals":
            self.rivals.clear()

    @rule(lines=st.booleans())
    def the_machine_restarts(self, lines: bool) -> None:
        """A power cut: no process is left, and unless `lines` the journals' last lines are gone too."""
        self.boot += 1
        self.people = [Person(person.store) for person in self.people]
        self.foreign.clear()
        self.rivals.clear()
        for life in self.lives.values():
            if life.launcher and not lines:
                life.noted, life.end = False, None if life.attempt.name not in self.finals else life.end
            life.launcher = life.tree = life.paused = False

    def _reading(self) -> Reading:
        gpus = tuple(self._gpu(index) for index in range(GPUS))
        return Reading(gpus, self.now, problem="the driver does not answer" if self.broken else None)

    def _gpu(self, index: int) -> Gpu:
        others = (Process(100 + index, 9_000, name="python", uid=7, claim=""),) if index in self.foreign else ()
        used = sum(process.memory or 0 for process in others)
        return Gpu(f"GPU-{index}", index, name="Fake", total=TOTAL, used=used, processes=others)

    def _claims(self) -> tuple[ClaimRecord, ...]:
        own = [life.claim for life in self.lives.values() if life.claim]
        return (*own, *self._rival_claims())

    def _rival_claims(self) -> tuple[ClaimRecord, ...]:
        return tuple(ClaimRecord(f"rival-{index}", {f"GPU-{index}": None}, uid=8) for index in sorted(self.rivals))


def _end(state: str, status: int) -> dict[str, Any]:
    return {"state": state, "exit_status": status, "reason": "", "duration": 1.0}
