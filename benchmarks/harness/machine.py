"""What figures depend on: the machine, and who else is at work on it."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BUSY = 0.1  # of the cores, taken by others: what is measured beside that is doubtful


def described(folder: Path) -> dict[str, Any]:
    """As it is, with the file system of `folder`, where the queues of the benchmarks lie."""
    return {
        "cpu": cpu(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "file_system": file_system(folder, Path("/proc/self/mountinfo").read_text(encoding="utf-8")),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "gpus": gpus(),
    }


def cpu(text: str) -> str:
    """Of /proc/cpuinfo."""
    fields = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for name, _, value in fields if name.strip() == "model name"), platform.machine())


def file_system(folder: Path, mounts: str) -> str:
    """Of the mount, in the form of /proc/self/mountinfo, that is nearest above the folder; the last hides the others."""
    found = [(mount, kind) for mount, kind in _mounts(mounts) if folder.resolve().is_relative_to(mount)]
    return max(reversed(found), key=lambda each: len(each[0]), default=("", "unknown"))[1]


def _mounts(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        yield before.split()[4].replace("\\040", " "), after.split()[0]


def gpus() -> list[str]:
    if not shutil.which("nvidia-smi"):
        return []
    line = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    found = subprocess.run(line, capture_output=True, text=True, check=False)
    return found.stdout.splitlines() if not found.returncode else []


class Meanwhile:
    """The load when it is made, and what others have taken of the cores since then."""

    def __init__(self) -> None:
        self.load, self._begun = os.getloadavg()[0], time.monotonic()
        self._all, self._own = _of_all(), _of_us()

    def described(self) -> dict[str, float]:
        """`others`: the share of all cores; what has left our processes behind counts as others."""
        whole = (time.monotonic() - self._begun) * (os.cpu_count() or 1)
        others = max(0.0, _of_all() - self._all - (_of_us() - self._own)) / whole
        return {"load_at_start": round(self.load, 2), "load_at_end": round(os.getloadavg()[0], 2), "others": round(others, 3)}


def _of_all() -> float:
    """Seconds that the cores have worked for anybody: user, nice, system, interrupts."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    return sum(int(fields[place]) for place in (1, 2, 3, 6, 7)) / os.sysconf("SC_CLK_TCK")


def _of_us() -> float:
    """Seconds of this process and of those that it has waited for, with theirs."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def sentence(machine: Mapping[str, Any]) -> str:
    """In one line, for people."""
    parts = [f"{machine['cores']} cores ({machine['cpu']})", f"{machine['memory_gib']:g} GiB", f"Python {machine['python']}"]
    parts += [f"Linux {machine['kernel']}", f"queues on {machine['file_system']}", ", ".join(machine["gpus"]) or "no GPU"]
    return ", ".join(parts)


def doubts(meanwhile: Mapping[str, float]) -> str:
    """Why the figures are to be doubted; empty if they are not."""
    if meanwhile["others"] <= BUSY:
        return ""
    return (
        f"others took {meanwhile['others']:.0%} of all cores meanwhile (load {meanwhile['load_at_start']:g} at the start, "
        f"{meanwhile['load_at_end']:g} at the end): only ratios within a round mean something"
    )
