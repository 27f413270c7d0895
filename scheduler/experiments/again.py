"""A job as an experiments file of its own, which runs it once more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, Protocol

from scheduler.experiments.asks import Asks, Policy, Resources
from scheduler.experiments.experiment import GROUP_KEY


class Asked(Asks, Protocol):
    """What is asked for: a job, as the queue has it."""

    @property
    def name(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def group(self) -> str | None: ...
    @property
    def argv(self) -> tuple[str, ...]: ...
    @property
    def config(self) -> dict[str, Any]: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def note(self) -> str: ...


def file_of(job: Asked, moved: Callable[[str], str]) -> str:
    """YAML, each key with its value as JSON. `moved`: where a path lies now that the command names."""
    sections: dict[str, Any] = {
        GROUP_KEY: job.group,
        "command": [_word(word, moved).replace("${", "\\${") for word in job.argv],
        "tags": list(job.tags),
        "notes": job.note,
        "resources": _with_unit(_said(job.resources, Resources()), "gpu_memory"),
        "policy": _said(job.policy, Policy()),
        "slurm": _with_unit(job.slurm.said, "memory"),
        "experiments": [job.config],
    }
    said = {key: value for key, value in sections.items() if value not in (None, [], {}, "")}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in said.items()]
    head = f"# Job {job.name} ({job.id[:8]}): `exp-queue run` and this file's name, in this folder, run it once more."
    return "\n".join([head, *lines]) + "\n"


def _word(word: str, moved: Callable[[str], str]) -> str:
    """Also a path behind a `--data=`."""
    before, equals, path = word.rpartition("=")
    return f"{before}{equals}{moved(path)}" if path.startswith("/") else word


def _with_unit(said: dict[str, Any], name: str) -> dict[str, Any]:
    return {**said, name: f"{said[name]}MiB"} if name in said else said


def _said(value: Resources | Policy, usual: Resources | Policy) -> dict[str, Any]:
    """What is not as usual, as a file has it."""
    names = [field.name for field in fields(value) if getattr(value, field.name) != getattr(usual, field.name)]
    found = asdict(value)
    return {name: "none" if found[name] is None else found[name] for name in names}
