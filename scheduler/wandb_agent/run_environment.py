"""What a trial of a server's sweep finds in its environment: its run, as W&B's own agent says it; and what is found there
again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from scheduler.home import Home
from scheduler.queue.database import Unwritable
from scheduler.queue.job import RUN_DIR, Job
from scheduler.tracking.wandb_offline import FLUSH, write_parameters
from scheduler.wandb_agent.crew import Offer
from scheduler.wandb_agent.plan import ServerPlan

_RUN, _AGENT = "WANDB_RUN_ID", "EXP_QUEUE_WANDB_AGENT"


def environment_of(home: Home, plan: ServerPlan, sweep: str, offer: Offer, user_environment: Mapping[str, str]) -> str:
    """As `Job.environment`; the file of the point that it names is written. Unwritable where there is no room.

    W&B's client logs to the server, and keeps its own log where it is read while the trial runs. The key is not among these: it
    comes from where it is kept.
    """
    path = home.sweep(sweep) / f"{_digest(offer.run)[:16]}.yaml"  # not its id, which comes from outside
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_parameters(path, offer.values)
    except OSError as error:
        raise Unwritable(f"cannot write {path} ({error.strerror})") from error
    address, flush = plan.address, "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL"
    given = {
        "WANDB_SERVICE": None,
        "WANDB_MODE": "online",
        "WANDB_BASE_URL": plan.url,
        "WANDB_ENTITY": address.entity,
        "WANDB_PROJECT": address.project,
        "WANDB_SWEEP_ID": address.id,
        _RUN: offer.run,
        "WANDB_SWEEP_PARAM_PATH": str(path),
        "WANDB_DIR": RUN_DIR,
        flush: user_environment.get(flush) or FLUSH,
        "PYTHONUNBUFFERED": user_environment.get("PYTHONUNBUFFERED") or "1",
        _AGENT: offer.agent,
    }
    return json.dumps(given)


def run_of(job: Job) -> tuple[str, str]:
    """The run that a trial computes, and the agent that was given it."""
    found = json.loads(job.environment)
    return str(found.get(_RUN) or ""), str(found.get(_AGENT) or "")


def is_of(config: Mapping[str, object], url: str, origin: str) -> bool:
    """Whether a sweep that the store remembers was registered at this server from this file."""
    server = config.get("server")
    return isinstance(server, dict) and server.get("url") == url and server.get("origin") == origin


def origin_of(path: Path, cwd: Path, text: str) -> str:
    """What makes a file's sweep the same as before: which file it is, from where, and all that it says."""
    return _digest(json.dumps([str(path.resolve()), str(cwd.resolve()), text]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
