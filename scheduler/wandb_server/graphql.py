"""One request of GraphQL, as W&B's clients send it: the name of the operation and its variables. Pure.

The text of the query is not read beyond the operation's name: what is answered has all fields that any version asks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from scheduler.values import dataclass

_NAME = re.compile(r"^\s*(?:#[^\n]*\n\s*)*(?:query|mutation)\s+(\w+)", re.M)


class Refused(Exception):
    """What is asked for cannot be; its text is for the person before the client. `status`: of HTTP."""

    def __init__(self, what: str, status: int = 200) -> None:
        self.status = status
        super().__init__(what)


@dataclass(frozen=True)
class Asked:
    """An operation, with its variables. `attempt`: the run id of the attempt of ours that asks; "": somebody else."""

    operation: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    attempt: str = ""

    @property
    def inner(self) -> Asked:
        """The same with the variables of its `input`, where it has one: wandb before 0.19 names them all beside one another."""
        given = self.variables.get("input")
        return Asked(self.operation, given, self.attempt) if isinstance(given, dict) else self

    def text(self, *names: str) -> str:
        """The first of these variables that is a text and not empty; "" without any."""
        for name in names:
            found = self.variables.get(name)
            if isinstance(found, str) and found:
                return found
        return ""


def read(body: bytes, attempt: str = "") -> Asked:
    """Refused for what is no request."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("this is no request of GraphQL: it is no JSON", 400) from None
    query = found.get("query") if isinstance(found, dict) else None
    if not isinstance(query, str):
        raise Refused('this is no request of GraphQL: it has no "query"', 400)
    named = found.get("operationName") or (match[1] if (match := _NAME.search(query)) else "")
    variables = found.get("variables")
    return Asked(str(named), variables if isinstance(variables, dict) else {}, attempt)
