"""The processes below one process: found in /proc, signalled through pidfds. Linux only."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Sequence
from functools import lru_cache

from scheduler.values import dataclass

SCRIPTS = (".py", ".sh")
_STANDS = frozenset("TtZXx")


@dataclass(frozen=True)
class Process:
    """A line of /proc: `birth` is the start in clock ticks since boot, which tells a reused pid from the old one."""

    pid: int
    parent: int
    group: int
    birth: int
    state: str = ""  # as proc(5) has it: R, S, D, T (stopped), Z, ...

    @property
    def can_go_on(self) -> bool:
        """Whether nothing keeps it from using the CPU: it is neither stopped nor dead."""
        return self.state not in _STANDS


@lru_cache(maxsize=1)
def boot_id() -> str:
    """This boot's identity: a pid means nothing in another."""
    return contents("/proc/sys/kernel/random/boot_id").decode("ascii").strip()


def look_up(pid: int) -> Process | None:
    """The process `pid`, or None if there is none (a zombie still is one)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 (hundreds at a time: a Path costs more than the read)
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in parentheses and may hold any character; the fields after the last one are plain.
    fields = text[text.rindex(b")") + 2 :].split()
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[19]), fields[0].decode())


def usage(pid: int) -> tuple[float, int, int]:
    """Seconds of CPU time, and bytes read and written, by the process and the children that it has reaped; zeros for what
    cannot be read, of a process that is gone or is not ours."""
    fields = contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    ticks = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    counts = dict(line.split(b": ") for line in contents(f"/proc/{pid}/io").splitlines())
    return ticks / os.sysconf("SC_CLK_TCK"), int(counts.get(b"rchar", 0)), int(counts.get(b"wchar", 0))


def pending(pid: int) -> int:
    """The signals that were sent to the process and not heard yet, a bit for each (proc(5): status); none where it is gone."""
    found = [line.split()[1] for line in contents(f"/proc/{pid}/status").splitlines() if line.startswith(b"ShdPnd:")]
    return int(found[0], 16) if found else 0


def command_line(pid: int) -> list[str]:
    """The words that the process was started with; its short name where it has none, nothing where it is gone."""
    words = contents(f"/proc/{pid}/cmdline").rstrip(b"\0").split(b"\0")
    if words == [b""]:
        words = contents(f"/proc/{pid}/comm").splitlines()
    return [word.decode(errors="replace") for word in words]


def told(words: Sequence[str]) -> list[str]:
    """What others may see of a command line: the program and its script, by name. Any other word may be a secret."""
    script = [word for word in words[1:2] if word.endswith(SCRIPTS)]
    return [os.path.basename(word) for word in (*words[:1], *script)]  # noqa: PTH119 (a launcher imports this)


def contents(path: str) -> bytes:
    """What a file of /proc says; nothing where its process is gone, or is not ours."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (as above)
            return file.read()
    except OSError:
        return b""


def descendants(root: int) -> list[Process]:
    """Every process below `root`, parents before children."""
    children: dict[int, list[Process]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 (as above)
        process = look_up(int(name)) if name.isdigit() else None
        if process:
            children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    frontier = [root]
    while frontier:
        below = children.get(frontier.pop(), [])
        found += below
        frontier += [process.pid for process in below]
    return found


def pids_below(root: int) -> list[int]:
    """The pids of `descendants`, found without a look at every process of the machine where the kernel lists children, by the
    threads that have started them. One that comes or goes meanwhile may be missing: for looking, not for signals."""
    if not os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children"):  # noqa: PTH110 (a launcher imports this)
        return [process.pid for process in descendants(root)]
    found: list[int] = []
    frontier = [root]
    while frontier:
        folder = f"/proc/{frontier.pop()}/task"
        try:
            threads = os.listdir(folder)  # noqa: PTH208 (as above)
        except OSError:  # it is gone
            continue
        below = [int(pid) for thread in threads for pid in contents(f"{folder}/{thread}/children").split()]
        found += below
        frontier += below
    return found


def send(processes: Iterable[Process], number: signal.Signals) -> int:
    """Signal exactly these processes; one that is gone, or whose pid has a new owner, is passed over. Returns how many."""
    return sum(_send_one(process, number) for process in processes)


def _send_one(process: Process, number: signal.Signals) -> bool:
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        # The handle pins whoever has the pid now; only then is it safe to ask who that is.
        now = look_up(process.pid)
        if now is None or now.birth != process.birth:
            return False
        signal.pidfd_send_signal(handle, number)
    except (ProcessLookupError, PermissionError):  # a setuid program below us is not ours to stop
        return False
    finally:
        os.close(handle)
    return True


def die_of(number: int) -> int:
    """End this process by a signal, without a core file, so that a shell sees what a command died of. Returns 128 +
    `number`, for the caller to leave with, if the signal does not end it."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return 128 + number


def usable_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))
