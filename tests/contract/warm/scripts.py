"""Scripts whose ends and prints a new interpreter and a forked one must have in common, by name; each begins at a comment."""

from __future__ import annotations

PROBE = """
import json, os, signal, sys, time

names = ("__name__", "__file__", "__spec__", "__package__", "__cached__", "__doc__")
streams = [sys.stdout, sys.stderr]
found = {
    "argv": sys.argv,
    "orig_argv": sys.orig_argv,
    "path": sys.path,
    "flags": str(sys.flags),
    "executable": [sys.executable, sys.prefix, sys.warnoptions],
    "cwd": os.getcwd(),
    "session": os.getsid(0) == os.getpid(),
    "main": sorted(name for name in vars(sys.modules["__main__"]) if name.startswith("__")),
    "values": {name: str(globals().get(name))[:40] for name in names},
    "loader": getattr(__loader__, "__name__", type(__loader__).__name__),
    "ours": sorted(name for name in sys.modules if name.startswith("scheduler")),
    "environment": dict(os.environ),
    "limits": [os.umask(0o22), os.nice(0)],
    "streams": [(each.encoding, each.errors, each.line_buffering, each.write_through, each.name, each.mode) for each in streams],
    "stdin": sys.stdin.read(),
    "handlers": {number: str(signal.getsignal(number)).partition(" at ")[0] for number in range(1, 32) if number not in (9, 19)},
    "mask": [int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "wakeup": signal.set_wakeup_fd(-1),
    "children": open(f"/proc/self/task/{os.getpid()}/children").read(),
    "threads": len(os.listdir("/proc/self/task")),
    "zone": time.tzname,
    "stdout": os.readlink("/proc/self/fd/1").rpartition("/")[2],
    "descriptors": len(os.listdir("/proc/self/fd")),
}
print(json.dumps(found))
"""

_TEXT = """
# nothing

# status
raise SystemExit(3)

# words
raise SystemExit("lost")

# a large status
raise SystemExit(259)

# an error
def f():
    raise ValueError("bad")
f()

# a chain of errors
try:
    1 / 0
except ZeroDivisionError as error:
    raise ValueError("bad") from error

# no Python
x = = 1

# Ctrl-C
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
time.sleep(60)

# SIGTERM
import os, signal, time
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)

# a hook of its own
import sys
sys.excepthook = lambda *them: print("hook", them[0].__name__)
1 / 0

# at exit
import atexit
atexit.register(print, "first")
atexit.register(print, "second")
print("main")

# a thread
import threading, time
threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
print("main")

# a daemon
import threading, time
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
print("main")

# an object
class A:
    def __del__(self): print("gone")
a = A()
print("main")

# a cycle
class A:
    def __del__(self): print("gone")
a = A()
a.a = a
del a
print("main")

# os._exit
import os
print("main", flush=True)
os._exit(5)

# closed output
import sys
sys.stdout.close()

# recursion
def f(): f()
try:
    f()
except RecursionError:
    print("deep")

# a warning
import warnings
warnings.warn("careful")

# future
from __future__ import annotations
def f(x: no_such_name): pass
print(f.__annotations__)

# annotations
def f(x: int): pass
print(f.__annotations__)

# logging
import logging
logging.warning("hm")

# pool
import multiprocessing
def f(x): return x * x
if __name__ == "__main__":
    for way in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(way).Pool(2) as pool: print(way, pool.map(f, [1, 2, 3]))

# executor
from concurrent.futures import ProcessPoolExecutor
def f(x): return x * x
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool: print(list(pool.map(f, [1, 2])))

# pickle
import pickle
class A: pass
print(type(pickle.loads(pickle.dumps(A()))) is A)

# shell
import os, subprocess, sys
sys.stdout.flush()
os.system("echo shell")
print(subprocess.run(["cat"], capture_output=True).stdout)

# asyncio
import asyncio
async def f(): await asyncio.sleep(0); return 4
print(asyncio.run(f()))
"""

SCRIPTS = {name: script for name, _, script in (part.partition("\n") for part in _TEXT.split("\n# ")[1:])}
SCRIPTS["Latin 1"] = "# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))\n"

UNCLOSED = """
import ctypes, gzip
a = open("a", "w"); a.write("text")
b = open("b", "wb"); b.write(b"bytes")
c = gzip.open("c", "w"); c.write(b"zipped")
def f():
    d = open("d", "w"); d.write("in a cycle")
    held = [d]; held.append(held)
f()
ctypes.CDLL(None).printf(b"from C")
"""

DRAWN = """
import multiprocessing, random, secrets, tempfile, uuid
import numpy
print(random.random(), numpy.random.rand(), uuid.uuid4(), secrets.token_hex())
print(next(tempfile._get_candidate_names()), bytes(multiprocessing.current_process().authkey).hex(), tempfile.gettempdir())
"""

IN_PROC = """
print(open("/proc/self/cmdline").read().split(chr(0))[0])
print("A=b" in open("/proc/self/environ").read().split(chr(0)))
"""
