"""The soak: jobs on four GPUs of a fake driver, two people who type `run`, and somebody who kills their processes at random.

What is chosen comes from a seed; what the machine makes of it does not, so a failure repeats in kind, not to the millisecond.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from scheduler.gpus.claims import live_claims
from scheduler.jobs import recovery
from scheduler.jobs.home import Home
from scheduler.jobs.states import ENDED, SUCCEEDED, State
from scheduler.jobs.values import Attempt
from tests.bystander import Bystander
from tests.conftest import ROOT, user_environment
from tests.fakes.nvml.fake_driver import FakeDriver, gpu_lines
from tests.soak import victims
from tests.soak.checker import AttemptSeen, EventSeen, JobSeen, Mark, Observations, violations

GPUS = 4
JOB = Path(__file__).with_name("job.py")
# Submits and says which jobs it has put into the queue: only after that line they are acknowledged.
SUBMITTER = """
import os, sys
from pathlib import Path
from scheduler.jobs.home import open_home
from scheduler.jobs.store import Store
from scheduler.jobs.submit import submit
from scheduler.spec import read
with Store(open_home()) as store:
    jobs = list(submit(store, read(sys.argv[1]).experiments(), os.getcwd()).jobs)
print(*(job.id for job in jobs), flush=True)
"""
RUNNERS_FAILPOINTS = ("claim-taken", "begin-written", "begin-committed", "end-heard")
KINDS = {"runner": 3, "launcher": 3, "job": 4}


class Soak:
    """One state directory, one machine, and the record of all that was done to it.

    `root` holds the product under test. `quick`: short jobs on the CPU instead of GPUs.
    """

    def __init__(self, folder: Path, library: Path, seed: int, root: Path = ROOT, *, quick: bool = False) -> None:
        self.quick = quick
        self.dice = random.Random(seed)  # noqa: S311 - dice, not secrets
        self.work, self.home, self.claims = folder / "work", Home((folder / "home").resolve()), folder / "claims"
        for place in (self.work, self.claims, folder / "driver"):
            place.mkdir(parents=True)
        driver = FakeDriver(library, folder / "driver")
        driver.shows(*gpu_lines(GPUS))
        mine = {"EXP_QUEUE_HOME": str(self.home.root), "EXP_QUEUE_LOCK_DIR": str(self.claims), "PYTHONPATH": str(root)}
        hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if quick else {}
        self.environment = user_environment(**driver.environment, **mine, **hidden)
        self.bystander = Bystander()
        self.files: list[str] = []
        self.runners: list[subprocess.Popen] = []
        self.acknowledged: set[str] = set()
        self.killed: set[str] = set()
        self.launchers: set[str] = set()
        self.unclaimed: set[str] = set()
        self.stuck: list[str] = []
        self.patience = 180.0  # seconds that a run without kills may take
        self.kills: Counter[str] = Counter()
        self._jobs = 0

    # What people do.

    def submit(self, count: int) -> None:
        """Queue `count` more jobs; now and then the submit is killed on its way and typed again."""
        name = f"batch-{len(self.files)}.yaml"
        command = [sys.executable, "-I", "-S", str(JOB), "${args_json}"]
        grid = {"number": list(range(self._jobs, self._jobs + count))}
        resources = {"gpus": 0 if self.quick else 2 if len(self.files) % 3 == 2 else 1}
        content = {"command": command, "base": {"quick": self.quick}, "grid": grid, "resources": resources}
        (self.work / name).write_text(json.dumps(content))
        self._jobs += count
        self.files.append(name)
        if self.dice.random() < 0.3:
            self._submit(name, kill_after=self.dice.uniform(0.1, 0.6))
        self._submit(name)

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
        arguments = [sys.executable, "-m", "scheduler.cli.main", "run", name, "--lost", "-j", str(GPUS)]
        with (self.work.parent / "runners.txt").open("ab") as told:
            return self._start(arguments, stdout=told, stderr=told, **({"EXP_QUEUE_FAILPOINT": failpoint} if failpoint else {}))

    def settle(self) -> None:
        """Any command that only looks brings the store up to date."""
        self._start(
            [sys.executable, "-m", "scheduler.cli.main", "status", "--limit", "1"], subprocess.DEVNULL, subprocess.DEVNULL
        ).wait(self.patience)

    def _start(self, argv: list[str], stdout: object, stderr: object = None, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            argv, cwd=self.work, env={**self.environment, **environment}, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )

    # What happens to them.

    def round(self, jobs: int, kills: int) -> list[str]:
        """Submit `jobs`, kill `kills` processes while they run, then look; returns the violations.

        Unfinished jobs are left for the next round."""
        self.submit(jobs)
        until = self.kills.total() + kills
        while self.kills.total() < until:
            self._keep_two_runners()
            time.sleep(self.dice.expovariate(4))
            self._kill_one()
            self._look_for_processes_without_their_claim()
            if not self._unfinished():
                break
        return self._look_while_nobody_runs()

    def finish(self) -> list[str]:
        """Let everything run to its end, without kills; returns the violations of what is then seen."""
        for _ in range(4):  # what was killed last ends once more as failed or lost, and its first attempt may fail by itself
            for name in self._unfinished():
                if not self.stuck:
                    self._wait_for(self.run(name))
        deadline = time.monotonic() + 60
        while victims.find(self.home.root, self.work) and time.monotonic() < deadline:
            time.sleep(0.05)
        return violations(self.observe(final=True))

    def _wait_for(self, runner: subprocess.Popen) -> None:
        try:
            runner.wait(self.patience)
        except subprocess.TimeoutExpired:
            runner.kill()
            runner.wait()
            self.stuck.append(f"a run that nobody disturbed was not over after {self.patience} s")

    def close(self) -> None:
        self.bystander.close()
        for victim in victims.find(self.home.root, self.work):
            victims.kill(victim, self.home.root, self.work)
        for runner in self.runners:
            runner.kill()
            runner.wait()

    def _keep_two_runners(self) -> None:
        living = [runner for runner in self.runners if runner.poll() is None]
        self.kills["runner, at a failpoint"] += sum(runner.returncode == -9 for runner in self.runners if runner not in living)
        self.runners = living
        names = self._unfinished()
        while len(self.runners) < 2 and names:
            point = f"{self.dice.choice(RUNNERS_FAILPOINTS)}:kill@{self.dice.randint(1, 4)}" if self.dice.random() < 0.3 else ""
            self.runners.append(self.run(self.dice.choice(names), point))

    def _kill_one(self) -> None:
        kind = self.dice.choices(list(KINDS), list(KINDS.values()))[0]
        found = [victim for victim in victims.find(self.home.root, self.work) if victim.kind == kind]
        if not found:
            return
        chosen = self.dice.choice(found)
        self._remember(chosen)
        if victims.kill(chosen, self.home.root, self.work):
            self.kills[kind] += 1
            self.runners = [runner for runner in self.runners if runner.pid != chosen.pid or runner.wait() is None]

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
        done = {(row["arguments"]) for row in self._read("SELECT arguments, state FROM job") if State(row["state"]) in SUCCEEDED}
        numbers = {json.loads(arguments)["number"] for arguments in done}
        return [name for name in self.files if not set(_numbers(self.work / name)) <= numbers]

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
        baseless = self._baseless()
        if baseless:  # what ended between the settling and our look is settled now; what ends meanwhile is no defect either
            self.settle()
            baseless = [name for name in self._baseless() if name in baseless]
        jobs = tuple(JobSeen(row["id"], State(row["state"]), row["attempts"]) for row in self._read("SELECT * FROM job"))
        attempts = tuple(map(_attempt_seen, self._read("SELECT * FROM attempt ORDER BY job, number")))
        events = self._read("SELECT job, attempt, state FROM event ORDER BY sequence")
        return Observations(
            jobs=jobs,
            attempts=attempts,
            events=tuple(EventSeen(row["job"], row["attempt"], State(row["state"])) for row in events),
            marks=_marks(self.work / "ledger"),
            acknowledged=frozenset(self.acknowledged),
            killed=frozenset(self.killed),
            launchers=frozenset(self.launchers),
            baseless=tuple(baseless),
            unclaimed=tuple(sorted(self.unclaimed)),
            leftovers=(*self.stuck, *self._leftovers()) if final else (),
            claims=len(live_claims(self.claims)),
            bystander=self.bystander.fate(),
            quick_check=self._read("PRAGMA quick_check")[0][0],
            final=final,
        )

    def _leftovers(self) -> list[str]:
        return [f"{each.pid} {each.command}" for each in victims.find(self.home.root, self.work)]

    def _baseless(self) -> list[str]:
        """Attempts that the store calls open while no launcher and no process of theirs lives and no end is written down."""
        found = []
        for row in self._read("SELECT * FROM attempt WHERE state IS NULL"):
            attempt = Attempt(row["job"], row["number"], row["launcher"], row["directory"], row["started"], boot=row["boot"])
            seen = recovery.look(self.home, attempt)
            if not (seen.launcher_lives or seen.tree_lives or (seen.record and attempt.name in seen.record.ended)):
                found.append(attempt.name)
        return found

    def _read(self, sql: str) -> list[sqlite3.Row]:
        connection = sqlite3.connect(self.home.database, timeout=60)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def summary(self) -> str:
        """What was done and how it ended, in one line."""
        ends = Counter(row["state"] for row in self._read("SELECT state FROM attempt"))
        states = Counter(row["state"] for row in self._read("SELECT state FROM job"))
        return f"{self._jobs} jobs {dict(states)}, attempts {dict(ends)}, kills {self.kills.total()} {dict(self.kills)}"


def _attempt_seen(row: sqlite3.Row) -> AttemptSeen:
    state = State(row["state"]) if row["state"] else None
    assert state is None or state in ENDED
    return AttemptSeen(row["job"], row["number"], row["launcher"], state, row["exit_status"])


def _marks(ledger: Path) -> tuple[Mark, ...]:
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return tuple(Mark(what, token, int(value)) for what, token, value in (line.split() for line in lines))


def _numbers(file: Path) -> list[int]:
    return json.loads(file.read_text())["grid"]["number"]
