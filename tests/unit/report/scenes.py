"""Scenes for tests of what is drawn of them. `python -m tests.unit.report.scenes` writes the pictures that the tests compare."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from scheduler.actions.scene import Metric, Running, Scene, Waiting
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Process
from scheduler.gpus.status import Standing
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import State
from scheduler.report.scene import drawn, plain
from scheduler.tracking.logged import Point
from scheduler.tracking.time_left import Headway
from tests.unit.runner.test_backfill import job

PICTURES = Path(__file__).parents[2] / "data" / "report"
SIZES = ((80, 24), (140, 40), (40, 10))


def standing(number: int, **facts) -> Standing:
    gpu = Gpu(f"GPU-{number}", number, total=143_771, used=32_000 * number, utilization=87, temperature=65, power=412.4)
    return Standing(replace(gpu, **facts), (), (), (), "", 0)


def curve(*values: float) -> tuple[Point, ...]:
    return tuple(Point(place, float(place), value, value, value) for place, value in enumerate(values))


def attempt(of: Job, gpus: str = "") -> Attempt:
    return Attempt(of.id, 1, "launcher", "/nowhere", 1000.0, gpus=gpus)


def running(number: int, gpus: str = "", **facts) -> Running:
    one = replace(job(number), id=f"{number * 0x1234567:08x}" + "0" * 24, state=State.RUNNING)
    return Running(one, attempt(one, gpus), 95.0 + number, **facts)


def name(of: Job) -> str:
    return f"network=convolutional lr={of.number / 1000:g} 手書き"


FALLING = curve(*(1 / (place + 1) for place in range(40)))
BUSY = Scene(
    now=1100.0,
    since=1000.0,
    gpus=(
        replace(
            standing(0),
            claims=(
                ClaimRecord(
                    "a", {"GPU-0": 8192}, exclusive=False, user="ann", uid=os.getuid(), pid=7, label="exp-queue job 01234567"
                ),
            ),
        ),
        replace(standing(1), foreign=(Process(99, 500, name="python", user="bob"),)),
        replace(
            standing(2), claims=(ClaimRecord("b", {"GPU-2": None}, exclusive=True, user="bob", uid=-1, pid=8, label="train.py"),)
        ),
        standing(3, problem="it has fallen off the bus"),
    ),
    running=(
        running(1, "0", step=1200, metric=Metric("val_loss", 0.12345, FALLING), headway=Headway(0.45, 754.0)),
        running(2, "0", step=40, metric=Metric("train/a_rather_long_name", float("nan"), curve(3, 1, 2), 3, 9.0)),
        running(3, "1", line="Epoch 3/10: 45%|####5     | 45/100 [00:10<00:12]", headway=Headway(0.245, 180.0)),
        running(4, "1", paused=True),
        running(5),
    ),
    waiting=(Waiting(job(8), 12, "GPU 0 is claimed by ann"), Waiting(job(30), 1, "not before 18:30")),
    counts={State.RUNNING: 5, State.QUEUED: 13, State.DONE: 1200, State.FAILED: 1},
)


def picture(columns: int, lines: int) -> str:
    return "\n".join(plain(drawn(BUSY, name, columns, lines))) + "\n"


def path_of(columns: int) -> Path:
    return PICTURES / f"scene_{columns}.txt"


if __name__ == "__main__":
    for size in SIZES:
        path_of(size[0]).write_text(picture(*size), encoding="utf-8")
