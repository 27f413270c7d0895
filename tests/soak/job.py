"""A job of the soak: `job.py '{"number": N}'`. It notes how it begins and ends and checks that its GPUs are its own.

The number decides all: how long it takes (0.3 s and more: shorter jobs would be over before an overlap could be seen),
whether its first attempt fails, and whom it leaves behind, in a session of its own and with an empty environment: nobody,
a grandchild that outlives it for a moment, or (rarely) one that computes for longer than an idle one would be suffered.
A grandchild inherits the claim and the probe's locks, so the GPU still counts as taken. `"share": N` says that it may have
1/N of each of its GPUs, beside others. `"quick": true` is for the CPU:
over at once, so that a runner sends several ahead to each launcher.
"""

import fcntl
import json
import os
import random
import sys
import time

PLACES = 4  # of a GPU: a job with a share takes its part of them
WORK = 12.0  # seconds of the clock
WORKER = """
import os, sys, time
def note(what):
    ledger = os.open("ledger", os.O_WRONLY | os.O_APPEND)
    os.write(ledger, f"{what} {sys.argv[1]} {os.getpid()}\\n".encode())
note("left")
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    sum(range(20000))
    time.sleep(0.05)
note("worked")
"""

TOKEN = f"{os.environ['EXP_QUEUE_JOB']}/{os.environ['EXP_QUEUE_ATTEMPT']}"


def note(what: str, value: int, *others: str) -> None:
    """One line in the ledger, in a single write: lines of several jobs never mix."""
    ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(ledger, f"{' '.join((what, TOKEN, str(value), *others))}\n".encode())
    os.close(ledger)


def occupy(share: int) -> None:
    """Lock what stands for our part of each of our GPUs: exact, where a comparison of times could miss an overlap.

    Whoever counts its places does so behind a door of the GPU: meanwhile places can only come free. Each says whose it is."""
    for name in os.environ["CUDA_VISIBLE_DEVICES"].split(","):
        index = name.removeprefix("GPU-")  # where a GPU is lost the others are named by their UUIDs
        door = os.open(f"device-{index}", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(door, fcntl.LOCK_EX)
        taken = [_taken(f"device-{index}-{place}") for place in range(PLACES)]
        free = [place for place in taken if isinstance(place, int)]
        for mine in free[: PLACES // share]:
            os.pwrite(mine, TOKEN.ljust(64).encode(), 0)
        for surplus in free[PLACES // share :]:
            os.close(surplus)
        if len(free) < PLACES // share:
            note("overlap", int(index), *sorted({owner for owner in taken if isinstance(owner, str)}))
        elif len(free) < PLACES:
            note("beside", int(index))
        os.close(door)


def _taken(name: str) -> int | str:
    """The descriptor of a place that was free and is ours now, as long as somebody of us lives; else whose it is."""
    place = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(place, 64, 0).decode().strip()
        os.close(place)
        return owner
    os.set_inheritable(place, True)
    return place


def leave_somebody_behind(works: bool) -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            program = [sys.executable, "-I", "-S", "-c", WORKER, TOKEN, str(WORK)] if works else ["/bin/sleep", "1"]
            os.execve(program[0], program, {})  # noqa: S606 - no shell is wanted
        os._exit(0)


def main(number: int, quick: bool = False, share: int = 1, experiment_group: str = "") -> int:
    note("start", os.getpid())
    if not quick:
        occupy(share)
    chance = random.Random(number)  # noqa: S311 - dice, not secrets
    if (dice := chance.random()) < 0.2 and not quick:
        leave_somebody_behind(works=dice < 0.01)
    fails = chance.random() < 0.2 and os.environ["EXP_QUEUE_ATTEMPT"] == "1"
    time.sleep(0.0 if quick else 0.3 + 0.4 * chance.random())
    note("end", 3 if fails else 0)
    return 3 if fails else 0


if __name__ == "__main__":
    sys.exit(main(**json.loads(sys.argv[1])))
