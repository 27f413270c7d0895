"""The Python face of exp-queue: what the commands do, as functions that return values.

    import exp_queue

    jobs = exp_queue.run("grid.yaml", {"lr": 1e-3}, jobs=2)     # until all are over
    jobs.to_pandas()
    exp_queue.jobs("failed")[0].log()

`import scheduler` offers the same, where no scheduler.py of the user's own has that name. Nothing here decides anything.
"""

from scheduler.api.calls import cancel, job, jobs, resume, retry, run, submit, work
from scheduler.api.curve import Curve
from scheduler.api.drawn import Charts, Page, curves, page
from scheduler.api.job import Job, Jobs
from scheduler.api.overview import Overview, check
from scheduler.api.place import explain, hold, move, release
from scheduler.api.seen import Comparison, Sweep, Sweeps, best, compare, sweeps
from scheduler.api.served import Ui, ui
from scheduler.api.sweeping import sweep, trials
from scheduler.api.trial import Trial, Trials
from scheduler.api.watching import watch
from scheduler.errors import CannotEverRun, StateError, UserError
from scheduler.tracking import track

__all__ = [
    "CannotEverRun",
    "Charts",
    "Comparison",
    "Curve",
    "Job",
    "Jobs",
    "Overview",
    "Page",
    "StateError",
    "Sweep",
    "Sweeps",
    "Trial",
    "Trials",
    "Ui",
    "UserError",
    "best",
    "cancel",
    "check",
    "compare",
    "curves",
    "explain",
    "hold",
    "job",
    "jobs",
    "move",
    "page",
    "release",
    "resume",
    "retry",
    "run",
    "submit",
    "sweep",
    "sweeps",
    "track",
    "trials",
    "ui",
    "watch",
    "work",
]
