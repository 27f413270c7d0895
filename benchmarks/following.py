"""What it costs to follow jobs that log: the CPU time of the runner while 1, 10 and 100 of them log a row each second.

    python benchmarks/following.py [--jobs 1 10 100] [--seconds 30]

Each row of the table is a runner of its own, measured from the moment at which all of its jobs have run for a while, as the share
of one core. `silent` jobs run and say nothing: what the runner costs anyway.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTLE = 8.0  # seconds: the first looks at a log are more than those that follow
ROW = '{"_step": %d, "loss": 0.%d, "acc": 0.5}\\n'
KINDS = {
    "silent": "sleep 100000",
    "printed": "n=0; while sleep 1; do n=$((n+1)); echo epoch=$n, loss=0.$n, acc=0.5; done",
    "metric log": f"n=0; while sleep 1; do n=$((n+1)); printf '{ROW}' $n $n >> $EXP_QUEUE_METRICS; done",
}


def used(pid: int) -> float:
    """CPU seconds of a process, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(kind: str, jobs: int, seconds: float) -> float:
    """The share of a core that a runner takes with so many jobs."""
    with tempfile.TemporaryDirectory(prefix="following-", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "EXP_QUEUE_HOME": f"{folder}/home", "PYTHONPATH": str(ROOT)}
        script = Path(folder, "job.sh")
        script.write_text(KINDS[kind], encoding="utf-8")
        Path(folder, "jobs.yaml").write_text(
            f"command: [sh, {script}, '${{args}}']\ngrid: {{x: {list(range(jobs))}}}\n", encoding="utf-8"
        )
        command = [sys.executable, "-m", "scheduler.cli.main"]
        line = [*command, "run", "jobs.yaml", "-j", str(jobs)]
        runner = subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(SETTLE + jobs / 10)
            before, start = used(runner.pid), time.monotonic()
            time.sleep(seconds)
            return (used(runner.pid) - before) / (time.monotonic() - start)
        finally:
            runner.terminate()
            runner.wait()
            stop = [*command, "cancel", "running", "starting", "queued"]
            subprocess.run(stop, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    print(f"{'':12}" + "".join(f"{f'{jobs} jobs':>12}" for jobs in options.jobs))
    for kind in KINDS:
        shares = [measured(kind, jobs, options.seconds) for jobs in options.jobs]
        print(f"{kind:12}" + "".join(f"{share:>12.2%}" for share in shares), flush=True)


if __name__ == "__main__":
    main()
