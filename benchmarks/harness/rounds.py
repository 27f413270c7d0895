"""Rounds of benches, each in a process of its own; two checkouts take turns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.harness.catalogue import Bench
from benchmarks.harness.checkouts import ROOT
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
    """By the name of the side. A side that fails once is not asked again."""
    rounds: dict[str, list[Outcome]] = {side.name: [] for side in sides}
    for number in range(repeat):
        for side in sides:
            if all(outcome.figures for outcome in rounds[side.name]):
                tell(f"{bench.name}: round {number + 1} of {repeat}" + (f", {side.name}" if len(sides) > 1 else ""))
                rounds[side.name].append(one(bench, side, asked))
    return {name: _of(outcomes) for name, outcomes in rounds.items()}


def _of(outcomes: Sequence[Outcome]) -> Outcome:
    last = outcomes[-1]
    return last if not last.figures else Outcome(tuple(joined(each.figures for each in outcomes)))


def one(bench: Bench, side: Side, asked: Asked) -> Outcome:
    """One round."""
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
        status = waited(subprocess.Popen(line, cwd=scratch, env=environment, stdout=said, stderr=said, start_new_session=True))
        said.seek(0)
        return status, said.read().decode(errors="replace")


def waited(process: subprocess.Popen[bytes]) -> int:
    """Its exit status. It has a session of its own, so that a Ctrl-C reaches it, and all that it has started, from here alone:
    once, and with time to put things away."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        raise


def _steered(side: Side, scratch: Path) -> dict[str, str]:
    """The environment without what would steer the product: no settings of the user, no GPU, all files in the scratch folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(STEERING)}
    own = {"EXP_QUEUE_CONFIG": os.devnull, "EXP_QUEUE_LOCK_DIR": str(scratch / "locks"), "CUDA_VISIBLE_DEVICES": "-1"}
    return {**kept, **own, "PYTHONPATH": f"{side.package}{os.pathsep}{ROOT}", "TMPDIR": str(scratch)}
