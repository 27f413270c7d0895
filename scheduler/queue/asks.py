"""What a job asks for, resources and policy, as its row keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

from scheduler.experiments import Policy, Resources


@lru_cache(maxsize=1024)
def as_json(value: Resources | Policy) -> str:
    """All experiments of a file share theirs."""
    return json.dumps(asdict(value))


class AskTexts:
    """What jobs ask for, one after another, as their rows keep it. Those of a file share it: it is looked for when it changes."""

    def __init__(self) -> None:
        self._last: tuple[Resources, Policy] | None = None
        self._texts = ("", "")

    def __call__(self, resources: Resources, policy: Policy) -> tuple[str, str]:
        if self._last is None or self._last[0] is not resources or self._last[1] is not policy:
            self._last, self._texts = (resources, policy), (as_json(resources), as_json(policy))
        return self._texts


@lru_cache(maxsize=1024)
def resources_from(text: str) -> Resources:
    """What a job's row says of its resources."""
    return Resources(**_known(Resources, text))


@lru_cache(maxsize=1024)
def policy_from(text: str) -> Policy:
    """What a job's row says of its policy."""
    return Policy(**_known(Policy, text))


def _known(kind: type[Resources | Policy], text: str) -> dict[str, Any]:
    """The fields that we know. Others are from a newer exp-queue, which would have raised the database's format if to neglect
    them did harm."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in json.loads(text).items() if name in names}
