"""Sweeps: the cost of a trial, how quickly a bad one is stopped, and what stopping saves.

    python benchmarks/sweeps.py [--quick]

1. Cost of a trial: a script that prints one value, run one after the other by `exp-queue sweep` (methods random and bayes) and by
   the loop that people write instead: Optuna in memory, `subprocess.run`, the value from the last line. The floor is that loop
   without a search.
2. From the call that logs the deciding row to the SIGINT that the trial gets for it, for four ways of logging.
3. Compute saved: every configuration of a small space is trained once, in full; then stopping is replayed over five orders
   on two slots, and compared with one live run. A real training: characters from generated strokes, an MLP.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import checkouts
from benchmarks.harness.checkouts import COMMAND
from benchmarks.harness.figures import Asked, Figure, in_turns, joined
from benchmarks.harness.scratch import scratch
from benchmarks.harness.tables import shown
from scheduler.queue.states import State
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.stopping.hyperband import Bands
from scheduler.sweeps.trials import Trial

SLOTS, ORDERS = 2, 5
FLOOR, WITH_OPTUNA = "`subprocess.run` in a loop", "a loop of Optuna and `subprocess.run`"


def environment(directory: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return checkouts.environment(directory, OMP_NUM_THREADS="1", PATH=path)


def sweep(directory: Path, *arguments: str) -> dict[str, Any]:
    """Run `exp-queue sweep` on the directory's sweep.yaml; what it prints as JSON."""
    command = [*COMMAND, "sweep", "--format", "json", *arguments]
    result = subprocess.run(command, cwd=directory, env=environment(directory), capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


# 1. The cost of a trial.

PRINTS = "import sys; print('loss:', float(sys.argv[1].split('=')[1]))\n"
ONE = """
program: train.py
command: [python, "${program}", "${args}"]
method: random
metric: {name: loss, goal: minimize}
parameters: {lr: {min: 0.0, max: 1.0}}
"""


def bare_loop(directory: Path, trials: int) -> None:
    """What people write: ask, run, read the last line, tell."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    for _ in range(trials):
        trial = study.ask()
        command = ["python", "train.py", f"--lr={trial.suggest_float('lr', 0.0, 1.0)}"]
        result = subprocess.run(command, cwd=directory, env=environment(directory), capture_output=True, text=True, check=True)
        study.tell(trial, float(result.stdout.split()[-1]))


def no_search(directory: Path, trials: int) -> None:
    for number in range(trials):
        command = ["python", "train.py", f"--lr=0.{number}"]
        subprocess.run(command, cwd=directory, env=environment(directory), capture_output=True, text=True, check=True)


def ours(method: str, directory: Path, trials: int) -> None:
    sweep(directory, "-j1", "--method", method, "--count", str(trials))


def milliseconds(run: Callable[[Path, int], None], trials: int) -> float:
    """Of a trial, in a directory of its own."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "train.py").write_text(PRINTS)
        (directory / "sweep.yaml").write_text(ONE)
        return 1000 * timed(lambda: run(directory, trials)) / trials


def figures(asked: Asked) -> list[Figure]:
    """The cost of a trial, one at a time, the start of all included."""
    trials = 10 if asked.quick else 40
    measure = {name: partial(milliseconds, partial(ours, name), trials) for name in ("random", "bayes")}
    floor = FLOOR, partial(milliseconds, no_search, trials)
    has_optuna = find_spec("optuna") is not None
    peers = {WITH_OPTUNA: partial(milliseconds, bare_loop, trials)} if has_optuna else {}
    found = {"random": in_turns(measure["random"], floor, peers, alone=asked.alone)}
    if has_optuna:
        found["bayes"] = {"floor": found["random"]["floor"], "ours": (measure["bayes"](),)}
    missing = () if has_optuna else ("a loop of Optuna",)
    what = f"a trial of {trials} that print a value, one at a time"
    return [Figure(f"sweep.{name}", f"{what}: {name}", "ms", missing=missing, **each) for name, each in found.items()]


def cost_of_a_trial(quick: bool) -> None:
    print("1. the cost of a trial")
    with scratch() as folder:
        asked = Asked(quick, folder, sys.executable)
        print("\n".join(shown(joined(figures(asked) for _ in range(1 if quick else 3)))))


# 2. From the log call to the signal.

STOPPED = """
import json, os, signal, sys, time
way, lr = sys.argv[1].split("=")[1], float(sys.argv[2].split("=")[1])
logged = 0.0
def stopped(*_):
    if lr > 0.5:
        open("latency", "a").write(f"{way} {time.time() - logged}\\n")
    os._exit(1)
signal.signal(signal.SIGINT, stopped)
if way == "wandb":
    import wandb
    run = wandb.init(project="latency")
    log = lambda loss: run.log({"loss": loss})
elif way == "metric_log":
    file = open(os.environ["EXP_QUEUE_METRICS"], "a", buffering=1)
    log = lambda loss: file.write(json.dumps({"loss": loss}) + "\\n")
elif way == "tensorboard":
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    writer = EventFileWriter(os.environ["EXP_QUEUE_RUN_DIR"])
    def log(loss):
        writer.add_event(Event(wall_time=time.time(), summary=Summary(value=[Summary.Value(tag="loss", simple_value=loss)])))
        writer.flush()
else:
    log = lambda loss: print(f"loss: {loss}", flush=True)
for row in range(3):
    logged = time.time()
    log(lr)
    time.sleep(0.4)
    if row == 2 and lr > 0.5:
        time.sleep(20)
"""
RULE = """
program: train.py
command: [python, "${program}", "${args}"]
method: grid
metric: {name: loss, goal: minimize}
early_terminate: {type: hyperband, min_iter: 3, strict: true}
parameters: {a_way: {value: WAY}, lr: {values: [0.1, LATER]}}
"""


def latency(quick: bool) -> None:
    stopped = 4 if quick else 20
    print(f"2. from the call that logs the deciding row to the trial's SIGINT, {stopped} trials each")
    for way in ("metric_log", "output", "tensorboard", "wandb"):
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder)
            (directory / "train.py").write_text(STOPPED)
            later = ", ".join(f"{0.6 + number / 1000}" for number in range(stopped))
            (directory / "sweep.yaml").write_text(RULE.replace("WAY", way).replace("LATER", later))
            sweep_anyway(directory)
            seconds = [float(line.split()[1]) for line in (directory / "latency").read_text().splitlines()]
        ordered = sorted(1000 * each for each in seconds)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        print(f"   {way:<12} median {statistics.median(ordered):6.0f} ms   p95 {p95:6.0f} ms   of {len(ordered)}")


