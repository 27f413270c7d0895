"""`python app.py -m hydra/launcher=exp_queue`, with the real Hydra, on a machine with two fake GPUs."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.gpus.claims import live_claims

pytest.importorskip("hydra", reason="the extra `hydra` is not installed")

# Two jobs, of which each waits for the other: one after the other they would never end.
PAIR = """
import os, pathlib, time
import hydra

@hydra.main(version_base=None, config_path=None)
def app(cfg):
    device = pathlib.Path("gpu-" + os.environ["CUDA_VISIBLE_DEVICES"])
    device.touch(exist_ok=False)
    deadline = time.monotonic() + 60
    while len(list(device.parent.glob("gpu-*"))) < 2:
        if time.monotonic() > deadline:
            raise TimeoutError("nobody came beside it")
        time.sleep(0.01)
    return cfg.lr * 2

app()
"""

# Each waits until it is let go.
PATIENT = """
import pathlib, time
import hydra

@hydra.main(version_base=None, config_path=None)
def app(cfg):
    pathlib.Path(f"began-{cfg.n}").touch()
    deadline = time.monotonic() + 90
    while not pathlib.Path("go").exists() and time.monotonic() < deadline:
        time.sleep(0.01)

app()
"""

# A first application: groups, a group that another one chooses, a value of the top beside `defaults`, interpolation, `???`.
FIRST = {
    "lab/conf/config.yaml": """
defaults:
  - _self_
  - dataset: mnist
  - model: ${dataset}
  - override hydra/launcher: exp_queue
batch_size: 8
name: ???
optim: {lr: 0.1, half: "${half:${optim.lr}}"}
model: {num_groups: -1}
label: ${name}_${dataset.kind}
""",
    "lab/conf/dataset/mnist.yaml": "kind: digits\nloader: {_target_: app.Loader, _args_: ['${dataset.kind}', '${batch_size}']}\n",
    "lab/conf/dataset/cifar10.yaml": "kind: pictures\nloader: {_target_: app.Loader, _args_: [pictures, '${batch_size}']}\n",
    "lab/conf/model/mnist.yaml": "width: 16\n",
    "lab/conf/model/cifar10.yaml": "width: 64\n",
    "lab/scheduler.py": "raise ImportError('this is a learning rate of somebody else')\n",
    "lab/app.py": """
import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

OmegaConf.register_new_resolver("half", lambda value: value / 2, replace=True)

class Loader:
    def __init__(self, kind, size):
        self.said = f"{kind}:{size}"

@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def app(cfg):
    loader = hydra.utils.instantiate(cfg.dataset.loader)
    number, folder = HydraConfig.get().job.num, HydraConfig.get().runtime.output_dir
    with open(folder + "/said", "w") as file:
        print(number, loader.said, cfg.model.width, cfg.model.num_groups, cfg.optim.half, cfg.label, file=file)
    return cfg.model.width

if __name__ == "__main__":
    app()
""",
}

# A sweeper of its own that says what it got back, as one that searches would use it.
ASKS = {
    "hydra_plugins/asking/__init__.py": """
import json
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore

class Asking(BasicSweeper):
    def sweep(self, arguments):
        for returned in self.launcher.launch([[f"+case={case}"] for case in ("dict", "lambda", "raise", "die")], 0):
            try:
                print(json.dumps([returned.status.name, returned.return_value]))
            except Exception as error:
                print(json.dumps([returned.status.name, type(error).__name__, str(error)]))

ConfigStore.instance().store(
    group="hydra/sweeper", name="asking",
    node={"_target_": "hydra_plugins.asking.Asking", "max_batch_size": None, "params": None})
""",
    "app.py": """
import os, signal
import hydra

class Mine(Exception):
    pass

@hydra.main(version_base=None, config_path=None)
def app(cfg):
    if cfg.case == "dict":
        return {"loss": 0.5}
    if cfg.case == "lambda":
        return lambda: None
    if cfg.case == "raise":
        raise Mine("too hot")
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    app()
""",
}


def typed(machine, *words: str, script: str = "app.py") -> subprocess.CompletedProcess[str]:
    """`python SCRIPT WORDS` in the machine's directory."""
    command = [sys.executable, script, *words]
    environment = {**machine.environment, "HYDRA_FULL_ERROR": "1"}
    return subprocess.run(command, cwd=machine.directory, env=environment, capture_output=True, text=True, timeout=100)


def written(machine, files: dict[str, str]) -> None:
    for name, text in files.items():
        machine.write(name, text)


