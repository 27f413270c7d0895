"""Somebody else's process, and whether anything was done to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


class Bystander:
    """A process of the same user that is none of ours. It blocks every signal, so that the kernel keeps what was sent to it."""

    def __init__(self) -> None:
        block = "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())"
        # It ends with whoever started it: tests that are killed leave nobody behind.
        code = f"import signal, sys; {block}; print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-I", "-S", "-c", code]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process: subprocess.Popen[bytes] = subprocess.Popen(command, start_new_session=True, **pipes)  # type: ignore[call-overload]
        assert self._process.stdout
        self._process.stdout.readline()

    @property
    def pid(self) -> int:
        return self._process.pid

    def fate(self) -> str:
        """What was done to it; empty: nothing."""
        if self._process.poll() is not None:
            return f"the bystander was killed ({self._process.returncode})"
        status = (Path("/proc") / str(self.pid) / "status").read_text()
        pending = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("ShdPnd"))
        signals = [signal.Signals(number).name for number in range(1, 32) if pending >> (number - 1) & 1]
        return f"the bystander was sent {', '.join(signals)}" if signals else ""

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
