"""A job of which three must be there at once, and no fourth."""

from __future__ import annotations

# Takes one of three locks, fails where all are taken, and does not end before three have begun; stays a little, so that a fourth
# would meet it.
ONE_OF_THREE = """
import fcntl, os, sys, time
for number in range(3):
    probe = os.open(f"probe-{number}", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        break
    except BlockingIOError:
        os.close(probe)
else:
    sys.exit("a fourth at once")
open("ledger", "a").write(sys.argv[1] + chr(10))
while len(open("ledger").readlines()) < 3:
    time.sleep(0.01)
time.sleep(0.2)
"""
