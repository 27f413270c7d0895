"""From the decision to start a job to its attempt on the way: a claim, a launcher, a record, an order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from weakref import WeakKeyDictionary

from scheduler.failpoints import reach
from scheduler.gpus.claims import Claim
from scheduler.gpus.placement import Refusal
from scheduler.queue import code_rows, origin_rows
from scheduler.queue.changes import Changes
from scheduler.queue.code import Codes
from scheduler.queue.job import Attempt, Job, host_of
from scheduler.queue.origins import Origin, Origins
from scheduler.queue.store import Store
from scheduler.runner.attempts import Ready, Running
from scheduler.runner.devices import Devices
from scheduler.runner.endings import granted
from scheduler.runner.environment import caps
from scheduler.runner.orders import Alikes, order_of
from scheduler.runner.plan import Start, Wait
from scheduler.runner.ports import ports_for
from scheduler.runner.under_way import Supervision
from scheduler.shortage import NotThis, Shortage, is_short, words


class Starts:
    """The steps of a start, in their order; between the last two, what was begun must have reached the disk."""

    def __init__(
        self, store: Store, devices: Devices, jobs: Supervision, grace: float | None, pause: Callable[[str], None]
    ) -> None:
        """`grace`: as the runner takes it; `pause` hears what the machine has no room for now."""
        self._store, self._devices, self._jobs, self._grace, self._codes = store, devices, jobs, grace, Codes()
        self._origins = Origins(self._codes)
        self._known = WeakKeyDictionary[Origin, int]()  # those that are on disk, by number, as long as anybody has them
        self._pause, self._alikes = pause, Alikes(dict(os.environ), caps())

    def claimed(self, starts: Sequence[Start], slots: int) -> tuple[list[Ready], list[Wait]]:
        """The jobs with their claims and launchers, and those whose claim another was quicker to take. `slots` share the cores of
        this machine."""
        self._alikes.forget()
        ready: list[Ready] = []
        refused: list[Wait] = []
        with self.held(ready):
            for start in starts:
                try:
                    found = self._ready(start, self._threads(slots))
                except NotThis as error:
                    found = Refusal(str(error))
                except Shortage as error:
                    self._pause(str(error))
                    break
                except OSError as error:
                    if not is_short(error):
                        raise
                    self._pause(words(error))
                    break
                if isinstance(found, Refusal):
                    refused.append(Wait(start.job, found.sentence))
                else:
                    ready.append(found)
        return ready, refused

    @contextmanager
    def held(self, ready: Iterable[Ready]) -> Iterator[None]:
        """Where this ends with an error, none of these begins: their claims, ports and launchers are free for others, also in a
        process that lives on."""
        try:
            yield
        except BaseException:
            for each in ready:
                each.give_up()
            raise

    def _ready(self, start: Start, threads: int) -> Ready | Refusal:
        """With its claim, its ports and a launcher. OSError or Shortage where there is no room; after any error it holds none."""
        claim = self._take(start) if start.placement else None
        if isinstance(claim, Refusal):
            return claim
        reach("claim-taken")
        with ExitStack() as undone:
            if claim:
                undone.callback(claim.close)
            ready = self._with_launcher(start.job, claim, threads, start.host)
            undone.pop_all()
        return self._with_ports(ready)

    def _with_launcher(self, job: Job, claim: Claim | None, threads: int, host: str) -> Ready:
        """And with its code, which decides about the launcher."""
        kept, code = self._store.surroundings(job), None if job.is_seat else self._codes.of(job.argv, job.cwd)
        driver = self._devices.desk.driver if self._devices.desk and claim else ""
        wish = self._jobs.warmth.wish(job, code.program if code else None, kept, threads)
        key, launch = wish.key if wish else None, lambda: self._jobs.warmth.launch(wish, job) if wish else None
        slot = self._jobs.fleet.choose(job, key, launch, host)
        if job.is_seat:
            origin = None
        elif self._devices.are_elsewhere:
            origin = self._origins.far(job, code, host_of(slot.id))
        else:
            origin = self._origins.of(job, code, kept, driver)
        return Ready(job, slot, claim, code, origin, warm=wish.key if wish else "")

    def _threads(self, slots: int) -> int:
        return max(1, self._devices.cores // slots)

    def _with_ports(self, ready: Ready) -> Ready | Refusal:
        with self.held([ready]):
            ports = ports_for(ready.job, ready.slot, self._store.home)
        if isinstance(ports, Refusal):
            ready.give_up()
            return ports
        return replace(ready, ports=ports) if ports else ready

    def _take(self, start: Start) -> Claim | Refusal:
        assert self._devices.desk  # it has offered the placement
        return self._devices.desk.take(start)

    def begin(self, change: Changes, ready: Ready) -> Attempt | None:
        """Open its attempt; None where somebody else was quicker to begin the job."""
        where = (ready.slot.id, ready.gpus, ready.slot.number, ",".join(map(str, ready.port_numbers)))
        known = (self._code_number(change, ready), self._origin_number(change, ready))
        attempt = change.begin(ready.job, *where, *known, self._devices.home_of(ready.job))
        if attempt and ready.claim and self._devices.desk:
            change.used(granted(attempt, self._devices.desk.used(ready.claim.id)))
        return attempt

    def _code_number(self, change: Changes, ready: Ready) -> int | None:
        if ready.code == self._store.code(ready.job.code):  # as nearly always
            return ready.job.code
        return code_rows.remember(change, ready.code) if ready.code else None

    def _origin_number(self, change: Changes, ready: Ready) -> int | None:
        if ready.origin is None:
            return None
        return self._known.get(ready.origin) or origin_rows.remember(change, ready.origin)

    def hand_over(self, ready: Sequence[Ready], begun: Sequence[Attempt | None], slots: int) -> list[Running]:
        """Send begun attempts to their launchers; `fleet.flush` must follow. `slots` share the cores of this machine."""
        left = deque(ready)
        with self.held(left):
            sent = []
            for attempt in begun:
                sent.append(self._sent(left[0], attempt, slots))
                left.popleft()
        return [each for each in sent if each]

    def _sent(self, ready: Ready, attempt: Attempt | None, slots: int) -> Running | None:
        if attempt is None:
            ready.give_up()
            return None
        if ready.origin and attempt.origin is not None:
            self._known[ready.origin] = attempt.origin
        shared = self._alikes.of(ready, self._store.surroundings(ready.job))
        order = order_of(ready, attempt, shared, self._threads(slots), self.grace_of(ready.job), self._store.home)
        return self._jobs.hand_over(ready, attempt, order)

    def grace_of(self, job: Job) -> float:
        """Seconds from SIGINT to SIGTERM when the job is stopped."""
        return job.policy.grace if self._grace is None else self._grace
