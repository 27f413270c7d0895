"""What a job of a multirun returns to the process that waits for it, as a file in its run directory: a callback of Hydra's."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback

from scheduler.terminal import say, show

FILE = "hydra_return.pickle"
METRIC = "return_value"


class Returning(Callback):
    """Keeps what the job has returned. A number is printed too: where a script logs nothing, tables show it."""

    def on_job_end(self, config: Any, job_return: JobReturn, **kwargs: Any) -> None:
        folder = os.environ.get("EXP_QUEUE_RUN_DIR")
        if not folder:  # the command was pasted into a shell
            return
        fresh = Path(folder, f"{FILE}.new")
        fresh.write_bytes(_pickled(job_return))
        fresh.replace(Path(folder, FILE))
        if job_return.status is JobStatus.COMPLETED and type(job_return.return_value) in (int, float):
            show(f"{METRIC}: {job_return.return_value}")


def _pickled(returned: JobReturn) -> bytes:
    """All of it, else without the configurations, else without the value: that of a job that has succeeded is None then."""
    bare = copy.copy(returned)
    bare.cfg = bare.hydra_cfg = None
    for each in (returned, bare):
        try:
            return pickle.dumps(each)
        except Exception as error:  # noqa: BLE001 (whatever the classes in it raise)
            why = error
    if returned.status is JobStatus.COMPLETED:
        say(f"exp-queue: what this job returns cannot be sent back and is None there: {why}")
        bare.return_value = None
    else:
        bare.return_value = RuntimeError(_reason(returned))
    return pickle.dumps(bare)


def _reason(returned: JobReturn) -> str:
    """The words of an error that cannot be sent as it is."""
    try:
        return str(returned.return_value)
    except Exception as error:  # noqa: BLE001 (Hydra raises what the job has raised)
        return f"{type(error).__name__}: {error}"
