"""What a job asks for, resources and policy, as its row keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

from scheduler.experiments import Policy, Resources

_text = json.JSONEncoder().encode


def command_as_json(argv: Iterable[str]) -> str:
    """As `json.dumps` writes it, which takes three times as long: it makes an encoder for each list."""
    return f"[{', '.join(map(_text, argv))}]"


@lru_cache(maxsize=1024)
def as_json(value: Resources | Policy) -> str:
    """All experiments of a file share theirs."""
    return json.dumps(asdict(value))


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
