"""What a job asks for, resources, policy and wishes about a cluster, as its row keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

from scheduler.experiments import Policy, Resources, SlurmWishes

Asked = tuple[Resources, Policy, SlurmWishes]


@lru_cache(maxsize=1024)
def as_json(value: Resources | Policy) -> str:
    """All experiments of a file share theirs."""
    return json.dumps(asdict(value))


@lru_cache(maxsize=1024)
def wishes_as_json(value: SlurmWishes) -> str:
    """Those that are said; "" for none, as nearly always."""
    return json.dumps(value.said) if value.said else ""


class AskTexts:
    """What jobs ask for, one after another, as their rows keep it. Those of a file share it: it is looked for when it changes."""

    def __init__(self) -> None:
        self._last: Asked | None = None
        self._texts = ("", "", "")

    def __call__(self, resources: Resources, policy: Policy, slurm: SlurmWishes) -> tuple[str, str, str]:
        last = self._last
        if last is None or last[0] is not resources or last[1] is not policy or last[2] is not slurm:
            self._last = (resources, policy, slurm)
            self._texts = (as_json(resources), as_json(policy), wishes_as_json(slurm))
        return self._texts


@lru_cache(maxsize=1024)
def resources_from(text: str) -> Resources:
    """What a job's row says of its resources."""
    return Resources(**_known(Resources, text))


@lru_cache(maxsize=1024)
def policy_from(text: str) -> Policy:
    """What a job's row says of its policy."""
    return Policy(**_known(Policy, text))


@lru_cache(maxsize=1024)
def wishes_from(text: str) -> SlurmWishes:
    """What a job's row says of the cluster that it may run on."""
    return SlurmWishes(**_known(SlurmWishes, text)) if text else SlurmWishes()


def asked_from(resources: str, policy: str, slurm: str) -> Asked:
    """All three."""
    return resources_from(resources), policy_from(policy), wishes_from(slurm)


def _known(kind: type[Resources | Policy | SlurmWishes], text: str) -> dict[str, Any]:
    """The fields that we know. Others are from a newer exp-queue, which would have raised the database's format if to neglect
    them did harm."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in json.loads(text).items() if name in names}
