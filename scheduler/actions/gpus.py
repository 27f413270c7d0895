"""How the GPUs of this machine stand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator

from scheduler.gpus.directory import lock_directory
from scheduler.gpus.holders import Holders
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.reading import NO_DRIVER_NOTE, Reading
from scheduler.gpus.sampler import Sampler, read_once
from scheduler.gpus.silence import Silence
from scheduler.gpus.status import Standing, standings
from scheduler.gpus.survey import survey, with_holders
from scheduler.gpus.view import View
from scheduler.gpus.waiting import GpusUnknown
from scheduler.home import Home, default_root, open_home
from scheduler.queue.job import Job
from scheduler.queue.names import PAUSED
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.runner.job_desk import LABEL, label_of


def standing_now(settings: Settings, say: Callable[[str], None]) -> tuple[Standing, ...]:
    """One look; takes 0.1-0.3 s with a driver. GpusUnknown while it fails. `say` hears of a machine without GPUs, and of what
    lies among the claims and is none."""
    return _standings(read_once(), settings, say, Holders())


def paused_claims() -> set[str]:
    """What the claims of this user's paused jobs are labelled. Empty where there is no queue."""
    home = Home(default_root())
    if not home.database.exists():
        return set()
    with Store(open_home()) as store:
        return {label_of(job) for job in select(store, [PAUSED])}


def watch(settings: Settings, say: Callable[[str], None]) -> Iterator[tuple[Standing, ...]]:
    """A look a second, for ever; only one where there is no driver. Otherwise as `standing_now`."""
    holders = Holders()
    for reading in _readings():
        yield _standings(reading, settings, say, holders)


def _standings(reading: Reading, settings: Settings, say: Callable[[str], None], holders: Holders) -> tuple[Standing, ...]:
    if reading.problem:
        raise GpusUnknown(f"the GPUs are unknown: {reading.problem}", next_step="see `exp-queue doctor`")
    if not reading.gpus:
        say(NO_DRIVER_NOTE if not reading.available else "this machine has a driver and no GPU")
    directory = lock_directory()
    found = survey(directory)
    for text in found.warnings(directory).values():
        say(f"warning: {text}")
    claims = holders.named(directory, with_holders(directory, found.claims))
    return standings(View(reading, claims, Observation(), settings))


def jobs_on(found: Iterable[Standing]) -> list[Job]:
    """The jobs of our own queue that hold or use GPUs. (Nobody sees the arguments of others'.)"""
    labels = {claim.label for standing in found for claim in standing.claims if claim.uid == os.getuid()}
    ids = [label.removeprefix(LABEL) for label in labels if label.startswith(LABEL)]
    if not ids or not Home(default_root()).database.exists():
        return []
    with Store(open_home()) as store:
        return store.jobs(
            "substr(id, 1, 8) IN (SELECT value FROM json_each(?)) AND state NOT IN ('queued', 'held')", (json.dumps(ids),)
        )


def _readings() -> Iterator[Reading]:
    silence = Silence()
    with Sampler() as sampler:
        last = None
        while True:
            reading = sampler.read()
            silence.lasts(sampler.silent_for)
            if reading and reading != last and not sampler.starting:
                yield reading
                last = reading
                if not reading.available:
                    return
            sampler.rest(1.0)
