"""A thread that deals with hosts, so that a slow network keeps no loop: it sends orders, and takes in files and ends. Silence
means nothing: what has become of an order, its host alone says."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from scheduler.launcher.outbox import Outbox
from scheduler.queue.job import Attempt
from scheduler.ssh.errands import Bring, Errands
from scheduler.ssh.heard import ENDS, report_of
from scheduler.ssh.hosts import place_of
from scheduler.ssh.lines import FAREWELL, Lines
from scheduler.ssh.mirror import Mirror
from scheduler.ssh.orders import Host, Sent
from scheduler.ssh.wire import PROTOCOL, Frame

Code = Callable[[], tuple[str, str, str]]
NOBODY: Mapping[str, Bring] = {}


class Clerk:
    """Its methods are of any thread. What it has to say are the reports of launchers, by `reports`, when it is readable; and that
    a host is `away` or `back`, or has other `room`."""

    def __init__(self, home: Path, queue_id: str, code: Code, brings: Mapping[str, Bring] = NOBODY) -> None:
        """`home`: the state directory, for which paths stand that lie below another on a host; `queue_id` tells this queue from
        others there; `code`: the working directory, its commit and what is not committed there; `brings`, by host, what brings
        that there, where it is another; to a host that is not among them nobody does."""
        self._home, self._id, self._code = str(home), queue_id, code
        self._inbox: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._outbox = Outbox()
        self._wake, self._woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._lines = Lines(self)
        self._errands = Errands(brings, lambda name: self._do(partial(self._brought, name)))
        self._lines.watch(self._wake, self._drain)
        self._sent: dict[str, Sent] = {}
        self._to_forget: dict[str, list[str]] = {}  # by host
        self._answered = threading.Condition()
        self._over = False
        self._defect: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="ssh", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._outbox.fileno()

    def reports(self) -> list[dict[str, Any]]:
        """What was to be said since the last call."""
        if self._defect:
            raise self._defect
        return self._outbox.reports()

    def host(self, name: str) -> Host:
        """What is known of it; from now on there is a line to it, as long as it answers."""
        if name not in self._lines.hosts:
            self._lines.host(name)
            self._do(lambda: None)
        return self._lines.hosts[name]

    @property
    def hosts(self) -> list[Host]:
        return list(self._lines.hosts.values())

    def wait_for(self, hosts: Sequence[Host]) -> None:
        """Until each of them has answered, or it is known why not."""
        with self._answered:
            self._answered.wait_for(lambda: self._defect or all(each.up or each.why for each in hosts))

    def send(self, sent: Sent) -> None:
        """Have an order started on its host, whenever there is a line."""
        self._do(partial(self._take, sent))

    def watch(self, attempt: Attempt) -> Host | None:
        """Watch an attempt that an earlier runner has sent to a host, or was about to; None where none has."""
        place = place_of(attempt.launcher)
        if place is None:
            return None
        name, order = place
        host = self.host(name)
        self._do(partial(self._take, Sent(order, name, attempt.name, Mirror(attempt.directory))))
        return host

    def stop(self, attempt: str, state: str, grace: float | None) -> None:
        """Have it stopped; `away` is reported where its host does not answer, which `keeps` it: then it is told when it does."""
        self._do(partial(self._stop, attempt, state, grace))

    def call_back(self) -> None:
        """Take back all that have not started; `dropped` is reported for each."""
        self._do(self._withdraw_all)

    def forget(self, launcher: str) -> None:
        """The end of this order is written down: its host need not keep anything of it."""
        if place := place_of(launcher):
            self._do(partial(self._forget, *place))

    def close(self) -> None:
        """Watch no longer. What runs on the hosts goes on."""
        self._do(self._end)
        self._thread.join()
        for each in (self._wake, self._woken):
            os.close(each)
        self._outbox.close()

    def _do(self, act: Callable[[], object]) -> None:
        self._inbox.put(act)
        with suppress(BlockingIOError):
            os.write(self._woken, b".")

    # In the thread.

    def _run(self) -> None:
        try:
            while not self._over:
                self._turn()
        except Exception as error:  # noqa: BLE001 (a defect of ours: whoever waits for us must hear of it)
            self._defect = error
            self._outbox.tell("", **{"is": "defect"})
            with self._answered:
                self._answered.notify_all()
        self._errands.close()
        self._lines.close()

    def _turn(self) -> None:
        self._lines.keep()
        self._lines.wait()
        with suppress(queue.Empty):
            while True:
                self._inbox.get_nowait()()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake, 4096)

    def _end(self) -> None:
        self._over = True

    def _of(self, host: Host) -> list[Sent]:
        return [each for each in self._sent.values() if each.host == host.name]

    def _tell_of(self, host: Host, text: str) -> None:
        """What concerns all that a host has, in the name of one of them: it need be told once. Of one that has nothing in the
        name of what another has, which could go there as well."""
        for one in (self._of(host) or [*self._sent.values()])[:1]:
            self._outbox.tell(one.attempt, **{"is": "note", "about": "", "text": text})

    def _tell_all(self, host: Host, what: str) -> None:
        for each in self._of(host):
            self._outbox.tell(each.attempt, **{"is": what, "why": host.why})
        self._outbox.tell("", **{"is": what})  # there is other room now
        with self._answered:
            self._answered.notify_all()

    # What is heard of hosts.

    def hello(self) -> dict[str, Any]:
        directory, commit, changes = self._code()
        told = {"directory": directory, "commit": commit, "changes": changes}
        return {"do": "hello", "protocol": PROTOCOL, "queue": self._id, **told}

    def away(self, host: Host) -> None:
        if host.news:
            said = host.why if host.refused else f"does not answer: {host.why}; it is called again"
            self._tell_of(host, f"{host.name} {said}")
        self._tell_all(host, "away")

    def heard(self, host: Host, one: Frame) -> None:
        message, data = one
        what = message["is"]
        if what == "hello":
            self._greet(host, message)
        elif what == "refused":
            host.refused, host.why = True, message["text"]
        elif what == "room":
            host.hear_room(message)
            self._outbox.tell("", **{"is": "room"})
        elif sent := self._sent.get(message["order"]):
            if what in ENDS:
                del self._sent[sent.order]
            if report := report_of(sent, message, data):
                self._outbox.tell(sent.attempt, **report)

    def _greet(self, host: Host, message: dict[str, Any]) -> None:
        """It is there: tell it of all that concerns it; first of all it gets the code, where somebody brings that."""
        if message["differs"]:
            if self._errands.wanted(host.name):
                self._bring_code(host)
                return
            message["differs"] = self._errands.why_not(host.name) or message["differs"]
        back = bool(host.why)
        host.offers = message
        host.hear_room(message)
        host.up, host.why, host.tries, host.refused = True, "", 0, False
        self._lines.answered(host)
        for each in self._of(host):
            self._say_all(each)
        for order in self._to_forget.pop(host.name, []):
            self._lines.say(host, {"do": "forget", "order": order})
        if back:
            but = f", but starts nothing: {message['differs']}" if message["differs"] else ""
            self._tell_of(host, f"{host.name} answers again{but}")
        self._tell_all(host, "back")

    def _bring_code(self, host: Host) -> None:
        """Its line ends before: as long as there is one, no code is put where its jobs start."""
        line, host.errand = self._lines.part_with(host), True

        def hang_up() -> None:
            line.say_good_bye()
            line.close(FAREWELL)

        self._errands.begin(host.name, hang_up)

    def _brought(self, name: str) -> None:
        """Or not: it is called, and says itself which code it has now."""
        host = self._lines.hosts[name]
        self._errands.ended(name)
        host.errand, host.due = False, 0.0

    def _say_all(self, sent: Sent) -> None:
        for word in sent.words(self._home):
            self._lines.say(self._lines.hosts[sent.host], word)

    # What is wished here.

    def _take(self, sent: Sent) -> None:
        if sent.order not in self._sent:
            self._sent[sent.order] = sent
            self._say_all(sent)

    def _stop(self, attempt: str, state: str, grace: float | None) -> None:
        for sent in [each for each in self._sent.values() if each.attempt == attempt]:
            host = self._lines.hosts[sent.host]
            sent.stop = {"do": "stop", "order": sent.order, "state": state, "grace": grace}
            self._lines.say(host, sent.stop)
            if not host.up and host.why:
                self._outbox.tell(attempt, **{"is": "away", "why": host.why, "keeps": host.name})

    def _withdraw_all(self) -> None:
        for each in [each for each in self._sent.values() if not each.begun]:
            each.unwanted = True
            self._lines.say(self._lines.hosts[each.host], {"do": "withdraw", "order": each.order})

    def _forget(self, name: str, order: str) -> None:
        host = self._lines.hosts.get(name)
        if host and host.up:
            self._lines.say(host, {"do": "forget", "order": order})
        else:
            self._to_forget.setdefault(name, []).append(order)