def test_a_multirun_has_a_gpu_for_each_job_and_keeps_what_came_out(machine) -> None:
    """Other launchers start one after the other, or all at once on GPU 0."""
    machine.write("app.py", PAIR)
    done = typed(machine, "-m", "hydra/launcher=exp_queue", "hydra.sweep.dir=out here", "+lr=1,2")
    assert done.returncode == 0, done.stderr
    jobs = machine.jobs()
    assert {job["gpus"] for job in jobs} == {"0", "1"}
    assert [(job["state"], job["group"], job["config"]) for job in jobs] == [("done", "app", {"lr": lr}) for lr in (1, 2)]
    assert [job["metrics"]["return_value"] for job in jobs] == [2, 4]
    assert {each.name for each in (machine.directory / "out here").iterdir()} == {"0", "1", "multirun.yaml"}
    assert live_claims(machine.claims) == ()


def test_a_first_application_runs_over_all_of_its_groups(machine) -> None:
    """As a tutorial has it, with the launcher in its own config, and beside a scheduler.py of its own."""
    written(machine, FIRST)
    done = typed(
        machine,
        "-m",
        "dataset=mnist,cifar10",
        "name=a b",
        "optim.lr=0.5",
        "++batch_size=16",
        "hydra.launcher.gpus=0",
        script="lab/app.py",
    )
    assert done.returncode == 0, done.stderr
    said = [each.read_text().split() for each in sorted(machine.directory.glob("multirun/*/*/*/said"))]
    assert said == [
        ["0", "digits:16", "16", "-1", "0.25", "a", "b_digits"],
        ["1", "pictures:16", "64", "-1", "0.25", "a", "b_pictures"],
    ]
    (job,) = machine.jobs("last")
    assert job["config"] == {"dataset": "cifar10", "name": "a b", "optim": {"lr": 0.5}, "batch_size": 16}
    assert job["metrics"] == {"return_value": 64}
    shown = json.loads(machine("show", "last", "--format", "json").stdout)
    line = shown[0]["argv"]
    again = subprocess.run(line, cwd=machine.directory, env=machine.environment, capture_output=True, text=True, timeout=100)
    assert again.returncode == 0, f"{shlex.join(line)}: {again.stderr}"


def test_a_sweeper_gets_back_what_the_jobs_return_and_how_they_fail(machine) -> None:
    """One that searches lives on these values; a job that was killed must not stop it without a word."""
    written(machine, ASKS)
    done = typed(machine, "-m", "hydra/launcher=exp_queue", "hydra/sweeper=asking", "hydra.launcher.gpus=0")
    assert done.returncode == 0, done.stderr
    as_dict, as_lambda, raised, died = (json.loads(line) for line in done.stdout.splitlines()[-4:])
    assert as_dict == ["COMPLETED", {"loss": 0.5}]
    assert as_lambda == ["COMPLETED", None]
    assert raised == ["FAILED", "Mine", "too hot"]
    assert died[:2] == ["FAILED", "RuntimeError"]
    assert "SIGKILL" in died[2]
    assert "exp-queue logs" in died[2]
    assert "cannot be sent back" in Path(machine.jobs()[1]["log"]).read_text()


def test_a_ctrl_c_ends_a_multirun_with_words_and_not_with_a_traceback(machine) -> None:
    """Who has typed it must learn what stays queued: the same command again would begin another multirun."""
    machine.write("app.py", PATIENT)
    line = [sys.executable, "app.py", "-m", "hydra/launcher=exp_queue", "hydra.launcher.jobs=1", "+n=1,2,3"]
    process = subprocess.Popen(line, cwd=machine.directory, env=machine.environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    said = [next(each for each in process.stderr if "started" in each)]
    process.send_signal(signal.SIGINT)
    said.append(next(each for each in process.stderr if "Ctrl-C" in each))
    machine.write("go", "")
    said += process.stderr
    assert process.wait(100) == 130
    assert "3 jobs of this multirun: 1 done, 2 queued; `exp-queue resume`" in said[-1]
    assert "Traceback" not in "".join(said)
    assert sorted(job["state"] for job in machine.jobs()) == ["done", "queued", "queued"]


WRONG = {
    "gpu_memory=a lot": "hydra.launcher.gpu_memory: expected memory",
    "timeout=abc": "hydra.launcher.timeout: expected a duration",
    "stagger=-3": "hydra.launcher.stagger: expected a duration",
    "jobs=0": "hydra.launcher.jobs: expected a whole number of 1 or more",
    "gpus=3": "needs 3 GPUs, but this machine has 2; ask for less under `hydra.launcher`",
    "notify=nobody": '"nobody" is nobody to notify',
}


@pytest.mark.parametrize("setting", WRONG)
def test_what_hydra_cannot_mean_is_said_with_its_key_and_without_a_traceback(machine, setting: str) -> None:
    """The words are those of experiment files, and so are the errors; where in our calls it was helps nobody."""
    machine.write("app.py", PAIR)
    machine.environment["HYDRA_FULL_ERROR"] = "0"
    line = [sys.executable, "app.py", "-m", "hydra/launcher=exp_queue", f"hydra.launcher.{setting}", "+lr=1,2"]
    done = subprocess.run(line, cwd=machine.directory, env=machine.environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert WRONG[setting] in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert machine("status").stdout.splitlines()[1:] == []
