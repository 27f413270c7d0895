"""Training scripts as people write them, in processes of their own: by hand, and as one of the ranks of torchrun."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scheduler.tracking.media_log import media_of
from scheduler.tracking.metric_log import rows
from tests.conftest import user_environment

OWN = """
import scheduler
with scheduler.track({"lr": 0.1}, name="eager falcon", tags=["a"]) as run:
    run.log({"loss": 1.5}, step=1)
    print(run)
"""
WANDB = """
import scheduler.wandb as wandb
wandb.login()
with wandb.init(project="p", config={"lr": 0.1}):
    for step in range(3):
        wandb.log({"loss": wandb.config.lr * step}, step=step)
    wandb.summary["final"] = 1
"""
SWANLAB = """
import scheduler.swanlab as swanlab
swanlab.login()
swanlab.init(project="p", config={"lr": 0.1})
for step in range(3):
    swanlab.log({"loss": swanlab.config["lr"] * step})
swanlab.finish()
"""
# As people write it who have PyTorch: watched, with tensors as losses and images, left without a word.
TORCH = """
import sys
import torch
import scheduler.wandb as wandb
run = wandb.init(project="p", config={"width": 4})
model = torch.nn.Sequential(torch.nn.Linear(8, run.config.width), torch.nn.Linear(run.config.width, 8))
wandb.watch(model, torch.nn.functional.mse_loss, log="all", log_freq=2)
for step in range(3):
    batch = torch.rand(4, 8)
    loss = torch.nn.functional.mse_loss(model(batch), batch)
    loss.backward()
    wandb.log({"loss": loss, "seen": wandb.Image(batch[None])})
torch.save(model.state_dict(), "model.pt")
wandb.save("model.pt")
wandb.log({"left": 1}, commit=False)
"""
LIGHT = ("torch", "numpy", "wandb", "swanlab", "yaml", "sqlite3", "click")


def ran(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "train.py").write_text(script)
    result = subprocess.run(
        [sys.executable, "train.py"], cwd=folder, env=user_environment(**environment), capture_output=True, text=True, timeout=100
    )
    assert result.returncode == 0, result.stderr
    return result


def logged(run: Path, name: str) -> list[Any]:
    return [row[name] for row in rows(run / "metrics.jsonl") if name in row]


@pytest.mark.parametrize("script", [OWN, WANDB, SWANLAB], ids=["own", "wandb", "swanlab"])
def test_a_script_by_hand_keeps_its_run_in_a_folder_and_says_where(tmp_path: Path, script: str) -> None:
    """No account, no queue, no question; twice the same script are two runs."""
    said = [ran(tmp_path, script).stderr for _ in range(2)]
    runs = sorted((tmp_path / "exp-queue-runs").iterdir())
    assert len(runs) == 2
    assert sorted(said) == sorted(f"exp-queue: this run is kept in {run}\n" for run in runs)
    for run in runs:
        assert logged(run, "_config") == [{"lr": 0.1}]
        assert logged(run, "loss")[-1] in (1.5, 0.2)


@pytest.mark.parametrize("script", [OWN, WANDB, SWANLAB], ids=["own", "wandb", "swanlab"])
def test_a_script_in_a_job_writes_to_its_attempt_alone(tmp_path: Path, script: str) -> None:
    """What a runner has started belongs to the runner, and there is nothing to say."""
    job = tmp_path / "job"
    assert ran(tmp_path, script, EXP_QUEUE_METRICS=str(job / "metrics.jsonl"), EXP_QUEUE_JOB="0123456789").stderr == ""
    assert logged(job, "loss")[-1] in (1.5, 0.2)
    assert not (tmp_path / "exp-queue-runs").exists()


@pytest.mark.parametrize("script", [OWN, WANDB, SWANLAB], ids=["own", "wandb", "swanlab"])
def test_of_the_ranks_of_a_parallel_training_the_first_writes(tmp_path: Path, script: str) -> None:
    """Each of them runs the whole script; eight rows of every step would be none."""
    places = {"EXP_QUEUE_METRICS": str(tmp_path / "job" / "metrics.jsonl"), "WORLD_SIZE": "2"}
    assert ran(tmp_path, script, RANK="1", LOCAL_RANK="1", **places).stderr == ""
    assert ran(tmp_path, script, RANK="1").stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["train.py"]
    ran(tmp_path, script, LOCAL_RANK="1", **places)
    ran(tmp_path, script, LOCAL_RANK="0", NODE_RANK="1", **places)
    assert not (tmp_path / "job").exists(), "Lightning sets no RANK"
    ran(tmp_path, script, RANK="0", LOCAL_RANK="0", NODE_RANK="1", **places)
    assert logged(tmp_path / "job", "loss")


def test_a_folder_that_cannot_be_written_to_is_said_and_the_training_goes_on(tmp_path: Path) -> None:
    """A file is where the folder should be, as good as no right to write for whoever is root."""
    (tmp_path / "exp-queue-runs").write_text("")
    found = ran(tmp_path, OWN)
    assert "nothing listens" in found.stdout
    assert found.stderr == (
        f"exp-queue: this run is not kept: {tmp_path}/exp-queue-runs/eager-falcon cannot be made (Not a directory)\n"
    )


def test_a_model_of_pytorch_is_watched_and_all_is_kept_without_a_finish(tmp_path: Path) -> None:
    """The end of the process is the end of the run."""
    pytest.importorskip("torch")
    ran(tmp_path, TORCH)
    (run,) = (tmp_path / "exp-queue-runs").iterdir()
    assert [type(loss) for loss in logged(run, "loss")] == [float] * 3
    assert logged(run, "left") == [1]
    kinds = [(row.get("_step"), row["kind"], row["name"]) for row in media_of(run)]
    watched = [
        f"{what}/{layer}.{part}" for what in ("gradients", "parameters") for layer in (0, 1) for part in ("bias", "weight")
    ]
    for step in (0, 2):
        assert [name for at, kind, name in kinds if (at, kind) == (step, "histogram")] == watched
    assert [at for at, kind, name in kinds if kind == "image"] == [0, 1, 2]
    assert (run / "files" / "model.pt").read_bytes() == (tmp_path / "model.pt").read_bytes()
    weights = next(row for row in media_of(run) if row["name"] == "parameters/0.weight")
    assert (sum(weights["counts"]), weights["other"]) == (32, 0)


@pytest.mark.parametrize("name", ["scheduler.wandb", "scheduler.swanlab", "scheduler.tracking", "exp_queue.wandb"])
def test_the_call_of_a_training_loads_nothing_heavy(name: str) -> None:
    """A thousand short jobs import it; nobody pays for what the script does not use."""
    code = f"import sys, {name}; print([each for each in {LIGHT!r} if each in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], env=user_environment(), capture_output=True, text=True, timeout=100)
    assert found.stdout == "[]\n", found.stderr


def test_beside_a_scheduler_of_the_users_own_the_second_name_has_the_faces(tmp_path: Path) -> None:
    """Many people have a scheduler.py; `import exp_queue.wandb as wandb` works there."""
    (tmp_path / "scheduler.py").write_text("raise RuntimeError('theirs is run')")
    ran(tmp_path, WANDB.replace("scheduler.wandb", "exp_queue.wandb"))
    ran(tmp_path, OWN.replace("scheduler", "exp_queue"))
    assert len(list((tmp_path / "exp-queue-runs").iterdir())) == 2
