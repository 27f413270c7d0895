"""What it costs to follow jobs that log: the CPU time of the runner while 1, 10 and 100 of them log a row each second.

    python benchmarks/following.py [--jobs 1 10 100] [--seconds 30]

Each figure is that of a runner of its own, measured from the moment at which all of its jobs have run for a while, as the share
of one core. `silent` jobs run and say nothing: what the runner costs anyway. The floor is a `tail -F` that reads the same logs
meanwhile, and throws the rows away.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness.checkouts import COMMAND, environment
from benchmarks.harness.figures import ALONE, Asked, Figure, Floor, NoFloor, joined
from benchmarks.harness.scratch import scratch
from benchmarks.harness.tables import shown

SETTLE = 8.0  # seconds: the first looks at a log are more than those that follow
ROW = '{"_step": %d, "loss": 0.%d, "acc": 0.5}\\n'
KINDS = {
    "silent": "sleep 100000",
    "printed": "n=0; while sleep 1; do n=$((n+1)); echo epoch=$n, loss=0.$n, acc=0.5; done",
    "metric log": f"n=0; while sleep 1; do n=$((n+1)); printf '{ROW}' $n $n >> $EXP_QUEUE_METRICS; done",
}


FLOOR = "`tail -F` on the same logs"
LOGS = {"silent": "log.txt", "printed": "log.txt", "metric log": "metrics.jsonl"}


def used(pid: int, processes: Path = Path("/proc")) -> float:
    """CPU seconds of a process, its threads included; in nanoseconds where the kernel counts them."""
    with contextlib.suppress(OSError, IndexError):
        told = [path.read_text(encoding="ascii") for path in (processes / f"{pid}/task").glob("*/schedstat")]
        if told:
            return sum(int(each.split()[0]) for each in told) / 1e9
    fields = (processes / f"{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(kind: str, jobs: int, seconds: float, *, alone: bool = False) -> tuple[float, float]:
    """The shares of a core, in percent, that a runner takes with so many jobs, and the floor's."""
    with tempfile.TemporaryDirectory(prefix="following-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "job.sh").write_text(KINDS[kind], encoding="utf-8")
        grid = f"grid: {{x: {list(range(jobs))}}}\n"
        (folder / "jobs.yaml").write_text(f"command: [sh, {folder}/job.sh, '${{args}}']\n{grid}", encoding="utf-8")
        runner = _begun([*COMMAND, "run", "jobs.yaml", "-j", str(jobs)], folder)
        try:
            time.sleep(SETTLE + jobs / 10)
            tail = None if alone or not shutil.which("tail") else _begun(_tail(folder, LOGS[kind]), folder)
            return shares([runner] if tail is None else [runner, tail], seconds)
        finally:
            runner.terminate()
            runner.wait()
            stop = [*COMMAND, "cancel", "running", "starting", "queued"]
            subprocess.run(stop, cwd=folder, env=environment(folder), capture_output=True, check=False)


def _begun(line: list[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(line, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _tail(folder: Path, name: str) -> list[str]:
    return ["tail", "-q", "-n0", "-F", *map(str, (folder / "home").rglob(name))]


def shares(processes: list[subprocess.Popen[bytes]], seconds: float) -> tuple[float, float]:
    """Of the first, and of the second, which ends with that; 0 without one. Raises RuntimeError where one has ended by itself:
    whoever does nothing any more takes 0 % of a core."""
    try:
        if processes[1:]:
            time.sleep(1)  # it has opened all
        before, start = [used(each.pid) for each in processes], time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - start
        found = [100 * (used(each.pid) - was) / took for each, was in zip(processes, before, strict=True)]
        for each in processes:
            if (status := each.poll()) is not None:
                raise RuntimeError(f"{each.args!r} ended with status {status} while it was measured")
        return found[0], sum(found[1:])
    finally:
        for each in processes[1:]:
            each.terminate()
            each.wait()


def figures(asked: Asked, counts: tuple[int, ...] = (), seconds: float = 0.0) -> list[Figure]:
    counts, seconds = counts or ((10,) if asked.quick else (10, 100)), seconds or (5.0 if asked.quick else 30.0)
    kinds = ("silent", "metric log") if asked.quick else tuple(KINDS)
    found = {(kind, jobs): measured(kind, jobs, seconds, alone=asked.alone) for jobs in counts for kind in kinds}
    return [_figure(kind, jobs, jobs == counts[0], *both, asked) for (kind, jobs), both in found.items()]


def _figure(kind: str, jobs: int, first: bool, ours: float, least: float, asked: Asked) -> Figure:
    what = "that are silent" if kind == "silent" else f"that log a row a second ({kind})"
    key, name = f"idle.{kind}{'' if first else f', {jobs} jobs'}", f"a runner with {jobs} jobs {what}"
    return Figure(key, name, "% of a core", (ours,), _floor(least, asked))


def _floor(least: float, asked: Asked) -> Floor | NoFloor:
    if asked.alone:
        return ALONE
    return Floor(FLOOR, (least,)) if shutil.which("tail") else NoFloor("there is no `tail` here (apt install coreutils)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    with scratch() as folder:
        asked = Asked(quick=False, folder=folder, python=sys.executable)
        print("\n".join(shown(joined(figures(asked, tuple(options.jobs), options.seconds) for _ in range(options.rounds)))))


if __name__ == "__main__":
    main()
