"""What imports cost short trainings, and what is left of that when jobs are forked from an interpreter that has them loaded.

    python benchmarks/warm_start.py [--trials 30] [--slots 2] [--seconds 1] [--starts 9] [--module torch] [--without wandb ...]

First the start of one job: from the order to the line behind `import torch`, and to its end, begun from nothing and forked, in
turns; the floor is a Python that imports nothing, and of what is loaded one that imports only that. Then a search over `--trials`
trainings that import torch and compute for `--seconds`, by what people use now: `exp-queue sweep` as it is and with --cold,
`wandb agent` on a server of exp-queue's own, a loop of Optuna that starts processes; its floor is such a loop without a search.
All on one machine, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.checkouts import COMMAND, environment
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, joined
from benchmarks.harness.scratch import scratch
from benchmarks.harness.tables import shown
from scheduler.home import open_home
from scheduler.launcher.client import Slot, open_slot
from scheduler.launcher.spawning import Order
from scheduler.warm.client import Mother, Ready, Wish
from scheduler.warm.command import program_of

START = "import {module}, time\nprint(time.time())\n"
TRAINING = """
import argparse, json, os, time
import torch
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
until, x = time.monotonic() + {seconds}, torch.randn(64, 64)
while time.monotonic() < until:
    x = (x @ x).clamp(-1, 1)
loss = (lr - 0.3) ** 2
if "WANDB_SWEEP_ID" in os.environ and "EXP_QUEUE_METRICS" not in os.environ:
    import wandb
    wandb.init().log({{"loss": loss}})
elif "EXP_QUEUE_METRICS" in os.environ:
    open(os.environ["EXP_QUEUE_METRICS"], "a").write(json.dumps({{"loss": loss}}) + "\\n")
