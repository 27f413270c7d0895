"""What tests of all floors share: a command line of its own state directory, and an environment without the developer's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import waiting
from tests.bystander import Bystander
from tests.forked import run_to_its_end

# Trainings inside the tests are tiny: more threads only get into one another's way, badly so on a machine with other load.
os.environ["OMP_NUM_THREADS"] = "1"

# Started with `&` by a shell this process ignores SIGINT, by nohup SIGHUP, by some supervisors SIGTERM or SIGCHLD, and so would
# every program under test: a signal must mean what it says here, and a child's exit status must reach its parent.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
    signal.signal(_number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, [])

# The same cases in every run, so that a failure can be repeated; EXP_QUEUE_EXPLORE=1 looks for new ones. Never a time limit:
# what takes long on a busy machine is not wrong.
no_limit = settings(settings.get_profile("default"), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", no_limit)
settings.register_profile("repeatable", no_limit, derandomize=True, database=None)
settings.load_profile("explore" if os.environ.get("EXP_QUEUE_EXPLORE") else "repeatable")

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "scheduler.cli.main"]
PRIVATE = ("EXP_QUEUE_", "WANDB_", "SWANLAB_", "CUDA_", "OMP_NUM_THREADS", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
NO_SETTINGS = {"EXP_QUEUE_CONFIG": os.devnull}  # instead of those of whoever runs the tests

# What the developer, or the queue that runs these tests as a job, has set must not steer what is called in this process either.
# (Not CUDA_VISIBLE_DEVICES: it may be somebody's word about which GPUs are ours.)
for _name in [name for name in os.environ if name.startswith(("EXP_QUEUE_", "WANDB_", "SWANLAB_", "XDG_STATE_HOME"))]:
    if _name not in ("EXP_QUEUE_EXPLORE", "EXP_QUEUE_HYDRA_PYTHON"):
        del os.environ[_name]
os.environ.update(NO_SETTINGS)
# Children find the packages under test from any working directory, and before another checkout that may be installed.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


@dataclass
class CommandLine:
    """`exp-queue` as a user types it: in a directory of its own, with a state directory of its own."""

    directory: Path
    environment: dict[str, str]
    started: list[subprocess.Popen] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return Path(self.environment["EXP_QUEUE_HOME"])

    def write(self, name: str, text: str) -> str:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def __call__(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        if not options:
            return run_to_its_end(arguments, self.directory, self.environment)
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=100,
            **options,
        )

    def start(self, *arguments: str, through: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """A command in the background, in a session of its own; ended with the test. `through`: a program that becomes it."""
        process = subprocess.Popen(
            [*through, *COMMAND, *arguments],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def jobs(self, *arguments: str) -> list[dict[str, Any]]:
        """What `status --format json` says."""
        result = self("status", *arguments, "--limit", "0", "--format", "json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def states(self) -> list[str]:
        """Those of all jobs, the oldest first."""
        return [job["state"] for job in self.jobs()]

    def noted(self) -> list[str]:
        """The words that jobs have written into the file `ledger`, sorted."""
        path = self.directory / "ledger"
        return sorted(path.read_text().split()) if path.exists() else []


def gnu_parallel() -> str | None:
    """Where GNU parallel is; None where it is missing, or another program has its name."""
    found = shutil.which("parallel")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL) if found else None
    return found if version and version.stdout.startswith("GNU parallel") else None


def user_environment(**changes: str) -> dict[str, str]:
    """The environment without what would steer the product, and with the packages under test importable from anywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
    return {
        **kept,
        **NO_SETTINGS,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
        **changes,
    }


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[CommandLine]:
    directory = tmp_path / "work"
    directory.mkdir()
    # The GPUs of the machine that runs the tests are not ours to claim, nor is a driver there sure to answer.
    line = CommandLine(directory, user_environment(EXP_QUEUE_HOME=str(tmp_path / "home"), CUDA_VISIBLE_DEVICES="-1"))
    yield line
    for process in line.started:
        if process.poll() is None:
            process.kill()
        process.communicate()
    if (line.home / "queue.db").exists():
        line("cancel", "queued", "starting", "running", "stopping")


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """As `waiting.until`."""
    return waiting.until


@pytest.fixture(scope="session")
def bystanders() -> Iterator[list[Bystander]]:
    """The bystander of this session; none yet, or none any more, is an empty list."""
    present: list[Bystander] = []
    yield present
    for each in present:
        each.close()


@pytest.fixture(autouse=True)
def bystander(bystanders: list[Bystander]) -> Iterator[Bystander]:
    """Promise `alone`, held in every test: a process of the same user that is none of ours gets no signal, whatever is killed."""
    if not bystanders:
        bystanders.append(Bystander())
    yield bystanders[0]
    if fate := bystanders[0].fate():
        bystanders.pop().close()
        pytest.fail(fate)
