"""`exp-queue gpus`: how the GPUs of this machine stand."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, say, sharing_options
from scheduler.terminal import clear, show

if TYPE_CHECKING:
    from scheduler.gpus.observation import Settings
    from scheduler.gpus.reading import Reading
    from scheduler.gpus.status import Standing


@click.command()
@click.option("--watch", is_flag=True, help="Go on, once a second, until Ctrl-C; with --format json one line each time.")
@sharing_options
@format_option
def gpus(watch: bool, settings: Settings, style: str) -> int:
    """The GPUs: memory, use, temperature, power, who holds claims, whose processes are there, and whether a job could
    start there now.

    "not ours" are processes without a claim. Memory in MiB.
    """
    from scheduler.gpus.directory import lock_directory

    directory = lock_directory()
    if watch:
        return _watch(settings, style)
    from scheduler.gpus.sampler import read_once
    from scheduler.report import gpus as report
    from scheduler.report import tables

    standings = _standings(read_once(), settings)
    if style == "json":
        tables.print_json(report.objects(standings), sys.stdout)
    elif standings:
        tables.print_table(report.rows(standings), sys.stdout)
        say(f"claims: {directory}")
    return 0


def _standings(reading: Reading, settings: Settings) -> tuple[Standing, ...]:
    """GpusUnknown while the driver fails; a machine without a driver is said once."""
    from scheduler.gpus.directory import lock_directory
    from scheduler.gpus.observation import Observation
    from scheduler.gpus.reading import NO_DRIVER_NOTE
    from scheduler.gpus.status import standings
    from scheduler.gpus.survey import survey, with_holders
    from scheduler.gpus.view import View
    from scheduler.gpus.waiting import GpusUnknown

    if reading.problem:
        raise GpusUnknown(f"the GPUs are unknown: {reading.problem}", next_step="see `exp-queue doctor`")
    if not reading.gpus:
        say(NO_DRIVER_NOTE if not reading.available else "this machine has a driver and no GPU")
    directory = lock_directory()
    found = survey(directory)
    say([f"warning: {text}" for text in found.warnings(directory).values()])
    return standings(View(reading, with_holders(directory, found.claims), Observation(), settings))


def _watch(settings: Settings, style: str) -> int:
    from scheduler.report import gpus as report
    from scheduler.report import tables

    for reading in _readings():
        standings = _standings(reading, settings)
        if style == "json":
            show(json.dumps(report.objects(standings)))
        else:
            clear()
            tables.print_table(report.rows(standings), sys.stdout)
        sys.stdout.flush()
    return 0


def _readings() -> Iterator[Reading]:
    """New readings, one a second, for ever; only one where there is no driver."""
    from scheduler.gpus.sampler import Sampler
    from scheduler.gpus.silence import Silence

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