print(loss)
"""
SWEEP = """
program: train.py
method: bayes
metric: {{name: loss, goal: minimize}}
run_cap: {trials}
parameters: {{lr: {{min: 0.0, max: 1.0}}}}
"""
OPTUNA = """
import subprocess, sys
import optuna
def objective(trial):
    lr = trial.suggest_float("lr", 0.0, 1.0)
    done = subprocess.run([sys.executable, "train.py", f"--lr={lr}"], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
study.optimize(objective, n_trials=int(sys.argv[1]), n_jobs=int(sys.argv[2]))
"""
LOOP = """
import subprocess, sys
from concurrent.futures import ThreadPoolExecutor
def trial(number):
    subprocess.run([sys.executable, "train.py", f"--lr=0.{number}"], capture_output=True, check=True)
with ThreadPoolExecutor(int(sys.argv[2])) as threads:
    list(threads.map(trial, range(int(sys.argv[1]))))
"""
IMPORT = """
import pathlib, time
began = time.perf_counter()
import {module}
seconds = time.perf_counter() - began
print(seconds, pathlib.Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])
"""


OTHERS = ("cold", "wandb", "optuna")
FLOOR, NOTHING, FORKED = "a Python that imports nothing", "begun from nothing", "forked"
IMPORTED, UNSEARCHED = "a Python that imports it", "a loop without a search"


class Size(NamedTuple):
    """Of a look: how many starts of which module; how many trials, how long, how many at once; without which peers."""

    module: str
    starts: int = 9
    trials: int = 30
    slots: int = 2
    seconds: float = 1.0
    without: tuple[str, ...] = ()


def figures(asked: Asked) -> list[Figure]:
    """With the largest module that is here; a quick look has three starts and no search."""
    module = next(name for name in ("torch", "numpy", "asyncio") if find_spec(name))
    if asked.quick:
        return measured(asked, Size(module, starts=3, trials=0))
    return measured(asked, Size(module, trials=30 if module == "torch" else 0, without=OTHERS if asked.alone else ()))


def measured(asked: Asked, size: Size) -> list[Figure]:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="warm-") as folder:
        found = starts(Path(folder), size.module, size.starts, asked)
        if size.trials:
            found += searches(Path(folder), size, asked)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--module", default="torch")
    parser.add_argument("--without", nargs="*", default=[], choices=OTHERS)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    size = Size(given.module, given.starts, given.trials, given.slots, given.seconds, tuple(given.without))
    with scratch() as folder:
        asked = Asked(quick=False, folder=folder, python=sys.executable)
        print("\n".join(shown(joined(measured(asked, size) for _ in range(given.rounds)))))


# One job.


def starts(folder: Path, module: str, count: int, asked: Asked) -> list[Figure]:
    (folder / "start.py").write_text(START.format(module=module))
    argv = [sys.executable, "start.py"]
    program = program_of(argv)
    assert program
    wish, home = Wish(argv[0], program, str(folder), dict(os.environ)), open_home(folder / "home")
    mother = Mother(wish, os.environ)
    while mother.state is None and mother.hear():
        pass
    assert isinstance(mother.state, Ready), mother.state
    cold, warm = open_slot(home), open_slot(home, launch=mother.launch)
    found: dict[str, list[tuple[float, float]]] = {NOTHING: [], FORKED: []}
    least = []
    for number in range(count):
        found[NOTHING].append(one(cold, folder, f"cold-{number}", argv, ""))
        found[FORKED].append(one(warm, folder, f"warm-{number}", argv, wish.key))
        least.append(bare())
    for slot in (cold, warm):
        slot.close()
        slot.process.wait()
    mother.close()
    return [*_start(module, found, least, asked), *_mother(module, mother.state, asked)]


Times = list[tuple[float, float]]


def _start(module: str, found: dict[str, Times], least: Times, asked: Asked) -> list[Figure]:
    figures = []
    words = f"until it has imported {module}", f"that imports {module}, until it is over"
    for place, key, what in zip((0, 1), ("import", "whole"), words, strict=True):
        middle = {name: (1000 * median(each[place] for each in times),) for name, times in found.items()}
        floor = ALONE if asked.alone else Floor(FLOOR, (1000 * median(each[place] for each in least),))
        peers = {} if asked.alone else {NOTHING: middle[NOTHING]}
        figures.append(Figure(f"warm.{key}", f"a forked job {what}", "ms", middle[FORKED], floor, peers))
    return figures


def _mother(module: str, state: Ready, asked: Asked) -> list[Figure]:
    least = (ALONE, ALONE) if asked.alone else tuple(Floor(IMPORTED, (value,)) for value in imported(module))
    return [
        Figure("warm.load", f"{module} loaded to be forked from, once", "s", (state.seconds,), least[0]),
        Figure("warm.memory", f"memory of what has {module} loaded", "MiB", (state.bytes / 2**20,), least[1]),
    ]


def imported(module: str) -> tuple[float, float]:
    """Seconds and MiB of an import by a Python that has nothing else."""
    line = [sys.executable, "-c", IMPORT.format(module=module)]
    seconds, memory = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), int(memory) / 1024


def bare() -> tuple[float, float]:
    """As `one`, of a Python without anything of exp-queue."""
    began = time.time()
    line = [sys.executable, "-I", "-c", "import time; print(time.time())"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return float(done.stdout) - began, time.time() - began


def one(slot: Slot, folder: Path, name: str, argv: list[str], warm: str) -> tuple[float, float]:
    """Seconds until it has imported, and until it is known to be over."""
    began = time.time()
    slot.start(Order(name, argv, str(folder), str(folder / name), warm=warm), [])
    while True:
        messages, there = slot.channel.receive()
        assert there
        for message, _ in messages:
            if message["is"] == "ended":
                over = time.time()
                assert message["end"]["state"] == "done", message
                return float((folder / name / "log.txt").read_text()) - began, over - began


# A search.


SWEEP_OF_OURS = "exp-queue sweep"


Way = Callable[[Path, dict[str, str], int, int], None]


def searches(folder: Path, size: Size, asked: Asked) -> list[Figure]:
    """What a trial takes beside its work; that of our sweep, and by the others."""
    ways: dict[str, Way] = {
        SWEEP_OF_OURS: lambda *them: ours(*them),
        "exp-queue sweep --cold": lambda *them: ours(*them, "--cold"),
        "wandb agent, own server": agents,
        "Optuna, subprocess": partial(loop, "optuna_loop.py"),
        **({} if asked.alone else {UNSEARCHED: partial(loop, "loop.py")}),
    }
    gone = (*size.without, *(name for name in ("wandb", "optuna") if not find_spec(name)))
    found: dict[str, tuple[float, ...]] = {}
    for name, way in ways.items():
        if not any(word in name.lower() for word in gone):
            found[name] = (searched(folder / name.replace(" ", "-"), way, size),)
    what = f"a trial that imports torch, {size.trials} of {size.seconds:g} s, {size.slots} at once: beside its work"
    least = found.pop(UNSEARCHED, None)
    return [Figure("warm.trial", what, "s", found.pop(SWEEP_OF_OURS), Floor(UNSEARCHED, least) if least else ALONE, found)]


def searched(place: Path, way: Way, size: Size) -> float:
    """Seconds of a trial beside its work."""
    place.mkdir()
    (place / "train.py").write_text(TRAINING.format(seconds=size.seconds))
    (place / "sweep.yaml").write_text(SWEEP.format(trials=size.trials))
    (place / "optuna_loop.py").write_text(OPTUNA)
    (place / "loop.py").write_text(LOOP)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = environment(place, PATH=path, EXP_QUEUE_LOCK_DIR=str(place / "locks"))
    began = time.monotonic()
    way(place, own, size.trials, size.slots)
    return (time.monotonic() - began) * size.slots / size.trials - size.seconds


def ours(place: Path, environment: dict[str, str], trials: int, slots: int, *options: str) -> None:
    subprocess.run(
        [*COMMAND, "sweep", "sweep.yaml", f"-j{slots}", *options], cwd=place, env=environment, check=True, capture_output=True
    )


def agents(place: Path, environment: dict[str, str], trials: int, slots: int) -> None:
    with ExitStack() as started:
        server = _begun([*COMMAND, "serve", "--format", "json"], place, environment, started, out=subprocess.PIPE)
        assert server.stdout  # its first line comes when it can be asked; `serve --env` before that would start another
        given: dict[str, str] = json.loads(server.stdout.readline())
        environment = {**environment, **{name: text for name, text in given.items() if name.isupper()}}
        wandb = [sys.executable, "-m", "wandb"]
        said = _said([*wandb, "sweep", "sweep.yaml"], place, environment)
        sweep = next(line.split()[-1] for line in said if "wandb agent" in line)
        running = [_begun([*wandb, "agent", sweep], place, environment, started) for _ in range(slots)]
        for each in running:
            each.wait()


def _begun(
    line: list[str], place: Path, environment: dict[str, str], started: ExitStack, out: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """A process that is ended with `started`, whatever comes."""
    process = started.enter_context(subprocess.Popen(line, cwd=place, env=environment, stdout=out, stderr=subprocess.DEVNULL))
    started.callback(process.wait)
    started.callback(process.terminate)
    return process


def _said(line: list[str], place: Path, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(line, cwd=place, env=environment, check=True, capture_output=True, text=True)
    return (done.stderr + done.stdout).splitlines()


def loop(script: str, place: Path, environment: dict[str, str], trials: int, slots: int) -> None:
    line = [sys.executable, script, str(trials), str(slots)]
    subprocess.run(line, cwd=place, env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    main()
