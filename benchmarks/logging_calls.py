"""What a log call costs a training: five numbers, by our call and by those that people use now.

    python benchmarks/logging_calls.py [--calls 5000] [--repeats 3] [--between 1]

Each way in a process of its own, offline, on a new directory; the medians of the repeats, which take turns. A call: the median
time in microseconds, as the training feels it; "slowest 1 %": the 99th percentile. Between two calls the training sleeps
`--between` milliseconds, as if a GPU computed. CPU time: what the whole process computed for a row, threads and the end included.
W&B keeps a process of its own, whose time is not counted. The floor is a row made JSON and written to a file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.checkouts import package, path_of
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, joined
from benchmarks.harness.scratch import scratch
from benchmarks.harness.tables import shown

FLOOR = "`json.dumps` and a write"
US = "exp-queue: the metric log"
NEEDS = {"TensorBoard": "tensorboard", "W&B": "wandb", "SwanLab": "swanlab", "Trackio": "trackio", "SummaryWriter": "torch"}
OURS = "from scheduler import tracking\ntracker = tracking.init({'lr': 0.1}, trackers=%r)\n"
OUR_CALL, OUR_END = "tracker.log(row, step)", "tracker.finish()"
WAYS = {
    FLOOR: ("import json\nout = open('rows', 'a', buffering=1)\n", "out.write(json.dumps(row) + '\\n')", "out.close()"),
    US: (OURS % "", OUR_CALL, OUR_END),
    "exp-queue, passed on to TensorBoard": (OURS % "tensorboard", OUR_CALL, OUR_END),
    "exp-queue, passed on to W&B": (OURS % "wandb", OUR_CALL, OUR_END),
    "exp-queue, passed on to SwanLab": (OURS % "swanlab", OUR_CALL, OUR_END),
    "exp-queue, passed on to Trackio": (OURS % "trackio", OUR_CALL, OUR_END),
    "TensorBoard, SummaryWriter": (
        "from torch.utils.tensorboard import SummaryWriter\nwriter = SummaryWriter('runs')\n",
        "[writer.add_scalar(name, value, step) for name, value in row.items()]",
        "writer.close()",
    ),
    "W&B, offline": (
        "import wandb\nrun = wandb.init(project='p', mode='offline', settings=wandb.Settings(silent=True))\n",
        "run.log(row, step=step)",
        "run.finish()",
    ),
    "SwanLab, offline": (
        "import swanlab\nrun = swanlab.init(project='p', mode='offline', log_dir='swanlog')\n",
        "run.log(row, step=step)",
        "run.finish()",
    ),
    "Trackio": (
        "import trackio\nrun = trackio.init(project='p', embed=False)\n",
        "run.log(row, step=step)",
        "run.finish()",
    ),
}
LOOP = """
import json, statistics, sys, time
row = {{"loss": 0.5, "accuracy": 0.25, "lr": 1e-3, "grad_norm": 2.5, "rows_per_second": 1234.5}}
{begin}
took = []
busy = time.process_time()
for step in range({calls}):
    row = dict(row, loss=1 / (step + 1))
    before = time.perf_counter_ns()
    {call}
    took.append(time.perf_counter_ns() - before)
    if {between}:
        time.sleep({between})
last = time.perf_counter()
{end}
print(json.dumps({{
    "call": statistics.median(took) / 1000,
    "slow": sorted(took)[int(len(took) * 0.99)] / 1000,
    "cpu": (time.process_time() - busy) / {calls} * 1e6,
    "end": time.perf_counter() - last,
}}), file=sys.stderr)
"""


def measured(way: str, calls: int, between: float) -> dict[str, float]:
    """One process, in a new directory."""
    begin, call, end = WAYS[way]
    with tempfile.TemporaryDirectory() as folder:
        own = {"EXP_QUEUE_METRICS": f"{folder}/metrics.jsonl", "HOME": folder, "TRACKIO_DIR": f"{folder}/trackio"}
        own["PYTHONPATH"] = path_of(package())
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "SWANLAB_", "EXP_QUEUE_"))}
        script = LOOP.format(begin=begin, call=call, end=end, calls=calls, between=between / 1000)
        ended = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env={**kept, **own}, capture_output=True, text=True, check=False
        )
    try:
        found: dict[str, float] = json.loads(ended.stderr.splitlines()[-1])
    except (ValueError, IndexError):
        raise RuntimeError(f"{way}: {ended.stderr}") from None
    return found


PARTS = (
    ("call", "a log call of five numbers", "µs"),
    ("slow", "a log call, slowest 1 %", "µs"),
    ("cpu", "CPU time of a row", "µs"),
    ("end", "from the last call until all is delivered", "s"),
)


def figures(asked: Asked, calls: int = 0, between: float = 1.0) -> list[Figure]:
    """By each way that is installed."""
    calls = calls or (500 if asked.quick else 5000)
    ways = [US] if asked.alone else list(WAYS)
    missing = [way for way in ways if any(word in way and not find_spec(needed) for word, needed in NEEDS.items())]
    found = {way: measured(way, calls, between) for way in ways if way not in missing}
    return [_figure(found, tuple(missing), *part) for part in PARTS]


def _figure(found: dict[str, dict[str, float]], missing: tuple[str, ...], key: str, name: str, unit: str) -> Figure:
    values = {way: (each[key],) for way, each in found.items()}
    ours, least = values.pop(US), values.pop(FLOOR, None)
    return Figure(f"log.{key}", name, unit, ours, Floor(FLOOR, least) if least else ALONE, values, missing=missing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--between", type=float, default=1.0, help="milliseconds")
    wanted = parser.parse_args()
    with scratch() as folder:
        asked = Asked(quick=False, folder=folder, python=sys.executable)
        print("\n".join(shown(joined(figures(asked, wanted.calls, wanted.between) for _ in range(wanted.repeats)))))


if __name__ == "__main__":
    main()
