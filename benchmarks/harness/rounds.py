"""Rounds of benches, each in a process of its own; two checkouts take turns."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.catalogue import Bench
from benchmarks.harness.checkouts import ROOT, path_of
from benchmarks.harness.figures import Asked, Figure, from_json, joined

PATIENCE = 60.0  # seconds for a bench to put things away after a Ctrl-C
STEERING = ("EXP_QUEUE_", "WANDB_", "SWANLAB_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Side:
    """Whose package is measured, and where it lies."""

    name: str
    package: Path


@dataclass(frozen=True)
class Outcome:
    """Of a bench on one side: its figures, or why there are none. What is missing is no fault; what is broken is."""

    figures: tuple[Figure, ...] = ()
    missing: str = ""
    broken: str = ""


def measured(
    bench: Bench, sides: Sequence[Side], asked: Asked, repeat: int, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Outcome]:
    """By the name of the side. Once a side fails there is nothing to compare: that round is the last."""
    rounds: dict[str, list[Outcome]] = {side.name: [] for side in sides}
    for number in range(repeat):
        for side in sides:
            tell(f"{bench.name}: round {number + 1} of {repeat}" + (f", {side.name}" if len(sides) > 1 else ""))
            rounds[side.name].append(one(bench, side, asked))
        if not all(outcomes[-1].figures for outcomes in rounds.values()):
            break
    return {name: _of(outcomes) for name, outcomes in rounds.items()}


def _of(outcomes: Sequence[Outcome]) -> Outcome:
    last = outcomes[-1]
    return last if not last.figures else Outcome(tuple(joined(each.figures for each in outcomes)))


def one(bench: Bench, side: Side, asked: Asked) -> Outcome:
    """One round. A disk that is full is the end of this round, not of what was measured before it."""
    try:
        return _one(bench, side, asked)
    except OSError as error:
        return Outcome(broken=str(error))


def _one(bench: Bench, side: Side, asked: Asked) -> Outcome:
    scratch = Path(tempfile.mkdtemp(prefix=f"{bench.name}-", dir=asked.folder))
    fields = {**asdict(asked), "folder": str(scratch)}
    line = [sys.executable, "-m", "benchmarks.harness.child", bench.name, json.dumps(fields), str(scratch / "figures.json")]
    status, text = _run(line, scratch, _steered(side, scratch))
    if status:
        return Outcome(broken=f"exit status {status}: " + "\n".join(text.splitlines()[-4:]))
    found = json.loads((scratch / "figures.json").read_text(encoding="utf-8"))
    if "missing" in found:
        return Outcome(missing=found["missing"])
    if Path(found["package"]) != side.package.resolve():
        return Outcome(broken=f"measured was {found['package']}, not {side.package}")
    return Outcome(tuple(map(from_json, found["figures"])))


def _run(line: Sequence[str], scratch: Path, environment: dict[str, str]) -> tuple[int, str]:
    """The exit status, and all that it said."""
    with (scratch / "said").open("w+b") as said:
        status = _waited(line, cwd=scratch, env=environment, stdout=said, stderr=said)
        said.seek(0)
        return status, said.read().decode(errors="replace")


def _waited(line: Sequence[str], **fields: Any) -> int:
    """The exit status. The process has a session of its own, so that a Ctrl-C reaches it, and all that it has started, from here
    alone: once, and with time to put things away."""
    process = None
    try:
        with put_off():  # an interrupt within Popen would leave a process that nobody here knows
            process = subprocess.Popen(line, start_new_session=True, **fields)
        return process.wait()
    except KeyboardInterrupt:
        if process:
            stopped(process)
        raise


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """A SIGINT or SIGTERM that comes within raises KeyboardInterrupt at the end, where either would have called a handler of
    Python's: what is ignored stays ignored. Threads other than the main one get no signals, and may set no handlers."""
    came: list[int] = []
    former: dict[signal.Signals, Any] = {}
    is_main = threading.current_thread() is threading.main_thread()
    try:
        for each in (signal.SIGINT, signal.SIGTERM) if is_main else ():
            if callable(handler := signal.getsignal(each)):
                former[each] = handler
                signal.signal(each, lambda number, _: came.append(number))
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
    if came:
        raise KeyboardInterrupt


def stopped(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the process and its group, and wait for it; after a while, or at another Ctrl-C, kill them."""
    try:
        _tell(process, signal.SIGINT)
        process.wait(PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        _tell(process, signal.SIGKILL)
        process.wait()


def _tell(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended at the same moment
        os.killpg(process.pid, number)


def _steered(side: Side, scratch: Path) -> dict[str, str]:
    """The environment without what would steer the product: no settings of the user, no GPU, all files in the scratch folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(STEERING)}
    own = {"EXP_QUEUE_CONFIG": os.devnull, "EXP_QUEUE_LOCK_DIR": str(scratch / "locks"), "CUDA_VISIBLE_DEVICES": "-1"}
    return {**kept, **own, "PYTHONPATH": path_of(side.package, ROOT), "TMPDIR": str(scratch)}
