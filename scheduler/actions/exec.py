"""One command in the foreground of a terminal, under a claim, until its whole tree is gone: what `exp-queue exec` does.

The command stays in our process group, so the terminal treats both as one: Ctrl-C and Ctrl-Z reach both, and it may read
the keyboard. What somebody sends to us alone (`kill PID`) is forwarded. We are a child subreaper: processes that leave
the group, or close the claim's descriptor, are still ours, and our copy of the claim lives until the last is gone.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager

from scheduler.errors import StateError, UserError
from scheduler.gpus.claims import Claim
from scheduler.gpus.ports import Ports, port_folder, take_ports, variables
from scheduler.home import default_root, open_home
from scheduler.launcher.leftovers import Care, Leftovers
from scheduler.launcher.spawning import missing_interpreter
from scheduler.launcher.tree import Tree
from scheduler.linux import parents
from scheduler.shortage import is_short, words
from scheduler.values import dataclass

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
FROM_KERNEL = 0x80  # si_code SI_KERNEL: the terminal sent it, to the whole group, so the command has it already
TRY_EVERY = 1.0  # to start the command, where the machine has no room for a process
LOOK_EVERY = 30.0  # at the claim's file; the kernel wakes us for everything else
USUAL = Care()


class CannotStart(UserError):
    """The command is not there (127) or cannot be executed (126), as env(1) and nohup(1) have it."""

    def __init__(self, program: str, error: OSError) -> None:
        missing = missing_interpreter(program) if isinstance(error, FileNotFoundError) else ""
        why = f"the interpreter in its first line, {missing!r}, is not there" if missing else error.strerror
        super().__init__(f"cannot start {program!r}: {why}")
        self.exit_status = 127 if isinstance(error, FileNotFoundError) else 126


def supervise(
    argv: Sequence[str],
    environment: Mapping[str, str],
    say: Callable[[str], None],
    claim: Claim | None = None,
    care: Care = USUAL,
) -> int:
    """The exit status of the command, negative for the signal that ended it, once no process of it is left.

    `say` hears of processes that the command leaves behind; a Ctrl-C or SIGTERM then ends them. Where the machine has no room
    for a process now, it waits until there is, or until such a signal comes: then the status is that signal's. CannotStart if
    there is no such program.
    """
    parents.become_subreaper()
    # A shell's `&` and `nohup` have set some to be ignored: that wish stays.
    heard = {number for number in FORWARDED if signal.getsignal(number) is not signal.SIG_IGN}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*heard, signal.SIGCHLD})
    try:
        main = _started(lambda: _spawned(argv, environment, before), argv[0], heard, say)
        return main.number if isinstance(main, _Refused) else _Supervision(main, heard, say, claim, care).wait()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def holding_ports(count: int | None, environment: MutableMapping[str, str]) -> Iterator[None]:
    """Hold `count` ports for the command, which inherits them, and name them in its `environment`. None: it does not ask for any,
    so it gets one if there is one to be had, or keeps that of the job that it belongs to. StateError: there are none."""
    found = None
    if count or not environment.get("EXP_QUEUE_PORT"):
        found = _ports(count)
    if found is None:
        yield
        return
    with found:
        os.set_inheritable(found.fd, True)
        told = variables(found.numbers, asked=bool(count), address=environment.get("MASTER_ADDR"))
        environment.update({name: value for name, value in told.items() if value is not None})
        yield


def _ports(count: int | None) -> Ports | None:
    try:
        root = open_home().root if count else default_root()
        return take_ports(port_folder(root), count or 1)
    except (StateError, OSError) as error:
        if not count:
            return None
        if isinstance(error, OSError):
            raise StateError(f"no port can be held: {words(error)}") from error
        raise


def _spawned(argv: Sequence[str], environment: Mapping[str, str], mask: set) -> int:
    """The pid of the new process. It inherits every inheritable descriptor, as it would from a shell."""
    if not argv[0]:  # Python refuses it before the kernel could
        raise CannotStart(argv[0], FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    try:
        return os.posix_spawnp(
            argv[0], list(argv), dict(environment), setsigmask=mask, setsigdef=(signal.SIGPIPE, signal.SIGXFSZ)
        )
    except OSError as error:
        if is_short(error):
            raise
        raise CannotStart(argv[0], error) from error


@dataclass(frozen=True)
class _Refused:
    """A signal came before the command could be started; `number` is negative, as a status."""

    number: int


def _started(spawn: Callable[[], int], name: str, heard: set[signal.Signals], say: Callable[[str], None]) -> int | _Refused:
    told = False
    while True:
        try:
            return spawn()
        except OSError as error:
            if not told:
                say(f"cannot start {name!r} for now: {words(error)}; trying again every second, Ctrl-C leaves")
            told = True
        arrived = signal.sigtimedwait(heard & set(ENDING), TRY_EVERY)
        if arrived:
            return _Refused(-arrived.si_signo)


class _Supervision:
    """The wait for the end of a command that has the process id `main`, and of all that it leaves behind."""

    def __init__(
        self, main: int, heard: set[signal.Signals], say: Callable[[str], None], claim: Claim | None, care: Care
    ) -> None:
        self._main, self._heard, self._say, self._claim, self._care = main, heard, say, claim, care
        self._tree = Tree(care, say, introduce=_introduced)
        self._tree.main = main
        self._look_at = time.monotonic() + LOOK_EVERY

    def wait(self) -> int:
        """The exit status of the command, once nothing is left."""
        while not self._tree.gone:
            due = max(0.0, min(self._look_at, self._tree.due) - time.monotonic())
            arrived = signal.sigtimedwait({*self._heard, signal.SIGCHLD}, due)
            if arrived and arrived.si_signo != signal.SIGCHLD:
                self._heed(signal.Signals(arrived.si_signo), arrived.si_code == FROM_KERNEL)
            self._tree.reap()
            self._tree.tick(time.monotonic())
            self._look_at_claim(time.monotonic())
        assert self._tree.status is not None
        return self._tree.status

    def _heed(self, number: signal.Signals, from_kernel: bool) -> None:
        if from_kernel and self._tree.status is None:
            return
        self._tree.reap()  # what is for us alone and comes with the command's end is for what it has left behind
        if self._tree.status is None:
            os.kill(self._main, number)  # not reaped yet, so the pid is still its own
        elif number in ENDING and not self._tree.gone:
            self._tree.end_leftovers("", time.monotonic(), self._care.grace)

    def _look_at_claim(self, now: float) -> None:
        """Say, once, that the claim is not seen any more."""
        if self._look_at > now:
            return
        self._look_at = now + LOOK_EVERY
        if self._claim and self._claim.deleted:
            self._say(f"{self._claim.path} was deleted: others cannot see this claim any more, only the memory it uses")
            self._claim = None


def _introduced(left: Leftovers, status: int) -> str:
    return f"{left.introduced(status, 'command', 'exec waits')}. Ctrl-C ends them"
