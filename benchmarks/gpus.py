"""What sharing GPUs costs: deciding, handing over, waiting. Prints a table of medians and 95th percentiles.

    python benchmarks/gpus.py [--rounds 20] [--idle 20]

It runs on the fake driver of the tests (a C compiler is needed), whose calls cost microseconds and whose memory is free
the moment a process is gone. A real driver answers in milliseconds and frees memory tens of milliseconds later: the
figures here are what exp-queue itself adds. "Hand-over" is from the last thing that a job does to the first line of the
next job, which is Python here (its own start alone is in the table).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scheduler.gpus.admission import admit  # noqa: E402
from scheduler.gpus.claims import Claim, Decide, take  # noqa: E402
from scheduler.gpus.observation import Observation, Settings  # noqa: E402
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Request  # noqa: E402
from scheduler.gpus.reading import Gpu, Reading  # noqa: E402
from tests.fakes.nvml.fake_driver import SOURCE, FakeDriver, gpu_lines  # noqa: E402

COMMAND = [sys.executable, "-m", "scheduler.cli.main"]
# Notes its start, uses 5000 MiB, notes its end.
JOB = """
import os, sys, time
begun = time.monotonic()
open(os.environ["FAKE_NVML_PROCESSES"] + "/" + str(os.getpid()), "w").write("GPU-0 5000")
open("ledger", "a").write(f"{os.getpid()} start {begun}\\n")
time.sleep(float(sys.argv[1]))
open("ledger", "a").write(f"{os.getpid()} end {time.monotonic()}\\n")
os._exit(0)
"""
MINE = [sys.executable, "-I", "-S", "job.py"]


class Machine:
    """A folder, a fake GPU, and exp-queue on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        library = folder / "library"
        library.mkdir()
        build = ["cc", "-O1", "-shared", "-fPIC", "-o", str(library / "libnvidia-ml.so.1"), str(SOURCE)]
        subprocess.run(build, check=True)
        (folder / "driver").mkdir()
        self.driver = FakeDriver(library, folder / "driver")
        self.driver.shows(*gpu_lines(1))
        (folder / "job.py").write_text(JOB)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CUDA_", "EXP_QUEUE_"))}
        own = {"PYTHONPATH": str(ROOT), "EXP_QUEUE_HOME": str(folder / "home"), "EXP_QUEUE_LOCK_DIR": str(folder / "claims")}
        self.environment = {**kept, **self.driver.environment, **own}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            [*COMMAND, *arguments], cwd=self.folder, env=self.environment, stdout=quiet, stderr=quiet, text=True
        )

    def ledger(self) -> list[tuple[int, str, float]]:
        """(pid, "start" or "end", monotonic seconds), as the jobs wrote it."""
        path = self.folder / "ledger"
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [(int(pid), word, float(at)) for pid, word, at in rows]

    def wait_for(self, count: int, word: str = "start") -> list[tuple[int, str, float]]:
        while len(found := [row for row in self.ledger() if row[1] == word]) < count:
            time.sleep(0.005)
        return found


@contextmanager
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as folder:
        yield Machine(Path(folder))


def decisions(living: int, rounds: int) -> list[float]:
    """Seconds of one `take` that is granted, with so many living claims on eight GPUs."""
    gpus = Reading(tuple(Gpu(f"GPU-{n}", index=n, bus=f"{n}", name="A", total=80_000, used=0) for n in range(8)))
    decide = partial(_admitted, Request(memory=1000), gpus)
    with tempfile.TemporaryDirectory() as folder:
        held, took = [_taken(folder, decide) for _ in range(living)], []
        for _ in range(rounds * 10):
            start = time.perf_counter()
            claim = _taken(folder, decide)
            took.append(time.perf_counter() - start)
            claim.close()
        for each in held:
            each.close()
    return took


def _taken(folder: str, decide: Decide) -> Claim:
    claim = take(Path(folder), decide)
    assert isinstance(claim, Claim)
    return claim


def _admitted(request: Request, reading: Reading, living: tuple[ClaimRecord, ...]) -> Placement | Refusal:
    return admit(request, reading, living, Observation(), Settings())


def python_start(rounds: int) -> list[float]:
    """Seconds from a spawn to the first line of the job's program."""
    took = []
    for _ in range(rounds):
        start = time.monotonic()
        out = subprocess.check_output([sys.executable, "-I", "-S", "-c", "import time; print(time.monotonic())"])
        took.append(float(out) - start)
    return took


def run_hand_overs(rounds: int) -> list[float]:
    """One runner, one GPU: from one job's end to the next one's start."""
    with machine() as here:
        command = json.dumps([*MINE, "0.3", "${args}"])
        (here.folder / "jobs.yaml").write_text(f"command: {command}\ngrid: {{x: {list(range(rounds + 1))}}}\n")
        here.start("run", "jobs.yaml").wait()
        times = sorted(here.ledger(), key=lambda row: row[2])
    return [b[2] - a[2] for a, b in itertools.pairwise(times) if (a[1], b[1]) == ("end", "start")]


