"""What W&B itself makes of the files in tests/data/sweeps/strangers: its verdict on each, and the command lines of its agent.

The files are our own, with every feature that files of strangers have. To record the answers again, in an environment that has
W&B's client and its engine:

    pip install wandb==0.31.0 sweeps==0.3.0 jsonref
    PYTHONPATH=. python -m tests.contract.sweeps.ask_wandb > tests/data/sweeps/strangers.json

The client reads the file and builds the command lines; the engine (`sweeps`) judges it and chooses the points, of a search the
ones of method random. No server is asked.
"""

from __future__ import annotations

import json
import os
import random
import re
import tempfile
from pathlib import Path
from typing import Any

FILES = Path(__file__).parents[2] / "data" / "sweeps" / "strangers"
VARIABLES = {"DATA_ROOT": "/data"}  # for ${envvar:...}
POINTS = 3
RUN = "r1"
ARGUMENT_FILE = "<file>"


def answers() -> list[dict[str, Any]]:
    return [{"file": path.name, **answer(path)} for path in sorted(FILES.iterdir())]


def answer(path: Path) -> dict[str, Any]:
    """`refused` says why, where the file is not taken; else `points` and `argvs` are the first ones."""
    try:
        config = sent(path)
    except (TypeError, ValueError) as error:
        return {"refused": f"the client cannot read or send it: {error}"}
    if found := violations(config):
        return {"refused": found[0].splitlines()[0]}
    try:
        chosen = points(config)
    except ValueError as error:
        return {"refused": re.sub(r"wbnest\[\w+\]\.", "", str(error).splitlines()[0])}
    try:
        return {"points": chosen, "argvs": [command_line(config, point) for point in chosen]}
    except (TypeError, AttributeError) as error:
        return {"points": chosen, "fails": f"{type(error).__name__}: {error}"}


def sent(path: Path) -> dict[str, Any]:
    """The configuration as `wandb sweep` sends it: through JSON. Raises TypeError or ValueError for what it cannot send."""
    from wandb.sdk.launch.sweeps.utils import load_sweep_config

    config = load_sweep_config(str(path))
    if config is None:
        raise ValueError("it is no YAML, or empty")
    return json.loads(json.dumps(config))


def violations(config: dict[str, Any]) -> list[str]:
    import sweeps

    try:
        return list(sweeps.schema_violations_from_proposed_config(config))
    except ValueError as error:
        return [str(error)]


def points(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The first points, as the agent is told them."""
    from sweeps.grid_search import grid_search_next_runs
    from sweeps.random_search import random_search_next_runs

    random.seed(1)
    if config["method"] != "grid":
        runs = random_search_next_runs({**config, "method": "random"}, n=POINTS)
    else:
        runs = []
        while len(runs) < POINTS and (found := grid_search_next_runs(runs, config)[0]):
            runs.append(found)
    told = [{name: each["value"] for name, each in run.config.items()} for run in runs]
    return [json.loads(json.dumps(point, default=lambda number: number.item())) for point in told]  # numpy's become Python's


def command_line(config: dict[str, Any], point: dict[str, Any]) -> list[str]:
    """What the agent starts, by its own code. The file of ${args_json_file} is called <file>, and its content comes after it."""
    from wandb import wandb_agent

    started: list[list[str]] = []
    before, wandb_agent.AgentProcess = wandb_agent.AgentProcess, lambda command, **others: _Started(started, command)
    told = {"run_id": RUN, "program": config.get("program"), "args": {name: {"value": each} for name, each in point.items()}}
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(VARIABLES, WANDB_SWEEP_ID="s1", WANDB_DIR=folder)
        try:
            agent = wandb_agent.Agent(None, None)
            agent._sweep_command = list(config.get("command") or [])
            agent._command_run(told)
            return [word for token in started[0] for word in _shown(token)]
        finally:
            wandb_agent.AgentProcess = before
            os.environ.clear()
            os.environ.update(kept)


class _Started:
    """In the place of a process: nothing is started, its command line is kept."""

    def __init__(self, started: list[list[str]], command: list[str]) -> None:
        started.append(command)


def _shown(token: Any) -> list[Any]:
    is_file = isinstance(token, str) and token.endswith(f"config-{RUN}.json")
    return [ARGUMENT_FILE, Path(token).read_text()] if is_file else [token]


if __name__ == "__main__":
    print("[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in answers()) + "\n]")
