"""The soak: jobs on four GPUs of a fake driver, two people who type `run`, somebody who kills their processes at random,
a machine that has its troubles, and now and then a backup that takes the queue's place.

What is chosen comes from a seed; what the machine makes of it does not, so a failure repeats in kind, not to the millisecond.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from scheduler.gpus.claims import live_claims
from scheduler.home import Home
from scheduler.linux import processes, standstill
from scheduler.queue.states import SUCCEEDED, State
from tests.bystander import Bystander
from tests.conftest import ROOT, user_environment
from tests.fakes.nvml.fake_driver import FakeDriver, gpu_lines
from tests.soak import victims
from tests.soak.batches import asked, jobs_seen, number, numbers
from tests.soak.checker import AttemptSeen, EventSeen, Observations, violations
from tests.soak.records import Records
from tests.soak.troubles import Troubles

GPUS = 4
JOB = Path(__file__).with_name("job.py")
# Submits and says which jobs it has put into the queue: only after that line they are acknowledged.
SUBMITTER = """
import os, sys
from pathlib import Path
from scheduler.home import open_home
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.experiments import read
with Store(open_home()) as store:
    jobs = list(submit(store, read(sys.argv[1]).experiments(), os.getcwd()).jobs)
print(*(job.id for job in jobs), flush=True)
"""
ENDS_OF_RUNNERS = (-9, 0, 1)  # killed; all jobs succeeded; some did not
GIVEN_UP = "launchers in a row ended before a job did"
RUNNERS_FAILPOINTS = ("claim-taken", "begin-written", "begin-committed", "end-heard")
KINDS = {"runner": 3, "launcher": 3, "job": 4, "interpreter": 2}


class Soak:
    """One state directory, one machine, and the record of all that was done to it.

    `root` holds the product under test. `quick`: short jobs on the CPU instead of GPUs.
    """

    kinds: ClassVar[dict[str, int]] = KINDS  # of processes that are killed, and how often
    options: ClassVar[tuple[str, ...]] = ("-j", str(2 * GPUS))  # of `run`

    def __init__(self, folder: Path, library: Path, seed: int, root: Path = ROOT, *, quick: bool = False) -> None:
        self.quick = quick
        self.dice = random.Random(seed)  # noqa: S311 - dice, not secrets
        self.work, self.home, self.claims = folder / "work", Home((folder / "home").resolve()), folder / "claims"
        self.records = Records(self.home, self.work / "ledger")
        for place in (self.work, self.claims, folder / "driver"):
            place.mkdir(parents=True)
        driver = FakeDriver(library, folder / "driver")
        driver.shows(*gpu_lines(GPUS))
        mine = {"EXP_QUEUE_HOME": str(self.home.root), "EXP_QUEUE_LOCK_DIR": str(self.claims), "PYTHONPATH": str(root)}
        hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if quick else {}
        self.environment = user_environment(**driver.environment, **mine, **hidden)
        self.bystander = Bystander()
        self.troubles = None if quick else Troubles(self.dice, driver, self.claims, self.home.root, self.work, GPUS)
        self.files: list[str] = []
        self.runners: list[subprocess.Popen] = []
        self.acknowledged: set[str] = set()
        self.killed: set[str] = set()
        self.launchers: set[str] = set()
        self.forgotten: set[str] = set()
        self.restores = self.pauses = self.rested = 0
        self.restless: set[str] = set()
        self.unclaimed: set[str] = set()
        self.stuck: list[str] = []
        self._odd_ends: list[int | None] = []
        self.patience = 180.0  # seconds that a run without kills may take
        self.kills: Counter[str] = Counter()
        self._jobs = 0

    # What people do.

    def submit(self, count: int) -> None:
        """Queue `count` more jobs, some of them after others; now and then the submit is killed on its way and typed again. The
        last of the first ones is moved to the front while nobody runs."""
        second = count // 4
        first = self._batch(count - second)
        if second:
            self._batch(second, after=first)
        last = numbers(self.work / first)[-1]
        found = [row["id"] for row in self.records.read("SELECT id, arguments FROM job") if number(row) == last]
        if found:
            self._command("move", found[0], "first")

    def _batch(self, count: int, after: str = "") -> str:
        name = f"batch-{len(self.files)}.yaml"
        command = [sys.executable, "-I", "-S", str(JOB), "${args_json}"]
        grid = {"number": list(range(self._jobs, self._jobs + count))}
        base, resources = self._asked()
        content = {"command": command, "base": base, "grid": grid, "resources": resources}
        # A first failure is tried again, or nearly all that comes after these would be skipped and never have to wait.
        policy = {"warm": not len(self.files) % 2, **({} if after else {"retries": 2})}
        content |= {"experiment_group": name, "policy": policy} | ({"after": [after]} if after else {})
        (self.work / name).write_text(json.dumps(content))
        self._jobs += count
        self.files.append(name)
        if self.dice.random() < 0.3:
            self._submit(name, kill_after=self.dice.uniform(0.1, 0.6))
        self._submit(name)
        return name

    def _asked(self) -> tuple[dict, dict]:
        """What the jobs of the next file are told of, and what they ask for."""
        return ({"quick": True}, {"gpus": 0}) if self.quick else asked(len(self.files))

    def _submit(self, name: str, kill_after: float | None = None) -> None:
        process = self._start([sys.executable, "-c", SUBMITTER, name], stdout=subprocess.PIPE)
        try:
            said, _ = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            self.kills["submit"] += 1
            said, _ = process.communicate()
        if said.endswith(b"\n"):
            self.acknowledged.update(said.decode().split())

    def run(self, name: str, failpoint: str = "") -> subprocess.Popen:
        """`exp-queue run` as a person types it, who wants to have lost jobs run again."""
        arguments = [sys.executable, "-m", "scheduler.cli.main", "run", name, "--lost", *self.options]
        with (self.work.parent / "runners.txt").open("ab") as told:
            return self._start(arguments, stdout=told, stderr=told, **({"EXP_QUEUE_FAILPOINT": failpoint} if failpoint else {}))

    def settle(self) -> None:
        """Any command that only looks brings the store up to date."""
        self._command("status", "--limit", "1")

    def _command(self, *arguments: str) -> int:
        """The exit status of a command that a person types meanwhile."""
        with (self.work.parent / "commands.txt").open("ab") as told:
            return self._start([sys.executable, "-m", "scheduler.cli.main", *arguments], told, told).wait(self.patience)

    def _start(self, argv: list[str], stdout: object, stderr: object = None, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            argv, cwd=self.work, env={**self.environment, **environment}, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )

    # What happens to them.

    def round(self, jobs: int, kills: int) -> list[str]:
        """Submit `jobs`, kill `kills` processes while they run, then look; returns the violations.

        Unfinished jobs are left for the next round."""
        restores = self.dice.random() < 0.2 and self._back_up()
        self.submit(jobs)
        half, until, paused = self.kills.total() + kills // 2, self.kills.total() + kills, self.pauses
        while self.kills.total() < until:
            self._keep_two_runners()
            time.sleep(self.dice.expovariate(4))
            self._kill_one()
            if self.dice.random() < 0.1 or (self.pauses == paused and self.kills.total() >= half):
                self._pause_for_a_while()
            if self.troubles:
                self.troubles.strike()
            self._look_for_processes_without_their_claim()
            if not self._unfinished():
                break
        found = self._look_while_nobody_runs()
        return found or (self._restore() if restores else [])

    def _back_up(self) -> bool:
        """Keep the queue as it is, runners or not; False while there is none."""
        (self.work.parent / "backup.db").unlink(missing_ok=True)
        return self.home.database.exists() and self._command("backup", str(self.work.parent / "backup.db")) == 0

    def _restore(self) -> list[str]:
        """Put the backup into the queue's place, once nothing runs any more; returns the violations of what is then seen."""
        before = {each.token for each in self.records.attempts()}
        self._wait_until_nothing_runs()
        if self._command("restore", str(self.work.parent / "backup.db")) != 0:
            return ["nothing_left: a backup could not be restored although nothing ran"]
        self.restores += 1
        kept = self.records.attempts()
        ran = {mark.token for mark in self.records.marks()}
        # Of what ran after the backup a restore knows the directories alone: it calls them lost.
        self.forgotten |= (before | ran) - {each.token for each in kept if each.state not in (None, State.LOST)}
        self.acknowledged &= {row["id"] for row in self.records.read("SELECT id FROM job")}
        self.settle()
        found = violations(self.observe(final=False))
        for name in self.files:  # what was submitted after the backup, in its order
            self._submit(name)
        return found

    def _wait_until_nothing_runs(self) -> None:
        self._command("continue", "paused")
        deadline = time.monotonic() + 60
        while victims.find(self.home.root, self.work) and time.monotonic() < deadline:
            time.sleep(0.05)

    def finish(self) -> list[str]:
        """Let everything run to its end, without kills and troubles; returns the violations of what is then seen."""
        if self.troubles:
            self.troubles.relieve()
        self._command("continue", "paused")
        # What was killed last ends once more as failed or lost, its first attempt may fail by itself; what is after it follows.
        for _ in range(6):
            for name in self._unfinished():
                if not self.stuck:
                    self._wait_for(self.run(name))
        self._wait_until_nothing_runs()
        return violations(self.observe(final=True))

    def _wait_for(self, runner: subprocess.Popen) -> None:
        try:
            runner.wait(self.patience)
        except subprocess.TimeoutExpired:
            runner.kill()
            runner.wait()
            self.stuck.append(f"a run that nobody disturbed was not over after {self.patience} s")

    def close(self) -> None:
        if self.troubles:
            self.troubles.relieve()
        self.bystander.close()
        for victim in victims.find(self.home.root, self.work):
            victims.kill(victim, self.home.root, self.work)
        for runner in self.runners:
            runner.kill()
            runner.wait()

    def _keep_two_runners(self) -> None:
        living = [runner for runner in self.runners if runner.poll() is None]
        ends = [runner.returncode for runner in self.runners if runner not in living]
        self._look_for_wrong_ends(ends)
        self.kills["runner, at a failpoint"] += ends.count(-9)
        self.runners = living
        names = self._unfinished()
        while len(self.runners) < 2 and names:
            point = f"{self.dice.choice(RUNNERS_FAILPOINTS)}:kill@{self.dice.randint(1, 4)}" if self.dice.random() < 0.3 else ""
            self.runners.append(self.run(self.dice.choice(names), point))

    def _look_for_wrong_ends(self, ends: list[int | None]) -> None:
        """A runner whose launchers we have killed one after the other may give up, and says so; any other end is wrong."""
        self._odd_ends += [status for status in ends if status not in ENDS_OF_RUNNERS]
        given_up = (self.work.parent / "runners.txt").read_text(errors="replace").count(GIVEN_UP) if self._odd_ends else 0
        if len(self._odd_ends) > given_up:
            self.stuck.append(f"runners ended with status {self._odd_ends}, and {given_up} had no launcher left")

    def _kill_one(self) -> None:
        self._kill(self.dice.choices(list(self.kinds), list(self.kinds.values()))[0])

    def _kill(self, kind: str) -> None:
        """Kill one of this kind, if there is any."""
        found = [victim for victim in victims.find(self.home.root, self.work) if victim.kind == kind]
        if not found:
            return
        chosen = self.dice.choice(found)
        self._remember(chosen)
        if victims.kill(chosen, self.home.root, self.work):
            self.kills[kind] += 1
            self.runners = [runner for runner in self.runners if runner.pid != chosen.pid or runner.wait() is None]

    def _pause_for_a_while(self) -> None:
        """Pause what runs, look whether it uses the CPU, kill somebody, and let it go on. What begins meanwhile is not paused."""
        if self.troubles:
            self.troubles.relieve()  # without descriptors nobody is found, in the product as here
        if self._command("pause", "running") != 0:
            self._command("continue", "paused")
            return
        self.pauses += 1
        paused = self._paused()
        self.rested += len(paused)
        ended = {mark.token for mark in self.records.marks() if mark.what == "end"}
        time.sleep(0.3)
        there = [each for each in victims.find(self.home.root, self.work) if each.claim and each.name.split("/")[0] in paused]
        moving = [
            each.name
            for each in there
            if (now := processes.look_up(each.pid)) and now.can_go_on and now.state != standstill.WAITS
        ]
        went_on = [m.token for m in self.records.marks() if m.what == "end" and m.token not in ended]
        self.restless |= {f"{name} ran while it was paused" for name in (*moving, *went_on) if name.split("/")[0] in paused}
        self._kill_one()  # a runner, a launcher or a job that stands still
        self._command("continue", "paused")
        self.restless |= {f"{name} stood still after it was continued" for name in self._paused()}

    def _paused(self) -> set[str]:
        """The jobs that `status` shows as paused."""
        return {row["id"] for row in json.loads(self._output("status", "running", "--format", "json")) if row["paused"]}

    def _output(self, *arguments: str) -> str:
        argv = [sys.executable, "-m", "scheduler.cli.main", *arguments]
        return subprocess.run(argv, cwd=self.work, env=self.environment, capture_output=True, text=True, check=True).stdout

    def _remember(self, chosen: victims.Victim) -> None:
        """Noted before it is done: what the kill brings about may be seen at once."""
        if chosen.kind == "job":
            self.killed.add(chosen.name)
        if chosen.kind == "launcher":
            self.launchers.add(chosen.name)

    # What is seen.

    def _unfinished(self) -> list[str]:
        """The files with jobs that have not succeeded."""
        if not self.home.database.exists():
            return self.files
        rows = self.records.read("SELECT arguments, state FROM job")
        done = {number(row) for row in rows if State(row["state"]) in SUCCEEDED}
        return [name for name in self.files if not set(numbers(self.work / name)) <= done]

    def _look_for_processes_without_their_claim(self) -> None:
        """A process that lives before and after a look at the claims must find its own among them."""
        before = [victim for victim in victims.find(self.home.root, self.work) if victim.claim]
        living = {claim.id for claim in live_claims(self.claims)}
        suspects = {victim for victim in before if victim.claim not in living}
        for victim in suspects.intersection(victims.find(self.home.root, self.work) if suspects else ()):
            self.unclaimed.add(f"process {victim.pid} ({victim.name}) outlived its claim {victim.claim}")

    def _look_while_nobody_runs(self) -> list[str]:
        for runner in self.runners:
            runner.kill()
            runner.wait()
        self.kills["runner"] += len(self.runners)
        self.runners = []
        self.settle()
        return violations(self.observe(final=False))

    def observe(self, *, final: bool) -> Observations:
        """Everything that the checker wants to know. Only while no runner lives: nothing begins meanwhile."""
        baseless = self.records.baseless()
        if baseless:  # what ended between the settling and our look is settled now; what ends meanwhile is no defect either
            self.settle()
            baseless = [name for name in self.records.baseless() if name in baseless]
        jobs = jobs_seen(self.work, self.files, self.records.read("SELECT * FROM job"))
        attempts = self.records.attempts()
        events = self.records.read("SELECT job, attempt, state FROM event ORDER BY sequence")
        return Observations(
            jobs=jobs,
            attempts=attempts,
            events=tuple(EventSeen(row["job"], row["attempt"], State(row["state"])) for row in events),
            marks=self.records.marks(),
            acknowledged=frozenset(self.acknowledged),
            killed=frozenset(self.killed),
            launchers=frozenset(self.launchers),
            unowned=self._unowned(attempts),
            forgotten=frozenset(self.forgotten),
            baseless=tuple(baseless),
            restless=tuple(sorted(self.restless)),
            unclaimed=tuple(sorted(self.unclaimed)),
            leftovers=(*self.stuck, *self._leftovers()) if final else (),
            claims=len(live_claims(self.claims)),
            bystander=self.bystander.fate(),
            quick_check=self.records.read("PRAGMA quick_check")[0][0],
            final=final,
        )

    def _unowned(self, attempts: Iterable[AttemptSeen]) -> frozenset[str]:
        """Here claims hold what is left of any attempt."""
        return frozenset()

    def _leftovers(self) -> list[str]:
        return [f"{each.pid} {each.command}" for each in victims.find(self.home.root, self.work)]

    @property
    def shared(self) -> int:
        """How many jobs found others on their GPU that have a share of it as they have."""
        return len({mark.token for mark in self.records.marks() if mark.what == "beside"})

    def summary(self) -> str:
        """What was done and how it ended, in one line."""
        ends = Counter(row["state"] for row in self.records.read("SELECT state FROM attempt"))
        states = Counter(row["state"] for row in self.records.read("SELECT state FROM job"))
        befell = {
            **(self.troubles.seen if self.troubles else {}),
            "restored": self.restores,
            "paused": self.pauses,
            "jobs paused": self.rested,
            "jobs beside others": self.shared,
        }
        kills = f"kills {self.kills.total()} {dict(self.kills)}"
        return f"{self._jobs} jobs {dict(states)}, attempts {dict(ends)}, {kills}, troubles {befell}"
