"""What a log call costs a training: five numbers, by our call and by those that people use now.

    python benchmarks/logging_calls.py [--calls 5000] [--repeats 3] [--between 1]

Each way in a process of its own, offline, on a new directory; the median of the repeats, which take turns. "call": the median
time of a call in microseconds, as the training feels it, and how many times that of our metric log; "slowest 1 %": the 99th
percentile. Between two calls the training sleeps `--between` milliseconds, as if a GPU computed. "CPU": what the whole process
computed for a row, threads and the end included, in microseconds. "end": seconds from the last call until all is delivered.
W&B keeps a process of its own, whose time is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = "from scheduler import tracking\ntracker = tracking.init({'lr': 0.1}, trackers=%r)\n"
OUR_CALL, OUR_END = "tracker.log(row, step)", "tracker.finish()"
WAYS = {
    "exp-queue: the metric log": (OURS % "", OUR_CALL, OUR_END),
    "... and TensorBoard": (OURS % "tensorboard", OUR_CALL, OUR_END),
    "... and W&B": (OURS % "wandb", OUR_CALL, OUR_END),
    "... and SwanLab": (OURS % "swanlab", OUR_CALL, OUR_END),
    "... and Trackio": (OURS % "trackio", OUR_CALL, OUR_END),
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
        own["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "SWANLAB_", "EXP_QUEUE_"))}
        script = LOOP.format(begin=begin, call=call, end=end, calls=calls, between=between / 1000)
        ended = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env={**kept, **own}, capture_output=True, text=True, check=False
        )
    try:
        found: dict[str, float] = json.loads(ended.stderr.splitlines()[-1])
    except (ValueError, IndexError):
        raise SystemExit(f"{way}: {ended.stderr}") from None
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--between", type=float, default=1.0, help="milliseconds")
    wanted = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(wanted.repeats):
        for way in WAYS:
            found[way].append(measured(way, wanted.calls, wanted.between))
    middle = {way: {name: statistics.median(each[name] for each in times) for name in times[0]} for way, times in found.items()}
    ours = next(iter(middle.values()))["call"]
    print(f"{'':28}{'call':>9}{'':>8}{'slowest 1 %':>14}{'CPU':>8}{'end':>8}")
    for way, times in middle.items():
        ratio = f"x {times['call'] / ours:.1f}"
        print(f"{way:28}{times['call']:7.1f}µs{ratio:>8}{times['slow']:12.0f}µs{times['cpu']:6.0f}µs{times['end']:7.2f}s")


if __name__ == "__main__":
    main()
