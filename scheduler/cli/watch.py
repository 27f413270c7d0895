"""`exp-queue watch`: what runs, and how far it has come, whoever runs it."""

from __future__ import annotations

import shutil
import sys
from contextlib import closing, redirect_stderr
from typing import TYPE_CHECKING, TextIO, cast

import click

from scheduler.cli.options import format_option, opened_store, plain_option, sharing_options
from scheduler.terminal import show

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from scheduler.actions.scene import Scene
    from scheduler.gpus.observation import Settings
    from scheduler.queue.job import Job
    from scheduler.queue.store import Store
    from scheduler.report.progress import Progress

FRAME = (140, 1000)  # columns and lines where there is no terminal


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--once", is_flag=True, help="One look, on standard output; also where there is no terminal.")
@plain_option
@sharing_options
@format_option
def watch(jobs: tuple[str, ...], once: bool, plain: bool, settings: Settings, style: str) -> int:
    """Watch the GPUs, what runs and what waits, whoever runs it, until all of it is over. JOB: as for `status`; without
    JOB, all that is not over.

    It only looks: a Ctrl-C ends it and nothing else. Without a terminal, a look is printed each time something changes.

    \b
    exp-queue watch group:Sample
    exp-queue watch --once --format json
    """
    from scheduler.actions.opening import opened_devices
    from scheduler.actions.watch import lookout
    from scheduler.actions.watch import watch as looking
    from scheduler.report.log_view import newest_line
    from scheduler.report.progress import Progress

    once = once or style == "json"
    with opened_devices(settings) as devices, opened_store(only_looks=once) as store:
        chosen, progress = _chosen(store, jobs), Progress(sys.stderr)
        if once:
            _show(lookout(store, chosen, devices, newest_line).scene(), progress, style)
            return 0
        _follow(looking(store, chosen, devices, newest_line, progress.tell), progress, plain=plain)
    return 0


def _follow(scenes: Generator[Scene, None, None], progress: Progress, *, plain: bool) -> None:
    from scheduler.report.scene import met
    from scheduler.report.viewing import painter_on

    painter = None if plain else painter_on(sys.stderr)
    if painter is None:
        _print_changes(scenes, progress)
        return
    from scheduler.report.live import draw

    above = cast("TextIO", painter)
    with closing(scenes), painter, progress.beside_a_view(above), redirect_stderr(above):
        for scene in scenes:
            progress.meet(met(scene))
            draw(painter, scene, progress.called)


def _print_changes(scenes: Generator[Scene, None, None], progress: Progress) -> None:
    from scheduler.report.scene import gist

    shown = None
    with closing(scenes):
        for scene in scenes:
            if gist(scene) != shown:
                shown = gist(scene)
                _show(scene, progress, "table")
                sys.stdout.flush()


def _show(scene: Scene, progress: Progress, style: str) -> None:
    from scheduler.report.scene import as_object, drawn, met, plain
    from scheduler.report.tables import print_json

    progress.meet(met(scene))
    if style == "json":
        print_json(as_object(scene, progress.called), sys.stdout)
        return
    width = shutil.get_terminal_size((FRAME[0], 0)).columns if sys.stdout.isatty() else FRAME[0]
    for text in plain(drawn(scene, progress.called, width, FRAME[1])):
        show(text)


def _chosen(store: Store, words: tuple[str, ...]) -> Sequence[Job] | None:
    """None: all. UserError for words that name nothing."""
    from scheduler.errors import UserError
    from scheduler.queue.selection import none_of, select

    found = select(store, words) if words else None
    if found is not None and not found:
        raise UserError(f"{none_of(words)}: nothing to watch", next_step="`exp-queue status` lists all jobs")
    return found
