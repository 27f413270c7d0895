"""On which GPU of which machine an attempt is, wherever that is said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.actions.columns import FACTS
from scheduler.queue.job import Attempt
from scheduler.report.jobs import gpus_of
from scheduler.web.documents.timeline import lanes


@pytest.mark.parametrize(
    ("launcher", "gpus", "expected"),
    [
        ("3f2a", "0,1", ("GPU 0,1", "0,1", "0,1", ["GPU 0", "GPU 1"])),
        ("3f2a", "", ("", "", None, ["no GPU"])),
        ("slurm/b/3", "", ("", "", None, ["no GPU"])),
        ("ssh/ada/order", "0,1", ("GPU 0,1 of ada", "ada:0,1", "ada:0,1", ["GPU 0 of ada", "GPU 1 of ada"])),
        ("ssh/ada/order", "", ("ada", "", None, ["ada"])),
    ],
)
def test_a_gpu_of_a_host_is_not_taken_for_one_of_this_machine(launcher: str, gpus: str, expected: tuple[Any, ...]) -> None:
    """Every machine has a GPU 0."""
    attempt = Attempt("job", 1, launcher, "/", 0.0, gpus=gpus)
    compared: Any = SimpleNamespace(attempt=attempt)
    assert (attempt.site, gpus_of(attempt), FACTS["gpu"](compared), lanes(attempt)) == expected
