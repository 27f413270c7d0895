"""What this machine offers to exp-queue, and what is in the way: every check looks, none changes anything but to make the
folders that any command would make."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from scheduler import __version__
from scheduler.actions.notify import settings
from scheduler.errors import UserError
from scheduler.gpus.admission import UNSET, hidden
from scheduler.gpus.claims import live_claims, watch_claims
from scheduler.gpus.directory import VARIABLE, lock_directory
from scheduler.gpus.kinds import strange, whose
from scheduler.gpus.mutex import admission_mutex
from scheduler.gpus.observation import Settings
from scheduler.gpus.reading import NO_DRIVER_NOTE, Gpu, Reading, allowed
from scheduler.gpus.set_up import Places
from scheduler.gpus.settings import settings_from
from scheduler.gpus.survey import survey
from scheduler.home import NETWORK_FILE_SYSTEMS, default_root, open_home
from scheduler.linux.file_systems import file_system
from scheduler.values import dataclass

FINE, NOTE, PROBLEM = "fine", "note", "problem"
LITTLE_ROOM = 1 << 30
PACKAGES = ("click", "filelock", "nvidia-ml-py", "torch", "optuna", "wandb")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `state`: fine, note (works, with a limit worth knowing) or problem (jobs cannot run)."""

    about: str
    state: str
    says: str