def exec_hand_overs(rounds: int, kill: bool) -> list[float]:
    """Two lone processes on one GPU: from the end, or the kill -9, of the first one's job to the start of the second's."""
    took = []
    for _ in range(rounds):
        with machine() as here:
            first = here.start("exec", "--", *MINE, "600" if kill else "1.5")
            ((pid, _, _),) = here.wait_for(1)
            second = here.start("exec", "--", *MINE, "0")
            time.sleep(1.2)  # it has looked, and waits
            ended = time.monotonic()
            if kill:
                os.kill(pid, signal.SIGKILL)
            begun = here.wait_for(2)[1][2]
            took.append(begun - (ended if kill else here.wait_for(1, "end")[0][2]))
            first.wait()
            second.wait()
    return took


def after_strangers(rounds: int) -> list[float]:
    """From the end of somebody else's process to the start of a runner's job, with --quiet 0."""
    took = []
    for _ in range(rounds):
        with machine() as here:
            stranger = subprocess.Popen(["sleep", "600"])
            here.driver.runs(stranger.pid, "GPU-0", 9000)
            (here.folder / "jobs.yaml").write_text(f"command: {json.dumps([*MINE, '0', '${args}'])}\ngrid: {{x: [1]}}\n")
            runner = here.start("run", "jobs.yaml", "--quiet", "0")
            time.sleep(2.0)
            ended = time.monotonic()
            stranger.kill()
            stranger.wait()
            took.append(here.wait_for(1)[0][2] - ended)
            runner.wait()
    return took


def idle(seconds: float, jobs: int, stranger_there: bool) -> tuple[float, float, float, float]:
    """(CPU share of the runner, of its sampler, MiB of the runner, of its sampler) while one of `jobs` runs, unless a
    stranger is there, and the others wait."""
    with machine() as here:
        stranger = subprocess.Popen(["sleep", "600"])
        if stranger_there:
            here.driver.runs(stranger.pid, "GPU-0", 9000)
        (here.folder / "jobs.yaml").write_text(
            f"command: {json.dumps([*MINE, '600', '${args}'])}\ngrid: {{x: {list(range(jobs))}}}\n"
        )
        runner = here.start("run", "jobs.yaml", "-j2")
        time.sleep(5.0)
        sampler = _sampler_of(runner.pid)
        before = _cpu(runner.pid), _cpu(sampler)
        time.sleep(seconds)
        after = _cpu(runner.pid), _cpu(sampler)
        memory = _memory(runner.pid), _memory(sampler)
        runner.send_signal(signal.SIGTERM)
        runner.wait()
        subprocess.run([*COMMAND, "cancel", "queued", "running"], env=here.environment, cwd=here.folder, capture_output=True)
        stranger.kill()
        stranger.wait()
    return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds, *memory


def _sampler_of(runner: int) -> int:
    for pid in subprocess.check_output(["pgrep", "-P", str(runner)], text=True).split():
        if b"sampler_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return int(pid)
    raise RuntimeError("the runner has no sampler")


def _cpu(pid: int) -> float:
    """CPU seconds of all threads; /proc/PID/schedstat counts nanoseconds where stat counts ticks of 10 ms."""
    return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def _memory(pid: int) -> float:
    (line,) = [x for x in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if x.startswith("Rss")]
    return int(line.split()[1]) / 1024


def _row(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"| {name} | {statistics.median(ordered) * 1000:.2f} | {high * 1000:.2f} | {len(ordered)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of watching an idle runner")
    options = parser.parse_args()
    print("| | median ms | p95 ms | n |\n|---|---|---|---|")
    for living in (0, 8, 56):
        _row(f"decision and claim, {living} living claims", decisions(living, options.rounds))
    _row("start of a job's Python alone", python_start(options.rounds))
    _row("hand-over, same runner, normal end", run_hand_overs(options.rounds))
    _row("hand-over, lone processes, normal end", exec_hand_overs(options.rounds, kill=False))
    _row("hand-over, lone processes, kill -9", exec_hand_overs(options.rounds, kill=True))
    _row("start after a stranger's exit, --quiet 0", after_strangers(options.rounds))
    print("\n| | runner CPU % | sampler CPU % | runner MiB | sampler MiB |\n|---|---|---|---|---|")
    for name, jobs, stranger in (
        ("a job waits for a stranger to leave", 1, True),
        ("a job waits for another job", 2, False),
        ("a job runs, nobody waits", 1, False),
    ):
        runner, sampler, *memory = idle(options.idle, jobs, stranger)
        print(f"| {name} | {runner * 100:.3f} | {sampler * 100:.3f} | {memory[0]:.0f} | {memory[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
