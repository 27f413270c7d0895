"""Compute the trials of a sweep that a W&B server decides about."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from scheduler.actions.drive import Tell, Terms
from scheduler.actions.notices import Said, SweepOpened
from scheduler.actions.sweep import Swept, budget_of, tried_out
from scheduler.actions.trials import standing
from scheduler.errors import UserError
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.document.limits import Limits
from scheduler.queue.here import Here
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.trials import newest_sweeps
from scheduler.runner.devices import Devices
from scheduler.sweeps.engine.evidence import NO_EVIDENCE
from scheduler.sweeps.engine.live_trials import Book, open_sweep
from scheduler.sweeps.stopping.rules import SERVER
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.wishes import Wishes
from scheduler.values import dataclass
from scheduler.wandb_agent.account import Account, Address, account_of
from scheduler.wandb_agent.heartbeats import Heartbeats
from scheduler.wandb_agent.plan import NOWHERE, ServerPlan, at_server, plan_from_config
from scheduler.wandb_agent.run_environment import is_of, origin_of
from scheduler.wandb_agent.server import Gone, HttpServer, Unanswered
from scheduler.wandb_agent.source import ServerSource


def joined(name: str, asked: Asked, limits: Limits) -> ServerPlan:
    """The plan of a sweep that is at the server: ENTITY/PROJECT/ID, or less where the settings say the rest. UserError where it
    is not there, or the server does not answer."""
    account = account_of(os.environ)
    address = account.address(name)
    try:
        found = HttpServer(account).sweep(address)
    except Unanswered as error:
        raise _no_answer(account, error) from None
    if found is None:
        next_step = "its page shows ENTITY/PROJECT/ID; with a file, `exp-queue sweep FILE --backend wandb` makes one"
        raise UserError(f"the W&B server at {account.url} has no sweep {address}", next_step=next_step)
    return plan_from_config(found.config, account.url, address, asked, limits)


def registered(
    store: Store, plan: SweepPlan, written: object, directory: str, say: Callable[[str], None], *, again: bool
) -> ServerPlan:
    """The sweep of a plan at the server: the one that it is of already, or the one that was registered from just this file
    before, else, or with `again`, a new one. `written`: what the file says."""
    if isinstance(plan, ServerPlan):
        return plan
    account = account_of(os.environ)
    text = _text(written)
    origin = origin_of(Path(plan.path), Path(directory), text)
    before = None if again else _registered_before(store, account, origin)
    if before:
        return at_server(plan, account.url, account.address(before), origin)
    top = written if isinstance(written, dict) else {}
    whose = (str(top.get("entity") or account.entity), str(top.get("project") or account.project))
    try:
        address, warnings = HttpServer(account).register(text, *whose)
    except (Unanswered, Gone) as error:
        raise _no_answer(account, error) from None
    for warning in warnings:
        say(f"the W&B server says of {plan.path}: {warning}")
    say(f"the sweep is {address} at the W&B server: {account.page(address)}")
    return at_server(plan, account.url, address, origin)


@dataclass(frozen=True)
class Foreseen:
    """What would be computed: a sweep at its `address`, None where it would become one there only then; `trials`: how many of it
    were computed here before."""

    plan: ServerPlan
    address: Address | None
    trials: int = 0


def foreseen(store: Store | None, plan: SweepPlan, written: object, directory: str, *, again: bool) -> Foreseen:
    """What `begun` would go on with or begin. The server is not asked. `store`: None where there is no queue yet. UserError where
    there is no key."""
    if isinstance(plan, ServerPlan):
        return Foreseen(plan, plan.address, _trials_of(store, plan, directory))
    account = account_of(os.environ)
    origin = origin_of(Path(plan.path), Path(directory), _text(written))
    before = _registered_before(store, account, origin) if store and not again else ""
    address = account.address(before) if before else None
    there = at_server(plan, account.url, address or NOWHERE, origin)
    return Foreseen(there, address, _trials_of(store, there, directory) if before else 0)


def _trials_of(store: Store | None, plan: ServerPlan, directory: str) -> int:
    before = standing(store, plan, directory) if store else None
    return before.total if before else 0


def begun(
    written: object,
    say: Callable[[str], None],
    store: Store,
    plan: SweepPlan,
    devices: Devices,
    directory: str,
    terms: Terms,
    wishes: Wishes,
    tell: Tell,
) -> Swept:
    """As `sweep`, of a plan that may not be at the server yet: then it becomes a sweep there first; see `registered`."""
    there = registered(store, plan, written, directory, say, again=wishes.again)
    return sweep(store, there, devices, directory, terms, wishes, tell)


def sweep(
    store: Store,
    plan: ServerPlan,
    devices: Devices,
    directory: str,
    terms: Terms,
    wishes: Wishes,
    tell: Tell,
    heartbeats: Heartbeats | None = None,
) -> Swept:
    """Compute what the server wants until it has no more; goes on with the trials of an earlier command. `heartbeats`: None for
    those to the server that the plan names."""
    heartbeats = heartbeats or Heartbeats(HttpServer(replace(account_of(os.environ), url=plan.url)), plan.address)
    budget = replace(budget_of(plan, wishes), cap=None, target=None)
    record, new = open_sweep(store, plan, directory, SERVER, again=False, seed=0)
    book = Book(store, plan, record)
    _renew(store, book, directory)

    def say(text: str) -> None:
        tell(Said(text))

    tell(SweepOpened(plan, book, budget, SERVER, new, 0, book.aged(), NO_EVIDENCE, learns=False))
    devices.expect([plan])
    tell(terms.driving(devices))
    mine = Mine(store, book.unfinished())
    source = ServerSource(mine, plan, book, heartbeats, budget, say, lambda: devices.room(plan.resources))
    return tried_out(mine, plan, book, source, devices, terms, tell)


def _text(value: object) -> str:
    """A configuration as W&B's servers read it: YAML 1.1, in which numbers such as 1e-5 are texts unless they are written out."""
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False)
    return text


def _registered_before(store: Store, account: Account, origin: str) -> str:
    """Where the last sweep of this file is at this server; "" where there is none."""
    configs = (json.loads(each.config) for each in newest_sweeps(store))
    return next((str(each["server"]["address"]) for each in configs if is_of(each, account.url, origin)), "")


def _renew(store: Store, book: Book, directory: str) -> None:
    """Trials that are not over take the environment of whoever joins the sweep now."""
    unfinished = book.unfinished()
    with store.change() as change:
        Here(change, directory).renew((job.number, job.argv, job.policy) for job in unfinished)


def _no_answer(account: Account, error: Exception) -> UserError:
    next_step = "WANDB_BASE_URL names the server, WANDB_API_KEY or `wandb login` the key"
    return UserError(f"the W&B server at {account.url} does not answer: {error or 'not found'}", next_step=next_step)
