"""The soak as a whole, checked: a copy of the product with one bug in it must be found out within a few rounds.

pytest -m slow -s tests/soak/test_planted_bugs.py
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fakes.nvml.fake_driver import fake_library
from tests.soak.soak import Soak

__all__ = ["fake_library"]
ROUNDS = 5
ROOMS = Path("scheduler")


@dataclass(frozen=True)
class Plant:
    """A bug: texts of one file, each with what takes its place, and the rules of the checker that may report it."""

    file: str  # below `scheduler`
    changes: tuple[tuple[str, str], ...]
    rules: frozenset[str]


def plant(file: str, *changes: tuple[str, str], by: str) -> Plant:
    return Plant(file, changes, frozenset(by.split()))


_DRIVE = "ranges = [_ALL] if jobs is None else ranges_of(_numbers(jobs))"
_RESET = """connection = store.connection
        connection.execute("UPDATE job SET state = 'queued' WHERE state IN ('starting', 'running')")"""
_FORGET = """connection = store.connection
        for table, column in (("event", "job"), ("job", "id")):
            chosen = "SELECT id FROM job WHERE state = 'queued' AND attempts = 0 AND id < '4'"
            connection.execute(f"DELETE FROM {table} WHERE {column} IN ({chosen})")"""
_SIGNAL = """os.kill(int(os.environ["SOAK_BYSTANDER"]), signal.SIGTERM)
            self._tree.main = self._spawn("""
_UNLOCK = """def _main_ended(self, status: int) -> None:
        import fcntl

        for descriptor in self._claim:
            fcntl.flock(descriptor, fcntl.LOCK_UN)"""
_LOST = 'return Ending(State.LOST, None, "its launcher ended before it could record how the job ended")'

PLANTS = {
    "the claim is unlocked when the main process ends, not when the last one does": plant(
        "launcher/execution.py", ("def _main_ended(self, status: int) -> None:", _UNLOCK), by="no_overlap"
    ),
    "the claim's descriptor is not passed to the job": plant(
        "launcher/spawning.py", ("os.set_inheritable(descriptor, True)", "pass"), by="no_overlap started_once"
    ),
    "what runs is put back into the queue when a runner starts": plant(
        "queue/mine.py", (_DRIVE, f"{_DRIVE}\n        {_RESET}"), by="started_once events_explain_states"
    ),
    "a second observer overwrites the final record": plant(
        "queue/changes.py", ("AND state IS NULL", ""), (" AND state IN ({_BEFORE[after]})", ""), by="one_final_record"
    ),
    "launchers stay after their last job": plant(
        "launcher/loop.py", ("while self._runner or self._execution:", "while True:"), by="nothing_left"
    ),
    "a queued job is forgotten": plant("queue/mine.py", (_DRIVE, f"{_DRIVE}\n        {_FORGET}"), by="submits_are_durable"),
    "every end is recorded as a success": plant(
        "runner/recovery.py",
        ('return Ending(State(end["state"]), end["exit_status"], end["reason"], end', 'return Ending(State.DONE, 0, "", end'),
        by="records_are_true",
    ),
    "a process that is not ours is signalled": plant(
        "launcher/execution.py", ("self._tree.main = self._spawn(", _SIGNAL), by="bystander_untouched"
    ),
    "a pause stops nobody": plant(
        "linux/standstill.py", ("processes.send(moving, signal.SIGSTOP)", "processes.send([], signal.SIGSTOP)"), by="pauses_hold"
    ),
    "a job whose launcher was killed stays recorded as running": plant(
        "runner/recovery.py", (_LOST, "return StillThere()"), by="running_has_a_reason"
    ),
    "a job begins before what it comes after is over": plant(
        "queue/dependencies.py", ("blocked = what is Standing.WAIT", "blocked = False"), by="after_is_after"
    ),
    "the lowest priority comes first": plant(
        "queue/mine.py",
        ("SELECT max(priority) FROM", "SELECT min(priority) FROM"),
        ("AND priority < ?", "AND priority > ?"),
        by="priorities_are_kept",
    ),
    "the parts of a GPU are not counted": plant("gpus/admission.py", ("left * part < 1", "False"), by="no_overlap"),
    "a job whose launcher was killed is started again by a guess": plant(
        "runner/recovery.py", (_LOST, "return NeverRan()"), by="started_once running_has_a_reason"
    ),
}


@pytest.fixture
def planted(tmp_path: Path, fake_library: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Soak, Plant]]:
    """A soak of a copy of the product that has the bug which the test's parameter names."""
    bug = PLANTS[request.param]
    shutil.copytree(ROOT / "scheduler", tmp_path / "product" / "scheduler", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "product" / ROOMS / bug.file).write_text(_with(bug))
    soak = Soak(tmp_path / "soak", fake_library, seed=3, root=tmp_path / "product")
    soak.patience = 30.0
    soak.environment["SOAK_BYSTANDER"] = str(soak.bystander.pid)
    yield soak, bug
    soak.close()


@pytest.mark.parametrize("name", PLANTS, ids=lambda name: name.replace(" ", "-"))
def test_a_bug_to_plant_still_has_its_place(name: str) -> None:
    """The product moves on; a bug that fits nowhere any more must not be noticed only when somebody runs the slow tests."""
    compile(_with(PLANTS[name]), PLANTS[name].file, "exec")


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("planted", PLANTS, indirect=True, ids=lambda name: name.replace(" ", "-"))
def test_the_soak_reports_a_bug_that_was_planted(planted: tuple[Soak, Plant]) -> None:
    """A soak that never failed proves nothing until it has."""
    soak, bug = planted
    found = _first_violations(soak)
    print(f"{soak.summary()}\n    {found[:3]}")
    assert bug.rules & {line.partition(":")[0] for line in found}


def _with(bug: Plant) -> str:
    """The file with the bug in it."""
    text = (ROOT / ROOMS / bug.file).read_text()
    for old, new in bug.changes:
        assert text.count(old) == 1, f"{bug.file} has changed: the bug no longer fits in where {old!r} stood"
        text = text.replace(old, new)
    return text


def _first_violations(soak: Soak) -> list[str]:
    for _ in range(ROUNDS):
        if found := soak.round(jobs=12, kills=10):
            return found
    return soak.finish()
