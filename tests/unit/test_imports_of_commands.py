"""What a command imports: half of its start is that, and a module that it does not use is easily added and hardly seen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT

ONE = {"command": ["true", "${args}"], "grid": {"x": [1]}, "resources": {"gpus": 0}}
SWEEP = "program: train.py\nmethod: random\nmetric: {name: loss}\nparameters: {lr: {min: 0.1, max: 1.0}}\n"
# Nobody who computes on one machine, and is told of nothing, needs these.
FAR = (
    "asyncio",
    "http",
    "email",
    "ssl",
    "concurrent.futures",
    "multiprocessing",
    "pynvml",
    "omegaconf",
    "torch",
    "optuna",
    "numpy",
)
NO_FILE = ("yaml", "scheduler.experiments.experiment_file", "scheduler.sweeps.files.either")
NO_RUNNER = ("scheduler.runner.runner", "scheduler.runner.plan", "scheduler.runner.devices", "scheduler.gpus.admission")
SUBPROCESS = ("subprocess",) if sys.version_info >= (3, 11) else ()  # Python 3.10 imports it for its uuid, which click imports
NO_LAUNCHER = ("scheduler.launcher.client", "socket", *SUBPROCESS)
NO_LOGS = ("scheduler.runner.logs", "scheduler.tracking.readers.follower", "scheduler.tracking.readers.any_values")
NO_QUEUE = ("sqlite3", "scheduler.queue.store", "scheduler.queue.database")
# What is dear and only those need who start processes, tell one long text from another, or write a CSV.
NO_DEAR = ("ctypes", "hashlib", "shutil", "csv", "decimal", "random", "scheduler.queue.changes", "scheduler.queue.filters")
NO_JOBS = ("scheduler.queue.job", "scheduler.actions.results", "scheduler.report.jobs", "scheduler.report.tables")
LOOKS = (*NO_FILE, *NO_RUNNER, *NO_LAUNCHER, *NO_LOGS)


class Start(NamedTuple):
    """A command, what it must not import, and at most how many modules of ours it may."""

    words: str
    without: tuple[str, ...]
    most: int


STARTS = [
    Start("--version", (*LOOKS, *NO_QUEUE), 7),
    Start("status", (*LOOKS, *NO_DEAR, *NO_JOBS), 27),
    Start("show last", (*NO_FILE, *NO_RUNNER, *NO_LOGS), 112),
    Start("hold queued", LOOKS, 85),
    Start("cancel queued", (*NO_FILE, *NO_RUNNER, *NO_LOGS), 106),
    Start("sweeps", ("yaml", "scheduler.runner.runner", *NO_LOGS), 192),
    Start("watch --once", (*NO_FILE, "scheduler.runner.runner", "scheduler.report.live"), 182),
    Start("prepare one.json", ("yaml", *NO_RUNNER, *NO_LAUNCHER, *NO_LOGS, *NO_QUEUE), 71),
    Start("check one.json", ("yaml", *NO_RUNNER, *NO_LAUNCHER, *NO_LOGS, *NO_QUEUE), 86),
    Start("submit one.json", ("yaml", *NO_RUNNER, *NO_LAUNCHER, *NO_LOGS), 176),
    Start("run one.json", ("yaml", "scheduler.runner.pace", "scheduler.slurm.clerk", "scheduler.ssh.clerk"), 287),
    Start("sweep sweep.yaml --dry-run", ("scheduler.runner.pace", "scheduler.slurm.clerk", "scheduler.ssh.clerk"), 342),
]


def loaded(words: Sequence[str], directory: Path) -> list[str]:
    """All that a Python has imported which has been this command, in that order."""
    code = f"import sys, json; from scheduler.cli.main import _status; _status({list(words)!r}); " + (
        "print('\\n' + json.dumps([*sys.modules]), file=sys.stderr)"
    )
    environment = {"EXP_QUEUE_HOME": str(directory / "home"), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    environment |= {"EXP_QUEUE_LOCK_DIR": str(directory / "locks"), "EXP_QUEUE_CONFIG": str(directory / "none.yaml")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, env=environment, timeout=100)
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return found


def imported(words: Sequence[str], directory: Path) -> set[str]:
    return set(loaded(words, directory))


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.words)
def test_a_command_imports_what_it_needs(tmp_path: Path, start: Start) -> None:
    """Each of these answers a person who waits. Where a command needs more by now, give it more; where it does not, import what
    it seldom uses where it is used, or for type checkers alone."""
    (tmp_path / "one.json").write_text(json.dumps(ONE))
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    (tmp_path / "train.py").write_text("print('loss=1')\n")
    found = imported(start.words.split(), tmp_path)
    assert [name for name in (*FAR, *start.without) if name in found] == []
    ours = {name for name in found if name.startswith("scheduler.")}
    assert len(ours) <= start.most, sorted(ours)


def test_a_list_of_jobs_imports_what_shows_them(tmp_path: Path) -> None:
    """Hardly any queue is empty. Who only looks changes nothing, claims nothing, and asks no process that is not there."""
    (tmp_path / "one.json").write_text(json.dumps(ONE))
    imported(["submit", "one.json"], tmp_path)
    found = imported(["status"], tmp_path)
    assert "scheduler.report.jobs" in found
    assert [name for name in (*FAR, *LOOKS, *NO_DEAR) if name in found] == []
    assert sum(name.startswith("scheduler.") for name in found) <= 72


def test_a_run_begins_its_launcher_before_it_loads_what_uses_it(tmp_path: Path) -> None:
    """Both take as long as the other, on two cores; one after the other the first job would wait for the sum."""
    (tmp_path / "one.json").write_text(json.dumps(ONE))
    order = loaded(["run", "one.json"], tmp_path)
    begun = order.index("scheduler.runner.early")
    assert order.index("scheduler.launcher.client") < order.index("scheduler.runner.runner")
    assert begun < order.index("scheduler.runner.runner")
    assert sum(name.startswith("scheduler.") for name in order[:begun]) <= 108


def test_a_launcher_imports_little() -> None:
    """One is started for every slot, before its first job."""
    code = "import sys; import scheduler.launcher.loop; print([*sys.modules])"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100)
    found = done.stdout
    assert "'scheduler.launcher.execution'" in found, done.stderr
    assert [name for name in (*FAR, "sqlite3", "subprocess", "scheduler.home", "scheduler.queue") if f"'{name}'" in found] == []
    assert found.count("'scheduler.") <= 25


def test_the_check_of_imports_sees_one_too_many(tmp_path: Path) -> None:
    """A checker is trusted after it has caught a planted bug: to run something imports what runs it."""
    (tmp_path / "one.json").write_text(json.dumps(ONE))
    found = imported(["run", "one.json"], tmp_path)
    assert {*NO_RUNNER, *NO_LAUNCHER, *NO_LOGS, *NO_QUEUE} <= found
