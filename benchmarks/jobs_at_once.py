"""How many trainings at once: the same twelve of the recogniser with -j 1, 2, 4 and auto.

    python benchmarks/jobs_at_once.py [--trainings 12] [--epochs 8] [--repeats 1] [--out FILE]

Generated characters, small networks that differ by a factor of four, on the CPU; each job gets its share of the cores. `auto`
begins with nothing known, `auto, again` with what that has found. `--cold`: each training imports for itself, so that a number of
jobs is compared with a number of jobs, and not with what is loaded by then. The ways take turns; ratios are of medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXP_QUEUE = [sys.executable, "-m", "scheduler.cli.main"]
WAYS = {"-j 1": "1", "-j 2": "2", "-j 4": "4", "-j auto": "auto", "-j auto, again": "auto"}
FILE = """
experiment_group: At once
base:
  dataset: GeneratedCharacters
  dataset_args: {{train_size: 300, val_size: 100, test_size: 1}}
  model: CharacterModel
  network: mlp
  train_args: {{epochs: {epochs}, patience: 0}}
grid: {{network_args.layer_size: [64, 128, 256], train_args.seed: {seeds}}}
"""


def environment(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "MKL_", "EXP_QUEUE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "EXP_QUEUE_HOME": str(home), "CUDA_VISIBLE_DEVICES": "-1", "PATH": path}


def one(home: Path, directory: Path, jobs: str) -> float:
    """Seconds that all of them take."""
    command = [*EXP_QUEUE, "run", "trainings.yaml", "-j", jobs, "--cold", "--again", "--format", "json"]
    begun = time.monotonic()
    found = subprocess.run(command, cwd=directory, env=environment(home), capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(found.stderr)
    for line in found.stderr.splitlines():
        if line.startswith("-j auto"):
            print(f"      {line}", flush=True)
    return time.monotonic() - begun


def measured(arguments: argparse.Namespace) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    seeds = list(range(1, 1 + max(1, arguments.trainings // 3)))
    for _ in range(arguments.repeats):
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder)
            (directory / "trainings.yaml").write_text(FILE.format(epochs=arguments.epochs, seeds=seeds))
            for way, jobs in WAYS.items():
                home = directory / ("auto" if jobs == "auto" else f"home{jobs}")
                seconds[way].append(one(home, directory, jobs))
                print(f"   {way:<16} {seconds[way][-1]:6.1f} s   load {os.getloadavg()[0]:.1f}", flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where the seconds are kept, as JSON")
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"{arguments.trainings} trainings of {arguments.epochs} epochs on {cores} cores; load before {os.getloadavg()[0]:.1f}")
    seconds = measured(arguments)
    medians = {way: statistics.median(each) for way, each in seconds.items()}
    for way, median in medians.items():
        print(f"{way:<16} {median:6.1f} s   {medians['-j 1'] / median:4.2f} x the trainings a second of -j 1")
    if arguments.out:
        kept: dict[str, Any] = {"cores": cores, "epochs": arguments.epochs, "seconds": seconds}
        arguments.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
