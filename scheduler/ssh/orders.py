"""What a queue has sent to a host, or is to send, and what it knows of the hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.experiments import Resources
from scheduler.queue.asks import resources_from
from scheduler.ssh.line import Line
from scheduler.ssh.mirror import Mirror
from scheduler.ssh.places import Seen


@dataclass
class Sent:
    """An order. `guest`: what is to be started; None: it is only watched, an earlier runner has sent it, or was about to. `kind`:
    as `kind_of` has it; `uses`: what attempts at its experiment have used of GPUs, on whichever machine. `begun`: that it runs
    was told; `stop`, `unwanted`: what was asked for, and is said again over each new line; `passed_over`: files that cannot be
    kept here."""

    order: str
    host: str
    attempt: str
    mirror: Mirror
    guest: dict[str, Any] | None = None
    kind: str = ""
    uses: Sequence[dict[str, Any]] = ()
    begun: bool = False
    stop: dict[str, Any] | None = None
    unwanted: bool = False
    passed_over: set[str] = field(default_factory=set)

    def words(self, home: str) -> list[dict[str, Any]]:
        """All that is to be said of it over a new line. `home`: where the paths of the guest lie here. What has begun is only
        watched: a host that has lost its state directory meanwhile would start it a second time."""
        have = {"order": self.order, "have": self.mirror.sizes()}
        start = {"do": "start", "guest": self.guest, "kind": self.kind, "uses": self.uses, "home": home}
        first = {**(start if self.guest and not self.begun else {"do": "watch"}), **have}
        taken_back = [{"do": "withdraw", "order": self.order}] if self.unwanted else []
        return [first, *([self.stop] if self.stop else []), *taken_back]


@dataclass
class Host:
    """A machine that one can log in to. `line`: to it, where there is one; `up`: whether it has answered over it. `offers`: what
    it has, as it said last; `slots` to `doubtful`: as for `Seen`; `why`: it does not answer, or `refused` us; `errand`: the code
    is being brought to it, and it is not called meanwhile; `due`: when it is tried again; `answer_by`: until when it has time for
    its first word, once it was called. `busy`: the launchers of attempts, and the kinds of those that have not begun; the loop's
    alone."""

    name: str
    line: Line | None = None
    up: bool = False
    offers: dict[str, Any] = field(default_factory=dict)
    slots: int = 0
    taken: int = 0
    not_now: Mapping[str, str] = field(default_factory=dict)
    never: Mapping[Resources, str] = field(default_factory=dict)
    closed: str = ""
    driver: bool = False
    gpus: int = 0
    memory: int = 0
    doubtful: frozenset[str] = frozenset()
    why: str = ""
    refused: bool = False
    was_up: bool = False
    news: bool = False  # whether `why` need be told
    errand: bool = False
    due: float = 0.0
    answer_by: float = 0.0
    tries: int = 0
    busy: dict[str, str | None] = field(default_factory=dict)

    @property
    def starts_nothing(self) -> bool:
        """It answers, and its code is another."""
        return self.up and bool(self.offers.get("differs"))

    @property
    def takes(self) -> bool:
        """Whether orders are sent to it."""
        return self.up and not self.starts_nothing

    @property
    def room(self) -> int:
        """How many attempts it may have at most, with those that it has."""
        return max(self.slots, len(self.busy)) if self.takes else len(self.busy)

    def hear_room(self, said: dict[str, Any]) -> None:
        """What it has room for, as it says."""
        self.slots, self.taken, self.closed = said["slots"], said["taken"], said["closed"]
        self.driver, self.gpus, self.memory = said["driver"], said["gpus"], said["memory"]
        self.not_now, self.never = said["not_now"], _by_resources(said["never"])
        self.doubtful |= self.not_now.keys()

    def seen(self) -> Seen:
        """As it stands now."""
        trying = frozenset(kind for kind in self.busy.values() if kind)
        has = (self.slots, self.taken, len(self.busy), self.driver, self.gpus, self.memory, self.offers["cores"])
        return Seen(self.name, *has, self.not_now, self.never, self.closed, self.doubtful, trying)


def _by_resources(said: dict[str, str]) -> dict[Resources, str]:
    return {resources_from(text): why for text, why in said.items()}
