"""What a W&B script finds in its environment, and its file of parameters."""

from __future__ import annotations

import stat
from pathlib import Path

import yaml

from scheduler.tracking.wandb_offline import PARAMETERS, wandb_environment, write_parameters


def test_a_script_runs_offline_in_its_own_directory() -> None:
    """No account, no network, and nothing of another trial."""
    assert wandb_environment({}, Path("/r"), "id-1", "sweep-1", ["trial 3"]) == {
        "WANDB_MODE": "offline",
        "WANDB_RUN_GROUP": "sweep-1",
        "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "0.2",
        "WANDB_DIR": "/r",
        "WANDB_RUN_ID": "id-1",
        "WANDB_SWEEP_PARAM_PATH": f"/r/{PARAMETERS}",
        "WANDB_TAGS": "trial 3",
    }


def test_what_the_user_has_set_stays() -> None:
    """Somebody who wants the runs on a server says so with WANDB_MODE."""
    user = {"WANDB_MODE": "online", "WANDB_RUN_GROUP": "mine", "WANDB_TAGS": "a,b", "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "1"}
    changes = wandb_environment(user, Path("/r"), "id-1", "g", ["b", "c"])
    assert {name: value for name, value in changes.items() if name in user} == {"WANDB_TAGS": "a,b,c"}


def test_the_run_that_the_scheduler_was_started_from_is_not_inherited() -> None:
    """Every trial would write to that run, and an empty value is refused by the client."""
    user = {"WANDB_SWEEP_ID": "s", "WANDB_RUN_ID": "r", "WANDB_SERVICE": "x"}
    changes = wandb_environment(user, Path("/r"), "id-1", "g", [])
    assert {name for name, value in changes.items() if value is None} == {"WANDB_SWEEP_ID", "WANDB_SERVICE", "WANDB_TAGS"}
    assert changes["WANDB_RUN_ID"] == "id-1"


def test_parameters_are_written_as_an_agent_writes_them(tmp_path: Path) -> None:
    """Types survive: 1e-5 is a number and "1e-5" is none. The file is nobody else's business."""
    path = tmp_path / "p.yaml"
    path.write_text("old" * 100)
    path.chmod(0o644)
    values = {"lr": 1e-5, "text": "1e-5", "net": {"depth": 3, "x y": [1, None]}, "yes": "yes", "é": "ü"}
    write_parameters(path, values)
    assert yaml.safe_load(path.read_text()) == {"wandb_version": 1, **{name: {"value": value} for name, value in values.items()}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().isascii()  # the client opens it in whatever encoding its locale has
