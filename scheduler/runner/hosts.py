"""What other machines offer to a runner over ssh: each gives jobs their places by its own claims, so nothing is counted here."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from scheduler.errors import StateError
from scheduler.experiments import Resources
from scheduler.experiments.asks import Asks
from scheduler.home import Home, open_home
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.checkout import checkout_of
from scheduler.queue.job import Job
from scheduler.runner.gpu_view import History
from scheduler.runner.other_machines import NO_PORTS, OtherMachines
from scheduler.ssh.bringing import Away, bring
from scheduler.ssh.clerk import NOBODY, Clerk, Code
from scheduler.ssh.errands import Begun, Bring
from scheduler.ssh.fleet import SshFleet
from scheduler.ssh.hosts import named
from scheduler.ssh.orders import Host
from scheduler.ssh.places import HostsNow
from scheduler.ssh.same_code import code_at
from scheduler.ssh.tree import Tree, tree_around

QUEUE_ID = "queue-id"
_CALLED = {"gpus": "GPUs", "cores": "CPU cores"}


class OnHosts(OtherMachines):
    """Machines that one can log in to, by their names; at least one answers when this is made. What runs there is the code around
    one directory: of no other anybody has compared it."""

    def __init__(self, clerk: Clerk, names: Sequence[str], directory: str) -> None:
        super().__init__("")
        self._clerk, self._names, self._directory = clerk, names, directory
        self._history: History = {}
        self._compared: dict[str, bool] = {directory: True}  # whether the code of a directory is that of this one

    @property
    def _hosts(self) -> list[Host]:
        return [self._clerk.host(name) for name in self._names]

    @property
    def on(self) -> str:
        return f"ssh:{','.join(self._names)}"

    @property
    def there(self) -> str:
        return f"on {named(self._names, 'or')}"

    @property
    def default_slots(self) -> int:
        """As many as those have that take any, and what the others may be running."""
        return sum(host.slots if host.takes else len(host.busy) for host in self._hosts)

    @property
    def note(self) -> str:
        """What each of them has; those that have no GPU and of which the same is said, together."""
        called: dict[tuple[str, str], list[str]] = {}
        for host in self._hosts:
            called.setdefault((_state_of(host), host.name if host.gpus else ""), []).append(host.name)
        return "; ".join(f"{named(names)}: {state}" for (state, _), names in called.items())

    @property
    def learns(self) -> bool:
        return True

    def places(self, history: History) -> HostsNow:
        self._history = history
        return HostsNow(tuple(host.seen() for host in self._hosts if host.takes), history)

    def fleet(self, wakeups: Wakeups, heard: Callable[[dict[str, Any]], None]) -> SshFleet:
        return SshFleet(self._clerk, self._names, wakeups, heard, lambda job: self._history.get(job.experiment, ()))

    def kind(self, asks: Asks) -> Hashable:
        return asks.resources, bool(asks.policy.ports), asks.cwd if isinstance(asks, Job) else ""

    def never(self, asks: Asks) -> str:
        """Of a host that does not answer nothing is said to be impossible."""
        if asks.policy.ports:
            return NO_PORTS
        if isinstance(asks, Job) and not self._has_its_code(asks.cwd):
            return f"it starts in {asks.cwd}, and the code that the hosts were compared with is the one in {self._directory}"
        return self._too_much(asks.resources)

    def _too_much(self, resources: Resources) -> str:
        if not all(host.up for host in self._hosts):
            return ""
        seen = [host.seen() for host in self._hosts]
        if any(each.could_run(resources) for each in seen):
            return ""
        for wanted, what in ((resources.gpus, "gpus"), (resources.cpus, "cores")):
            most = max(seen, key=lambda each: getattr(each, what))
            if wanted and wanted > (there := getattr(most, what)):
                return f"it asks for {wanted} {_CALLED[what]}, and no host has more than {there} ({most.name})"
        reasons = {host.name: host.never.get(resources) or _blindness_of(host) for host in self._hosts}
        return "; ".join(f"{name}: {why}" for name, why in reasons.items() if why)

    @property
    def edition(self) -> object:
        return [(host.up, host.gpus, *host.never) for host in self._hosts]

    def _has_its_code(self, directory: str) -> bool:
        """Whether that is the directory, or one in the same checkout."""
        if directory not in self._compared:
            self._compared[directory] = _place_of(directory) == _place_of(self._directory)
        return self._compared[directory]

    def close(self) -> None:
        self._clerk.close()


def open_hosts(names: Sequence[str], directory: str, tree: Tree | None = None) -> OnHosts:
    """These hosts, for jobs that are asked for in `directory`. StateError where none of them answers, or one refuses: its code
    or its exp-queue is another, or nobody knows its code. Who does not answer is called again, and told of the code as it is
    then; with `tree`, who then has another is brought that."""
    brings = {name: partial(_bring_late, tree, name) for name in names} if tree else NOBODY
    clerk = clerk_of(open_home(), _code_in(directory), brings)
    hosts = [clerk.host(name) for name in names]
    try:
        clerk.wait_for(hosts)
        _refuse(hosts)
    except BaseException:
        clerk.close()
        raise
    return OnHosts(clerk, names, directory)


def bring_code(names: Sequence[str], directory: str, say: Callable[[str], None]) -> Tree:
    """Have the hosts have the code around `directory` under the same path; returns that. StateError where one refuses; of one
    that does not answer only `say` hears: its code is compared when it does."""
    tree = tree_around(directory, open_home().root)
    for name in names:
        try:
            say(f"{name}: {bring(name, tree)}")
        except Away as error:
            say(f"{name} does not answer, and was brought no code: {error}")
    return tree


def _bring_late(tree: Tree, name: str, begun: Begun) -> None:
    """To a host that was away. StateError also where the code here is no more that of the others: a run computes with one code.
    What is no code, but lies beside it, may have changed: a log of this very run, say."""
    now = tree_around(tree.directory, open_home().root)
    if (now.commit, now.changes) != (tree.commit, tree.changes):
        what = f"the code of {tree.directory} has changed here since it was brought to the other hosts"
        raise StateError(what, next_step="the next run with `--sync` brings the new one")
    bring(name, now, begun)


def _code_in(directory: str) -> Callable[[], tuple[str, str, str]]:
    """Tells the code there as it is when it is asked: where the folder is shared, a commit of the meantime is over there, too.
    StateError where nobody knows it at first; later it is what it was then."""
    known = (directory, *code_at(directory))

    def now() -> tuple[str, str, str]:
        nonlocal known
        with suppress(StateError):
            known = (directory, *code_at(directory))
        return known

    return now


def clerk_of(home: Home, code: Code = lambda: ("", "", ""), brings: Mapping[str, Bring] = NOBODY) -> Clerk:
    """Who speaks with hosts for the queue in this state directory."""
    return Clerk(home.root, _queue_id(home.root), code, brings)


def _queue_id(root: Path) -> str:
    """What tells this queue from all others on a host: the first that anybody has written, for orders lie there under it."""
    path, new = root / QUEUE_ID, root / f"{QUEUE_ID}.{secrets.token_hex(4)}"
    if not path.exists():
        new.write_text(secrets.token_hex(8), encoding="utf-8")
        with suppress(FileExistsError):  # another process may have written its own meanwhile, and have used it already
            os.link(new, path)
        new.unlink()
    return path.read_text(encoding="utf-8")


def _state_of(host: Host) -> str:
    """What it offers, or why it starts nothing: its code may have become another since the run began. Who is called again to see
    whether it still is has said nothing new meanwhile. Of one that was there and is away now the clerk tells the reason."""
    if not host.offers:
        return f"does not answer ({host.why})" if host.why else "does not answer"
    return "does not answer" if host.why else host.offers["differs"] or host.offers["note"]


def _blindness_of(host: Host) -> str:
    """Why it runs nothing but what says that it needs no GPU; "" where that is not so."""
    return host.offers["note"] if host.driver and not host.gpus else ""


def _place_of(directory: str) -> str:
    """The checkout that it is in; itself where it is in none."""
    real = os.path.realpath(directory)
    found = checkout_of(real)
    return found[0] if found else real


def _refuse(hosts: Sequence[Host]) -> None:
    for host in hosts:
        if why := host.why if host.refused else host.offers.get("differs"):
            raise StateError(f"{host.name}: {why}", next_step=f"or leave {host.name} out")
    if not any(host.up for host in hosts):
        why = "; ".join(f"{host.name}: {host.why}" for host in hosts)
        raise StateError(f"no host answers: {why}", next_step=f"try `ssh {hosts[0].name} true`, which must ask for nothing")
