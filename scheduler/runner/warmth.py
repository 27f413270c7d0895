"""The interpreters that a runner keeps warm: which job is forked from which, when one is begun, and when it is let go."""

from __future__ import annotations

import os
from collections.abc import Callable

from scheduler.launcher.client import Launch
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Job
from scheduler.queue.surroundings import Surroundings
from scheduler.runner.environment import lasting_environment
from scheduler.runner.notices import Cold, Notice, Warm
from scheduler.shortage import is_short
from scheduler.warm.client import Mother, Ready, Refused, Wish
from scheduler.warm.command import behind_env, program_of
from scheduler.warm.worth import MOST, Worth

COLD = "EXP_QUEUE_COLD"  # set: every job starts from nothing


class Warmth:
    """Nothing here is needed: whatever goes wrong with an interpreter, its jobs start cold."""

    def __init__(self, wakeups: Wakeups, tell: Callable[[Notice], None], *, many: bool) -> None:
        """`many`: whether the jobs are so many that it may pay."""
        self._wakeups, self._tell, self._worth = wakeups, tell, Worth(many=many)
        self._many, self._is_off = many, bool(os.environ.get(COLD))
        self._mothers: dict[str, Mother] = {}
        self._ready: set[str] = set()  # those that were told of
        self._inherited = dict(os.environ)

    def wish(self, job: Job, program: str | None, kept: Surroundings, threads: int) -> Wish | None:
        """The interpreter that the job could be forked from; None: it starts cold. `program`, `threads`: as for
        `child_environment`."""
        wished = job.policy.warm
        if self._is_off or job.is_seat or wished is False or (wished is None and not self._many):
            return None
        found = program_of(job.argv)
        if found is None:
            return None
        environment = lasting_environment(job, program, self._inherited, kept, threads=threads)
        return Wish(behind_env(job.argv)[0], found, job.cwd, environment, None if isinstance(wished, bool | None) else wished)

    def launch(self, wish: Wish, job: Job) -> Launch | None:
        """How a launcher is begun that can fork such jobs; None where none can, or where it would not pay."""
        key, wished = wish.key, job.policy.warm
        if not self._worth.wants(key, None if wished is None else bool(wished)):
            return None
        self._worth.of(key).is_asked = bool(wished)
        if key not in self._mothers and len(self._mothers) < MOST:
            self._begin(wish)
        mother = self._mothers.get(key)
        return mother.launch if mother else None

    def _begin(self, wish: Wish) -> None:
        record = self._worth.of(wish.key)
        try:
            mother = Mother(wish, self._inherited, record.without, self._news)
        except OSError as error:
            record.refused = not is_short(error)  # its jobs will say what is wrong
            return
        self._mothers[wish.key] = mother
        self._wakeups.watch(mother, mother.hear)

    def _news(self, mother: Mother) -> None:
        wish, record = mother.wish, self._worth.of(mother.wish.key)
        if isinstance(mother.state, Ready) and wish.key not in self._ready:
            self._ready.add(wish.key)
            self._judge(wish, mother.state)
        if not mother.there or (record.refused and not mother.is_asked):
            record.deaths += mother.failed
            self._forget(mother)
            if isinstance(mother.state, Refused):
                self._refused(wish, mother.state)

    def _judge(self, wish: Wish, state: Ready) -> None:
        if not self._worth.pays(wish.key, state.seconds):
            self._worth.of(wish.key).refused = True
        else:
            self._tell(Warm(wish.words, state.modules, state.seconds, state.bytes))

    def _refused(self, wish: Wish, state: Refused) -> None:
        record = self._worth.of(wish.key)
        if state.package and state.package not in record.without and wish.modules is None:
            record.without = (*record.without, state.package)
            return
        record.refused = True
        self._tell(Cold(wish.words, state.why))

    def _forget(self, mother: Mother) -> None:
        if self._mothers.pop(mother.wish.key, None):
            self._ready.discard(mother.wish.key)
            self._wakeups.forget(mother)
            mother.close()

    def died(self, key: str) -> None:
        """A launcher that was forked for it is gone before its job was over."""
        self._worth.of(key).deaths += 1

    def ended(self, key: str, seconds: float) -> None:
        """A job that could have been forked from it has succeeded."""
        self._worth.ended(key, seconds)

    def leave(self) -> None:
        """Let all of them go; launchers go on."""
        for mother in list(self._mothers.values()):
            self._forget(mother)
