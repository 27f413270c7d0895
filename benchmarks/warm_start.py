"""What imports cost short trainings, and what is left of that when jobs are forked from an interpreter that has them loaded.

    python benchmarks/warm_start.py [--trials 30] [--slots 2] [--seconds 1] [--starts 9] [--module torch] [--without wandb ...]

First the start of one job: from the order to the line behind `import torch`, and to its end, begun from nothing and forked, in
turns. Then a search over `--trials` trainings that import torch and compute for `--seconds`, by what people use now: `exp-queue
sweep` as it is and with --cold, `wandb agent` on a server of exp-queue's own, a loop of Optuna that starts processes. All on one
machine, one after the other; prints seconds and ratios to the first."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scheduler.home import open_home  # noqa: E402
from scheduler.launcher.client import Slot, open_slot  # noqa: E402
from scheduler.launcher.spawning import Order  # noqa: E402
from scheduler.warm.client import Mother, Ready, Wish  # noqa: E402
from scheduler.warm.command import program_of  # noqa: E402

COMMAND = [sys.executable, "-m", "scheduler.cli.main"]
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--module", default="torch")
    parser.add_argument("--without", nargs="*", default=[], choices=["cold", "wandb", "optuna"])
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        starts(Path(folder), asked.module, asked.starts)
        if asked.trials:
            searches(Path(folder), asked.trials, asked.slots, asked.seconds, asked.without)
    return 0


# One job.


def starts(folder: Path, module: str, count: int) -> None:
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
    found: dict[str, list[tuple[float, float]]] = {"begun from nothing": [], "forked": []}
    for number in range(count):
        found["begun from nothing"].append(one(cold, folder, f"cold-{number}", argv, ""))
        found["forked"].append(one(warm, folder, f"warm-{number}", argv, wish.key))
    for slot in (cold, warm):
        slot.close()
        slot.process.wait()
    mother.close()
    size = f"{mother.state.seconds:.2f} s and {mother.state.bytes >> 20} MiB, once"
    print(f"one job that imports {module}, medians of {count} in turns (to have it loaded: {size})")
    to_import, whole = (
        {name: statistics.median(each[place] for each in times) for name, times in found.items()} for place in (0, 1)
    )
    for name in found:
        ratio = to_import["begun from nothing"] / to_import[name]
        times = f"{1e3 * to_import[name]:8.0f} ms to the line behind the import, {1e3 * whole[name]:8.0f} ms in all"
        print(f"  {name:20} {times}   x {ratio:.1f}", flush=True)


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


def searches(folder: Path, trials: int, slots: int, seconds: float, without: list[str]) -> None:
    ways: dict[str, Callable[[Path, dict[str, str], int, int], None]] = {
        "exp-queue sweep": lambda *them: ours(*them),
        "exp-queue sweep --cold": lambda *them: ours(*them, "--cold"),
        "wandb agent, own server": agents,
        "Optuna, subprocess": optuna,
    }
    first = 0.0
    print(f"{trials} trials of {seconds:g} s each behind `import torch`, {slots} at once")
    for name, way in ways.items():
        if any(word in name.lower() for word in without):
            continue
        place = folder / name.replace(" ", "-")
        place.mkdir()
        (place / "train.py").write_text(TRAINING.format(seconds=seconds))
        (place / "sweep.yaml").write_text(SWEEP.format(trials=trials))
        (place / "loop.py").write_text(OPTUNA)
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "EXP_QUEUE_HOME": str(place / "home"),
            "EXP_QUEUE_LOCK_DIR": str(place / "locks"),
            "PYTHONPATH": str(ROOT),
        }
        began = time.monotonic()
        way(place, environment, trials, slots)
        took = time.monotonic() - began
        first = first or took
        beside = took * slots / trials - seconds
        print(f"  {name:25} {took:7.1f} s   x {took / first:.2f}   {beside:.2f} s for a trial beside its work", flush=True)


def ours(place: Path, environment: dict[str, str], trials: int, slots: int, *options: str) -> None:
    subprocess.run(
        [*COMMAND, "sweep", "sweep.yaml", f"-j{slots}", *options], cwd=place, env=environment, check=True, capture_output=True
    )


def agents(place: Path, environment: dict[str, str], trials: int, slots: int) -> None:
    server = subprocess.Popen(
        [*COMMAND, "serve"], cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    lines = subprocess.run(
        [*COMMAND, "serve", "--env"], cwd=place, env=environment, check=True, capture_output=True, text=True
    ).stdout
    given = dict(line.removeprefix("export ").partition("=")[::2] for line in lines.splitlines() if line.startswith("export "))
    environment = {**environment, **{name: text.rstrip(";").strip("'\"") for name, text in given.items()}}
    wandb = [sys.executable, "-m", "wandb"]
    said = subprocess.run([*wandb, "sweep", "sweep.yaml"], cwd=place, env=environment, check=True, capture_output=True, text=True)
    sweep = next(line.split()[-1] for line in (said.stderr + said.stdout).splitlines() if "wandb agent" in line)
    running = [
        subprocess.Popen(
            [*wandb, "agent", sweep], cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(slots)
    ]
    for each in running:
        each.wait()
    server.terminate()
    server.wait()


def optuna(place: Path, environment: dict[str, str], trials: int, slots: int) -> None:
    subprocess.run(
        [sys.executable, "loop.py", str(trials), str(slots)], cwd=place, env=environment, check=True, capture_output=True
    )


if __name__ == "__main__":
    sys.exit(main())
