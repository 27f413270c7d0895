"""Slurm's own commands, called with lists of words and a time-out: while its controller is away they block."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence

from scheduler.errors import StateError
from scheduler.slurm import states

PATIENCE = 30.0  # seconds: a busy controller takes its time
AT_ONCE = 500  # elements that one command names


class NoAnswer(Exception):
    """Slurm refuses, or does not answer; the text is Slurm's own."""


def ask(words: Sequence[str], text: str = "") -> str:
    """What a command prints. NoAnswer; StateError where there is no such command."""
    environment = {**os.environ, "SLURM_BITSTR_LEN": "0"}  # else lists of numbers end in dots
    try:
        done = subprocess.run(
            words,
            input=text,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            start_new_session=True,  # a Ctrl-C is for us
            check=False,
        )
    except FileNotFoundError:
        what = f"there is no Slurm on this machine: {words[0]} is not in PATH"
        raise StateError(what, next_step="run the command where `sbatch` works, or without --on slurm") from None
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"{words[0]} got no answer within {PATIENCE:g} s") from None
    if done.returncode:
        raise NoAnswer(_last_words(done.stderr) or f"{words[0]} failed with exit status {done.returncode}")
    return done.stdout.strip()


def submit(words: Sequence[str], script: str) -> str:
    """Submit an array; returns its number."""
    return ask(words, script).split(";")[0]


def test(words: Sequence[str]) -> None:
    """NoAnswer, with Slurm's reason, where it would not take such a job now."""
    ask(["sbatch", "--test-only", *words], "#!/bin/sh\n")


def offer(words: Sequence[str]) -> None:
    """NoAnswer, with Slurm's reason, where it would not keep such a job either. `test` also fails while only nodes could do it
    that are drained or down, for which the job itself would wait: so one that does nothing is submitted for a year later, and
    taken back."""
    later = ["--begin=now+365days", "--job-name=exp-queue-asks", "--chdir=/", "--output=/dev/null"]
    ask(["scancel", submit(["sbatch", "--parsable", *later, *words], "#!/bin/sh\n")])


def arrays(names: Iterable[str]) -> dict[str, states.Array]:
    """What Slurm knows of arrays by these names, also of those that have ended a short while ago."""
    return states.read(ask(["squeue", "--noheader", "--states=all", f"--name={','.join(names)}", f"--format={states.FORMAT}"]))


def has_gpus(partition: str | None) -> bool:
    """Whether a node of the partition (None: the default one) has GPUs."""
    return any("gpu" in gres for gres in _of_nodes("%G", partition))


def knows_its_nodes(partition: str | None) -> bool:
    """Whether the controller is there and has heard of each node of the partition since it was started. Before that, for some
    seconds, it takes every job for impossible."""
    try:
        return not any(state.startswith("unknown") for state in _of_nodes("%T", partition))
    except NoAnswer:
        return False


def _of_nodes(what: str, partition: str | None) -> list[str]:
    """What `sinfo` says under this format, for each kind of node."""
    chosen = [f"--partition={partition}"] if partition else []
    pairs = [line.partition("|") for line in ask(["sinfo", "--noheader", *chosen, f"--format=%P|{what}"]).splitlines()]
    return [found for name, _, found in pairs if partition or name.endswith("*")]


def most_in_array() -> int:
    """How many elements an array may have."""
    for line in ask(["scontrol", "show", "config"]).splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "MaxArraySize" and value.strip().isdecimal():
            return max(1, int(value) - 1)
    return 1000


def wake(job: str, indices: Sequence[int]) -> None:
    """Have the launchers of these elements look for a stop."""
    _each(["scancel", "--batch", "--signal=INT"], job, indices)


def cancel(job: str, indices: Sequence[int]) -> None:
    """Take elements that never start out of Slurm's queue."""
    _each(["scancel", "--state=PENDING"], job, indices)


def _each(words: Sequence[str], job: str, indices: Sequence[int]) -> None:
    for at in range(0, len(indices) if job else 0, AT_ONCE):
        ask([*words, *(f"{job}_{index}" for index in indices[at : at + AT_ONCE])])


def cancel_waiting(job: str) -> None:
    """Take the elements of an array that have not started out of Slurm's queue."""
    ask(["scancel", "--state=PENDING", job])


def _last_words(text: str) -> str:
    """What a person should read of an error."""
    lines = [line.partition("error: ")[2] or line for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-2:])
