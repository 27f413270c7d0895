"""What a queue has sent to a host, or is to send, and what it knows of the hosts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scheduler.experiments import Resources
from scheduler.ssh.line import Line
from scheduler.ssh.mirror import Mirror


@dataclass
class Sent:
    """An order. `guest`: what is to be started; None: it is only watched, an earlier runner has sent it, or was about to.
    `begun`: that it runs was told; `stop`, `unwanted`: what was asked for, and is said again over each new line;
    `passed_over`: files that cannot be kept here."""

    order: str
    host: str
    attempt: str
    mirror: Mirror
    guest: dict[str, Any] | None = None
    begun: bool = False
    stop: dict[str, Any] | None = None
    unwanted: bool = False
    passed_over: set[str] = field(default_factory=set)

    def words(self, home: str) -> list[dict[str, Any]]:
        """All that is to be said of it over a new line. `home`: where the paths of the guest lie here."""
        have = {"order": self.order, "have": self.mirror.sizes()}
        first = {"do": "start", "guest": self.guest, "home": home, **have} if self.guest else {"do": "watch", **have}
        taken_back = [{"do": "withdraw", "order": self.order}] if self.unwanted else []
        return [first, *([self.stop] if self.stop else []), *taken_back]


@dataclass
class Host:
    """A machine that one can log in to. `line`: to it, where there is one; `up`: whether it has answered over it. `offers`: what
    it has, as it said last; `why`: it does not answer, or `refused` us; `due`: when it is tried again; `answer_by`: until
    when it has time for its first word, once it was called."""

    name: str
    line: Line | None = None
    up: bool = False
    offers: dict[str, Any] = field(default_factory=dict)
    full: str = ""
    slots: int = 0
    why: str = ""
    refused: bool = False
    was_up: bool = False
    news: bool = False  # whether `why` need be told
    due: float = 0.0
    answer_by: float = 0.0
    tries: int = 0
    busy: set[str] = field(default_factory=set)  # the attempts that it has, or is to have; the loop's alone

    @property
    def starts_nothing(self) -> bool:
        """It answers, and its code is another."""
        return self.up and bool(self.offers.get("differs"))

    @property
    def room(self) -> int:
        """How many attempts it may have now, with those that it has."""
        if not self.up or self.full or self.starts_nothing:
            return len(self.busy)
        return max(self.slots, len(self.busy))

    @property
    def free(self) -> int:
        return self.room - len(self.busy)

    def could_run(self, wanted: Resources) -> bool:
        """Whether it has what such a job asks for, if nobody else used it."""
        return (wanted.gpus or 0) <= self.offers.get("gpus", 0) and (wanted.cpus or 0) <= self.offers.get("cores", 0)
