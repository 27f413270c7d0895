"""A sweep of a W&B server as a plan of ours: its command and its space come from its configuration, its points
from the server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from scheduler.errors import UserError
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.document import yaml_reader
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.sweeps.files.sweep_file import KEYS
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.sweep import SweepPlan, plan_of
from scheduler.sweeps.trials import Point
from scheduler.values import dataclass
from scheduler.wandb_agent.account import Address

NOWHERE = Address("", "", "")
LOCAL = ("early_terminate", "run_cap")  # what of a sweep file is the server's to follow


@dataclass(frozen=True)
class ServerPlan(SweepPlan):
    """`url`: the server that has it; `origin`: from which file it was registered there, "" if by somebody else."""

    url: str = ""
    address: Address = NOWHERE
    origin: str = ""

    @property
    def chooser(self) -> str:
        return f"the W&B server at {self.url}"

    @property
    def needs_metric(self) -> bool:
        """The server reads what it compares itself."""
        return False

    def key(self, cwd: str) -> str:
        """It is the same sweep wherever it is joined."""
        return hashlib.sha256(json.dumps(["wandb", self.url, str(self.address)]).encode()).hexdigest()

    def remembered(self, cwd: str, pruner: str) -> str:
        kept = json.loads(super().remembered(cwd, pruner))
        del kept["kin"]  # no sweep of ours goes on as this one
        return json.dumps({**kept, "server": {"url": self.url, "address": str(self.address), "origin": self.origin}})

    def point_of(self, values: Mapping[str, Any]) -> Point:
        """A point as the server sends it, among our parameters. UserError where it has what the configuration has not."""
        found = tuple(_at(values, parameter.path) for parameter in self.parameters)
        if self.nested(found) != values:
            what = f"the server asks for {json.dumps(values)}, which is no point of the configuration that it had"
            raise UserError(what, next_step="the same command again reads the configuration anew")
        return found


def at_server(plan: SweepPlan, url: str, address: Address, origin: str = "") -> ServerPlan:
    """The plan, for a sweep that this server decides about."""
    given = {each.name: getattr(plan, each.name) for each in fields(SweepPlan)}
    given["sweep"] = replace(plan.sweep, early_terminate=None, run_cap=None)
    return ServerPlan(**given, url=url, address=address, origin=origin)


def plan_from_config(text: str, url: str, address: Address, asked: Asked, limits: Limits = DEFAULT) -> ServerPlan:
    """The plan of a sweep that is at the server already. UserError where it cannot be computed here."""
    value, mark = yaml_reader.parse(text, str(address), limits)
    if not isinstance(value, dict):
        raise UserError(f"the configuration of {address} cannot be read", next_step="see its page at the server")
    # How points are chosen is the server's business, and a newer one may know more keys and ways than we do.
    kept = {key: each for key, each in value.items() if key in KEYS and key not in LOCAL and each != ""}
    kept["method"] = "random"  # which asks the least of a file
    if isinstance(kept.get("metric"), dict) and not kept["metric"].get("name"):
        del kept["metric"]
    document = Document(str(address), kept, lambda: mark, interpolates=True, limits=limits, text=text)
    plan = plan_of(document, (), asked, limits)
    method = str(value.get("method") or "unknown")
    return at_server(replace(plan, sweep=replace(plan.sweep, method=method)), url, address)


def _at(values: Mapping[str, Any], path: tuple[str, ...]) -> object:
    found: Any = values
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return ABSENT
        found = found[name]
    return found
