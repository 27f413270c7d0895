"""The code is brought to a host that answers with another, while the run goes on: in a thread of its own, for it may take
minutes, and nobody else is to wait for that."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping

from scheduler.errors import UserError
from scheduler.ssh.bringing import Away

AGAIN = 30.0  # seconds after which it is tried once more where a host has refused: a job may have run there, and be over
DEFECT = "the code could not be brought, for a defect of exp-queue's"

Begun = Callable[[subprocess.Popen], None]
Bring = Callable[[Begun], object]  # to one host; hears of each process that it begins. As `bringing.bring`


class Errands:
    """To several hosts, at most one at a time to each. Its methods are of one thread."""

    def __init__(self, brings: Mapping[str, Bring], over: Callable[[str], None]) -> None:
        """`brings`: by host; to another nothing is ever brought. `over` hears, in another thread, that the one to this host has
        ended."""
        self._brings, self._over = brings, over
        self._under_way: dict[str, _Errand] = {}
        self._refused: dict[str, tuple[str, float]] = {}  # why, and when it is tried again

    def wanted(self, host: str) -> bool:
        """Whether the code is to be brought there now, if it has another."""
        return host in self._brings and self._refused.get(host, ("", 0.0))[1] <= time.monotonic()

    def why_not(self, host: str) -> str:
        """Why it could not be brought; "" where it was, or nobody has tried."""
        return self._refused.get(host, ("", 0.0))[0]

    def begin(self, host: str, before: Callable[[], None]) -> None:
        """Bring it, once `before` was done."""
        self._under_way[host] = _Errand(host, self._brings[host], before, self._over)

    def ended(self, host: str) -> None:
        """Take note of how that to this host has ended."""
        errand = self._under_way.pop(host)
        self._refused.pop(host, None)
        if errand.why:
            self._refused[host] = (errand.why, time.monotonic() + AGAIN)

    def close(self) -> None:
        """Give up what is under way: what has come is not put in its place."""
        for each in self._under_way.values():
            each.give_up()


class _Errand:
    """To one host. `why`: it could not be done, when it has ended; "" also where the host does not answer: whoever calls it next
    hears of that."""

    def __init__(self, host: str, bring: Bring, before: Callable[[], None], over: Callable[[str], None]) -> None:
        self.why = DEFECT
        self._host, self._bring, self._before, self._tell = host, bring, before, over
        self._lock, self._given_up = threading.Lock(), False
        self._processes: list[subprocess.Popen] = []
        self._thread = threading.Thread(target=self._run, name=f"code for {host}", daemon=True)
        self._thread.start()

    def give_up(self) -> None:
        """End what it has begun, and so itself."""
        with self._lock:
            self._given_up = True
            for each in self._processes:
                each.terminate()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._before()
            self._bring(self._begun)
            self.why = ""
        except Away:
            self.why = ""
        except (UserError, OSError) as error:
            self.why = str(error).removeprefix(f"{self._host}: ")
        finally:
            self._tell(self._host)

    def _begun(self, process: subprocess.Popen) -> None:
        with self._lock:
            self._processes.append(process)
            if self._given_up:
                process.terminate()