def diagnose(reading: Reading, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """All findings, given a reading of the GPUs."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _versions,
        _kernel,
        lambda: _driver(reading, environment),
        lambda: _devices(reading),
        lambda: _visibility(reading),
        lambda: _claims(environment),
        _state,
        lambda: _variables(environment),
        _notifications,
    )
    return [finding for check in checks for finding in check()]


def _versions() -> Iterator[Finding]:
    found = {name: _version(name) for name in PACKAGES}
    there = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    python = f"exp-queue {__version__}, Python {platform.python_version()} ({sys.executable}), SQLite {sqlite3.sqlite_version}"
    yield Finding("versions", FINE, f"{python}; {there}")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _kernel() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        yield Finding("kernel", PROBLEM, f"pidfd_open(2) does not work ({error.strerror}): Linux 5.4 or later is needed")
        return
    yield Finding("kernel", FINE, f"Linux {platform.release()}, {cores} cores for us")


def _driver(reading: Reading, environment: Mapping[str, str]) -> Iterator[Finding]:
    if reading.problem:
        yield Finding("driver", PROBLEM, f"{reading.problem}; nothing starts on a GPU until it answers")
    elif not reading.available:
        yield Finding("driver", NOTE, NO_DRIVER_NOTE)
    else:
        names = ", ".join(sorted({gpu.name for gpu in reading.gpus if gpu.name})) or "no GPU"
        count = sum(not gpu.parent for gpu in reading.gpus)
        yield Finding("driver", FINE, f"version {reading.driver}, {count} GPU{'s' * (count != 1)}: {names}")
        settings = Settings(allowed=allowed(environment))
        if settings.allowed.hides_all_of(reading.gpus):
            yield Finding("GPUs", NOTE, f"{hidden(reading, settings)}; {UNSET}")


def _devices(reading: Reading) -> Iterator[Finding]:
    for gpu in reading.gpus:
        limit = _limit(gpu)
        if limit:
            yield Finding(gpu.label, NOTE, limit)


def _limit(gpu: Gpu) -> str:
    if gpu.problem:
        return gpu.problem
    if gpu.compute_mode != "default":
        return f"compute mode {gpu.compute_mode}: {'no job' if gpu.compute_mode == 'prohibited' else 'one job at a time'}"
    return "" if gpu.total is not None else "it tells no memory: one job at a time"


def _visibility(reading: Reading) -> Iterator[Finding]:
    processes = [process for gpu in reading.gpus for process in gpu.processes]
    if any(process.uid is None for process in processes):
        yield Finding("processes", NOTE, "the driver lists processes that are not visible here (a container, or hidepid)")
    if any(process.memory is None for process in processes):
        yield Finding(
            "processes", NOTE, "the driver does not tell what processes use: requests count instead, shares are not learned"
        )


def _claims(environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        directory = lock_directory(environment)
        with admission_mutex(directory, timeout=1.0):
            pass
    except UserError as error:
        yield Finding("claims", PROBLEM, str(error))
        return
    yield _mode(directory)
    yield from _ownership(directory, bool(environment.get(VARIABLE)))
    yield from _room("claims", directory)
    for text in survey(directory).warnings(directory).values():
        yield Finding("claims", NOTE, text)
    with watch_claims(directory) as watch:
        if not watch.precise:
            yield Finding("claims", NOTE, "no inotify watch left (fs.inotify.max_user_instances): ends are seen after a second")


def _mode(directory: Path) -> Finding:
    mode, kind = stat.S_IMODE(directory.stat().st_mode), file_system(directory)
    if kind in NETWORK_FILE_SYSTEMS:
        return Finding("claims", PROBLEM, f"{directory} is on a network file system ({kind}); set {VARIABLE} to a local folder")
    if mode & 0o1777 != 0o1777:
        return Finding("claims", NOTE, f"{directory} has mode {mode:o}: other users of the GPUs cannot take claims; chmod 1777")
    return Finding("claims", FINE, f"{directory} (mode {mode:o}, {kind or 'unknown file system'})")


def _ownership(directory: Path, told: bool) -> Iterator[Finding]:
    """Whether others will use this folder too, and whether it is there after a reboot. `told`: a variable names it."""
    status, places = directory.stat(), Places()
    if strange(status):
        text = f"{directory} belongs to {whose(status)}, who can remove others' claims; {VARIABLE} says that you trust this user"
        yield Finding("claims' owner", NOTE, text)
    elif not told and status.st_uid != 0:
        text = f"{directory} is yours, so other users refuse it; an administrator makes one for all: `exp-queue doctor --set-up`"
        yield Finding("claims' owner", NOTE, text)
    elif directory == places.folder and places.remembered is False:
        text = f"{directory} is gone after a reboot: {places.entries} has no entry for it; `exp-queue doctor --set-up` writes one"
        yield Finding("claims' owner", NOTE, text)
    for other in {places.folder, *places.others} - {directory}:
        count = len(live_claims(other)) if other.is_dir() and not other.is_symlink() else 0
        if count:
            text = f"{count} claims live in {other}, which is not the folder used here: their holders do not see claims made here"
            yield Finding("other claims", NOTE, text)


def _state() -> Iterator[Finding]:
    try:
        home = open_home()
    except UserError as error:
        yield Finding("state", PROBLEM, str(error))
        return
    yield Finding("state", FINE, f"{home.root} ({file_system(home.root) or 'unknown file system'})")
    yield from _room("state", default_root())


def _room(about: str, folder: Path) -> Iterator[Finding]:
    usage = shutil.disk_usage(folder)
    left = f"{usage.free >> 20} MiB of {usage.total >> 20} MiB left below {folder}"
    if usage.free == 0:
        yield Finding(about, PROBLEM, f"the disk is full: {left}")
    elif about == "state" and usage.free < LITTLE_ROOM:
        yield Finding(about, NOTE, f"little room: {left}")


def _notifications() -> Iterator[Finding]:
    try:
        found = settings()
    except UserError as error:  # a run would say no more and begin nothing
        yield Finding("notifications", PROBLEM, str(error))
        return
    for channel in found.channels.values():
        unset = [name for name in channel.variables if not os.environ.get(name)]
        missing = f"; {' and '.join(unset)} not set here" if unset else ""
        yield Finding("notifications", NOTE if unset else FINE, f"{channel.name}: {channel.says}{missing}")


def _variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    names = sorted(n for n in environment if n.startswith("EXP_QUEUE_") or n in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"))
    if names:
        yield Finding("environment", FINE, ", ".join(f"{name}={environment[name]}" for name in names))
    try:
        chosen = settings_from(environment)
    except UserError as error:
        yield Finding("environment", PROBLEM, str(error))
        return
    limits = f"ignore below {chosen.ignore_below} MiB, quiet {chosen.quiet:g} s, at most {chosen.most_claims} jobs on a GPU"
    yield Finding("settings", FINE, limits)
