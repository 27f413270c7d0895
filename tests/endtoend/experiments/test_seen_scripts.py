"""Scripts as people begin with, run as they are, without an account and without a network: what they log is seen afterwards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine

WANDB = """
import wandb

wandb.login()
with wandb.init(project="demo", notes="a first try", tags=["baseline"], config={"epochs": 3, "kernels": [4, 8]}) as run:
    for epoch in range(wandb.config.epochs):
        wandb.log({"epoch": epoch, "loss": 1 / (epoch + 1)}, step=40 * epoch)
    wandb.summary["final_loss"] = 0.25
    with open("model.pt", "w") as file:
        file.write("weights")
    wandb.save("model.pt")
"""

SWANLAB = """
import swanlab

swanlab.login()
swanlab.init(project="example", config={"learning_rate": 0.01, "epochs": 10})
for epoch in range(swanlab.config.epochs):
    swanlab.log({"loss": 1 / (epoch + 1)})
assert swanlab.config["learning_rate"] == swanlab.config.learning_rate == 0.01
swanlab.finish()
"""

EVENTS = """
from torch.utils.tensorboard import SummaryWriter

writer = SummaryWriter()
for step in range(5):
    writer.add_scalar("loss/train", 1 / (step + 1), step)
writer.close()
"""

PLAIN = """
print("training on cpu, seed: 3, batch_size: 32")
for epoch in range(5):
    print(f"Epoch {epoch + 1}/5: train_loss={1 / (epoch + 1):.4f}, val acc: {90 + epoch}%")
"""

LIGHTNING = """
import lightning, torch

class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
    def training_step(self, batch, index):
        loss = ((self.layer(batch) - 2 * batch) ** 2).mean()
        self.log("train_loss", loss, on_epoch=True)
        return loss
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

data = torch.utils.data.DataLoader(torch.rand(8, 1), batch_size=4)
lightning.Trainer(max_epochs=2, accelerator="cpu", log_every_n_steps=1, enable_model_summary=False).fit(Line(), data)
"""


@pytest.fixture
def logged(command_line: CommandLine, tmp_path: Path):
    """Run a script as it is, throw its logs away, and return what `show` says of it."""
    (tmp_path / "nobody").mkdir()
    command_line.environment |= {"HOME": str(tmp_path / "nobody"), "HTTPS_PROXY": "http://127.0.0.1:9"}

    def run(script: str) -> dict[str, Any]:
        command_line.write("train.py", script)
        command_line.write("one.yaml", "command: [python, train.py, '${args}']\ngrid: {x: [1]}\n")
        result = command_line("run", "one.yaml", stdin=-3)
        (job,) = command_line.jobs()
        directory = Path(job["directory"])
        assert result.returncode == 0, result.stderr + (directory / "log.txt").read_text()
        job["there"] = sorted(path.name for path in directory.iterdir())
        shutil.rmtree(directory)
        return {**json.loads(command_line("show", "--format", "json").stdout)[0], "there": job["there"]}

    return run


def test_a_wandb_script_that_logs_in_without_an_account_runs_and_is_seen(logged, command_line: CommandLine) -> None:
    """Its run lies in the attempt's directory, with a copy of what it saves, and its values stand in the tables."""
    pytest.importorskip("wandb")
    found = logged(WANDB)
    assert found["source"] == "W&B log"
    assert {name: found["metrics"][name] for name in ("epoch", "final_loss")} == {"epoch": 2, "final_loss": 0.25}
    assert (found["series"]["loss"]["min"], found["series"]["loss"]["min_at"]) == (1 / 3, 80)
    assert {"wandb", "kept.json"} <= set(found["there"])
    assert not (command_line.directory / "wandb").exists()
    assert not [name for name in found["metrics"] if name.startswith("_")]


def test_a_swanlab_script_that_logs_in_without_an_account_runs_and_is_seen(logged, command_line: CommandLine) -> None:
    """SwanLab's own login raises without a key, whatever the mode."""
    pytest.importorskip("swanlab")
    found = logged(SWANLAB)
    assert (found["source"], found["metrics"]) == ("SwanLab log", {"loss": 0.1})
    assert found["series"]["loss"]["count"] == 10
    assert not (command_line.directory / "swanlog").exists()


def test_a_script_of_a_list_of_commands_may_log_in_as_well(command_line: CommandLine) -> None:
    """Such a command is a line for a shell, and its program stands inside of it."""
    pytest.importorskip("swanlab")
    command_line.environment |= {"HOME": str(command_line.directory), "HTTPS_PROXY": "http://127.0.0.1:9"}
    command_line.write("train.py", "import swanlab\n\nswanlab.login()\n")
    command_line.write("jobs.txt", "A=1 python train.py --lr=1 | cat; exit ${PIPESTATUS:-0}\nset -e; python train.py\n")
    result = command_line("run", "--commands", "jobs.txt", stdin=-3)
    assert result.returncode == 0, result.stderr


def test_what_a_script_prints_is_seen(logged) -> None:
    """Nothing but `print`."""
    found = logged(PLAIN)
    assert (found["source"], found["metrics"]) == ("output", {"train_loss": 0.2, "val_acc": 94})


def test_event_files_in_a_place_of_the_scripts_own_are_seen(logged) -> None:
    """`SummaryWriter()` writes below the working directory."""
    pytest.importorskip("torch.utils.tensorboard")
    found = logged(EVENTS)
    assert (found["source"], found["metrics"]) == ("TensorBoard", {"loss/train": pytest.approx(0.2)})


@pytest.mark.slow
def test_a_lightning_script_is_seen(logged) -> None:
    """Its default logger: event files below `lightning_logs`, or a CSV file where there is no TensorBoard."""
    pytest.importorskip("lightning")
    found = logged(LIGHTNING)
    assert found["source"] == "TensorBoard"
    assert found["series"]["train_loss_step"]["count"] == 4