def sweep_anyway(directory: Path) -> None:
    subprocess.run([*COMMAND, "sweep", "-j1"], cwd=directory, env=environment(directory), capture_output=True, check=False)


# 3. Compute saved.

TRAINING = """
command: ["${interpreter}", -m, text_recognizer.run_experiment, "--gpu=-1", "${args_json}"]
method: grid
metric: {name: val_accuracy, goal: maximize}
early_terminate: {type: hyperband, min_iter: 2, strict: true}
parameters:
  dataset: {value: GeneratedCharacters}
  dataset_args:
    parameters:
      train_size: {value: 1500}
      val_size: {value: 500}
      test_size: {value: 100}
  model: {value: CharacterModel}
  network: {value: mlp}
  network_args:
    parameters:
      layer_size: {values: [32, 256]}
  train_args:
    parameters:
      lr: {values: [0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01]}
      epochs: {value: EPOCHS}
      batch_size: {value: 128}
"""


def replay(histories: Sequence[Sequence[float]], order: Sequence[int], rule: EarlyTerminate) -> tuple[int, float]:
    """Rows computed and best value when `order` is tried on SLOTS slots, each row taking as long as any other."""
    bands, waiting, running = Bands(rule, "maximize"), list(order), dict[int, int]()
    computed, best = 0, -1.0
    while waiting or running:
        while waiting and len(running) < SLOTS:
            running[waiting.pop(0)] = 0
        for number in list(running):
            running[number] += 1
            computed += 1
            rows = tuple(histories[number][: running[number]])
            best = max(best, rows[-1])
            trial = Trial(number, (), State.RUNNING, rows)
            bands.tell(trial)
            if len(rows) == len(histories[number]) or bands.verdict(trial):
                del running[number]
    return computed, best


def compute_saved(quick: bool) -> None:
    epochs = 6 if quick else 12
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "sweep.yaml").write_text(TRAINING.replace("EPOCHS", str(epochs)))
        full = sweep(directory, "--pruner", "none", "-j2")
        live = sweep(directory, "--again", "-j2")
    histories = [trial["history"] for trial in sorted(full["trials"], key=lambda trial: trial["trial"])]
    rows, best = sum(map(len, histories)), max(map(max, histories))
    print(f"3. {len(histories)} configurations of {epochs} rows each; min_iter 2, eta 3, strict; {SLOTS} slots")
    rule = EarlyTerminate(min_iter=2, strict=True)
    saved, bests = [], []
    for seed in range(ORDERS):
        order = random.Random(seed).sample(range(len(histories)), len(histories))  # noqa: S311
        computed, found = replay(histories, order, rule)
        saved.append(1 - computed / rows)
        bests.append(found)
    spread = ", ".join(f"{share:.0%}" for share in sorted(saved))
    print(f"   replayed over {ORDERS} orders: {statistics.mean(saved):.0%} of the rows saved ({spread})")
    print(f"   best value, full {best:.4f}, replayed {min(bests):.4f} to {max(bests):.4f}")
    computed, found = replay(histories, range(len(histories)), rule)
    live_rows = sum(len(trial["history"]) for trial in live["trials"])
    print(f"   in the file's order: replayed {1 - computed / rows:.0%} saved, best {found:.4f}")
    print(f"   in the file's order: live     {1 - live_rows / rows:.0%} saved, best {live['best']['value']:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer trials, one repetition")
    parser.add_argument("--only", type=int, choices=(1, 2, 3), help="one part alone")
    options = parser.parse_args()
    for number, part in enumerate((cost_of_a_trial, latency, compute_saved), 1):
        if options.only in (None, number):
            part(options.quick)


if __name__ == "__main__":
    main()
