"""The benches by name, and the scripts that are commands of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.harness.figures import Asked, Figure


@dataclass(frozen=True)
class Bench:
    """`place`: the module and the function that measure it once."""

    name: str
    place: str
    what: str

    def loaded(self) -> Callable[[Asked], list[Figure]]:
        module, _, function = self.place.partition(":")
        found: Callable[[Asked], list[Figure]] = getattr(import_module(f"benchmarks.{module}"), function)
        return found


# In the order of the life of an experiment.
BENCHES = {
    bench.name: bench
    for bench in (
        Bench("startup", "startup:figures", "what a command costs before it does anything"),
        Bench("expansion", "expansion:figures", "how fast a file becomes experiments"),
        Bench("queue", "long_queue:figures", "a long queue: to submit it, to look at it, to find the next job"),
        Bench("noop", "noop_jobs:throughput", "jobs that do nothing, beside xargs, GNU parallel, task-spooler and others"),
        Bench("handoff", "noop_jobs:hand_off", "how long a slot is idle between two jobs"),
        Bench("promises", "promises:figures", "what each promise to a job costs, without exp-queue"),
        Bench("idle", "following:figures", "CPU time of a runner whose jobs run, silent or logging"),
        Bench("sampling", "sampling:figures", "a row about what a job uses of the machine"),
        Bench("log", "logging_calls:figures", "a log call of a training, beside TensorBoard, W&B and others"),
        Bench("warm", "warm_start:figures", "a job that imports much, forked, beside one begun from nothing"),
        Bench("asks", "sweep_asks:figures", "how long a sweep waits for its next point"),
        Bench("sweep", "sweeps:figures", "what a trial costs beside its work, beside a loop of Optuna"),
        Bench("pages", "pages_figures:figures", "a report of many runs, written and opened, beside TensorBoard and Trackio"),
        Bench("recogniser", "recogniser:figures", "training and reading lines, beside a plain re-implementation"),
    )
}
# Those with a command of their own: `python benchmarks/NAME.py --help`.
SCRIPTS = {
    "comparing": "comparing many jobs",
    "gpus": "what sharing GPUs costs, on a driver of the tests",
    "in_a_terminal": "what `watch` and `top` cost",
    "jobs_at_once": "how many jobs at once are fastest, and what `-j auto` finds",
    "live_page": "what the live page costs",
    "reading_rows": "how soon a row is read",
    "recogniser_curves": "makes the curves of stopping_quality",
    "search_quality": "how good a point a sweep finds",
    "stopping_quality": "what early stopping costs and saves",
}
# The figures of the table for pages, in its order, by their keys.
TABLE = (
    "startup.status",
    "startup.run",
    "expansion.grid",
    "expansion.first line",
    "queue.submit",
    "queue.status",
    "queue.next",
    "noop.run",
    "handoff.short",
    "handoff.long",
    "idle.silent",
    "idle.metric log",
    "log.call",
    "warm.import",
    "asks.tpe",
    "sweep.random",
    "pages.made",
    "pages.drawn",
    "recogniser.LineCNNLSTM.32",
)
# Those of the READMEs: the most telling.
SHORT = (
    "queue.submit",
    "queue.status",
    "noop.run",
    "handoff.short",
    "log.call",
    "warm.import",
    "sweep.random",
    "pages.drawn",
)


class UnknownBench(Exception):
    """No such bench; says which there are."""


def chosen(names: list[str]) -> list[Bench]:
    """Those benches, or all."""
    for name in names:
        if name in SCRIPTS:
            raise UnknownBench(f"{name} has a command of its own: python benchmarks/{name}.py --help")
        if name not in BENCHES:
            raise UnknownBench(f"no bench is called {name}; there are: {', '.join(BENCHES)}")
    return [bench for name, bench in BENCHES.items() if not names or name in names]
