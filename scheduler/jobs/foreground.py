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
from collections.abc import Callable, Mapping, Sequence

from scheduler.errors import UserError
from scheduler.gpus.claims import Claim
from scheduler.jobs import tree
from scheduler.jobs.spawning import missing_interpreter

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
FROM_KERNEL = 0x80  # si_code SI_KERNEL: the terminal sent it, to the whole group, so the command has it already
LEFTOVERS_AFTER = 1.0
GRACE = 5.0
KILL_EVERY = 0.1
LOOK_EVERY = 30.0  # at the claim's file; the kernel wakes us for everything else


class CannotStart(UserError):
    """The command is not there (127) or cannot be executed (126), as env(1) and nohup(1) have it."""

    def __init__(self, program: str, error: OSError) -> None:
        missing = missing_interpreter(program) if isinstance(error, FileNotFoundError) else ""
        why = f"the interpreter in its first line, {missing!r}, is not there" if missing else error.strerror
        super().__init__(f"cannot start {program!r}: {why}")
        self.exit_status = 127 if isinstance(error, FileNotFoundError) else 126


def supervise(argv: Sequence[str], environment: Mapping[str, str], say: Callable[[str], None], claim: Claim | None = None) -> int:
    """The exit status of the command, negative for the signal that ended it, once no process of it is left.

    `say` hears of processes that the command leaves behind; a Ctrl-C or SIGTERM then ends them. CannotStart if there
    is no such program.
    """
    tree.become_subreaper()
    # A shell's `&` and `nohup` have set some to be ignored: that wish stays.
    heard = {number for number in FORWARDED if signal.getsignal(number) is not signal.SIG_IGN}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*heard, signal.SIGCHLD})
    try:
        return _Supervision(_spawned(argv, environment, before), heard, say, claim).run()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_of(number: int) -> int:
    """End this process by a signal, without a core file, so that a shell sees what the command died of. Returns 128 +
    `number`, for the caller to leave with, if the signal does not end it."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return 128 + number


def _spawned(argv: Sequence[str], environment: Mapping[str, str], mask: set) -> int:
    """The pid of the new process. It inherits every inheritable descriptor, as it would from a shell."""
    if not argv[0]:  # Python refuses it before the kernel could
        raise CannotStart(argv[0], FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    try:
        return os.posix_spawnp(
            argv[0], list(argv), dict(environment), setsigmask=mask, setsigdef=(signal.SIGPIPE, signal.SIGXFSZ)
        )
    except OSError as error:
        raise CannotStart(argv[0], error) from error


class _Supervision:
    """The wait for the end. `_status` is known when the command itself is over, `_gone` says that nothing is left."""

    def __init__(self, main: int, heard: set[signal.Signals], say: Callable[[str], None], claim: Claim | None) -> None:
        self._main, self._heard, self._say, self._claim = main, heard, say, claim
        self._status: int | None = None
        self._gone = self._told = self._warned = False
        self._look_at = time.monotonic() + LOOK_EVERY
        self._kill_at = float("inf")

    def run(self) -> int:
        while not self._gone:
            due = max(0.0, min(self._look_at, self._kill_at) - time.monotonic())
            arrived = signal.sigtimedwait({*self._heard, signal.SIGCHLD}, due)
            if arrived is None:
                self._look()
            elif arrived.si_signo == signal.SIGCHLD:
                self._reap()
            else:
                self._heed(arrived)
        assert self._status is not None
        return self._status

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
            except ChildProcessError:
                self._gone = True
                return
            if ended is None:
                return
            if ended.si_pid == self._main:
                self._status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                self._look_at = time.monotonic() + LEFTOVERS_AFTER

    def _heed(self, arrived: signal.struct_siginfo) -> None:
        number = signal.Signals(arrived.si_signo)
        if self._status is None:
            if arrived.si_code != FROM_KERNEL:
                os.kill(self._main, number)  # not reaped yet, so the pid is still its own
        elif number in ENDING:
            tree.send(tree.descendants(os.getpid()), signal.SIGTERM)
            self._kill_at = min(self._kill_at, time.monotonic() + GRACE)

    def _look(self) -> None:
        """Do what is due: speak of what was left behind, kill what ignores its end, see that the claim is still seen."""
        now = time.monotonic()
        self._look_at = now + LOOK_EVERY
        if now >= self._kill_at:
            self._kill_at = now + KILL_EVERY
            tree.send(tree.descendants(os.getpid()), signal.SIGKILL)
        elif self._status is not None and not self._told:
            self._told = True
            left = ", ".join(str(process.pid) for process in tree.descendants(os.getpid()))
            self._say(
                f"the command has ended ({self._status}) and left processes behind: {left}; waiting for them. Ctrl-C ends them"
            )
        if self._claim and self._claim.deleted and not self._warned:
            self._warned = True
            self._say(f"{self._claim.path} was deleted: others cannot see this claim any more, only the memory it uses")
