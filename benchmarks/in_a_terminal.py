"""What it costs to look: `exp-queue watch` and `exp-queue top` in a terminal of 140 columns and 50 lines.

    python benchmarks/in_a_terminal.py [--jobs 8] [--seconds 60] [--queued 100000]

First jobs that log once a second: the share of a core that the view takes, all of its process, after its first 10 seconds. Then a
queue of jobs that only wait: the seconds from the start of the command until the first of them is on the screen, what it takes
until the last of them is (the key G), the share of a core while nothing happens, and the largest resident memory.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "scheduler.cli.main"]
SCRIPT = """
n=0
while :; do n=$((n + 1)); echo "{\\"_step\\": $n, \\"epoch\\": $n, \\"loss\\": 0.$n}" >> "$EXP_QUEUE_METRICS"; sleep 1; done
"""
SETTLED = 10.0  # seconds
WAIT = 100.0
_TICKS = os.sysconf("SC_CLK_TCK")


class View:
    """A command in a terminal of its own."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self.begun, self.written = time.perf_counter(), b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 140, 0, 0))
            os.execve(sys.executable, [*COMMAND, *words], environment)  # noqa: S606

    def read(self, seconds: float, until: bytes = b"") -> float:
        """Read for so long, or until something is written; the seconds that it took. RuntimeError where that does not come."""
        begun, start = time.perf_counter(), len(self.written)
        while (rest := begun + seconds - time.perf_counter()) > 0 and not (until and until in self.written[start:]):
            if select.select([self.fd], [], [], rest)[0]:
                try:
                    self.written += os.read(self.fd, 1 << 16)
                except OSError:  # EIO: it has ended, and nothing comes any more
                    if not until:
                        raise
                    break
        if until and until not in self.written[start:]:
            raise RuntimeError(f"{until.decode()} was not on the screen within {seconds:g} s")
        return time.perf_counter() - begun

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def share(self, seconds: float) -> float:
        before = self.cpu()
        took = self.read(seconds)
        return 100 * (self.cpu() - before) / took

    def memory(self) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

    def close(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        with contextlib.suppress(OSError):  # EIO: nobody has it open any more
            self.read(1.0)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def running(directory: Path, environment: dict[str, str], options: argparse.Namespace) -> None:
    (directory / "train.sh").write_text(SCRIPT)
    values = list(range(options.jobs))
    (directory / "busy.yaml").write_text(f"command: [sh, train.sh, '${{args}}']\ngrid: {{x: {values}}}\n")
    words = ["run", "busy.yaml", f"-j{options.jobs}", "--plain"]
    run = subprocess.Popen(
        [*COMMAND, *words], cwd=directory, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for word in ("watch", "top"):
            view = View(environment, word)
            view.read(SETTLED)
            print(f"{word:8} {options.jobs} jobs that log every second: {view.share(options.seconds):.2f} % of a core")
            view.close()
    finally:
        subprocess.run([*COMMAND, "cancel", "all", "--grace", "1"], env=environment, capture_output=True, cwd=directory)
        run.wait()


def waiting(directory: Path, environment: dict[str, str], options: argparse.Namespace) -> None:
    (directory / "long.yaml").write_text(f"command: ['true', '${{args}}']\ngrid: {{x: {list(range(options.queued))}}}\n")
    subprocess.run([*COMMAND, "submit", "long.yaml"], env=environment, capture_output=True, cwd=directory, check=True)
    for _ in range(2):  # the first makes .pyc files
        view = View(environment, "top")
        first = view.read(WAIT, b"x=20")
        view.read(2.0)
        os.write(view.fd, b"G")
        last = view.read(WAIT, f"x={options.queued - 1}".encode())
        share, memory = view.share(options.seconds), view.memory()
        view.close()
    print(f"top      {options.queued:,} that wait: the first seen after {first:.2f} s, the last {last:.2f} s after its key")
    print(f"         {share:.2f} % of a core while nothing happens, {memory:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--queued", type=int, default=100_000)
    options = parser.parse_args()
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "NO_COLOR")}
    for measure in (running, waiting):
        with tempfile.TemporaryDirectory(prefix="seen-") as folder:
            more = {
                "EXP_QUEUE_HOME": f"{folder}/home",
                "PYTHONPATH": str(ROOT),
                "TERM": "xterm-256color",
                "CUDA_VISIBLE_DEVICES": "-1",
            }
            measure(Path(folder), {**kept, **more}, options)


if __name__ == "__main__":
    main()
