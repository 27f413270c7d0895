"""Scripts that know nothing of exp-queue, swept offline: with the real W&B client, event files, and plain output."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from scheduler.tracking.readers.open_files import opened_by

# What W&B's own tutorials look like: parameters from wandb.config, results through wandb.log, nothing of ours.
WANDB = """
import os, time, wandb
run = wandb.init(project="demo")
with open("config", "a") as file:
    file.write(f"{wandb.config.lr} {wandb.config.optimizer['name']}\\n")
rows = 3 if wandb.config.lr < 0.5 else 10_000
for step in range(rows):
    wandb.log({"val": {"loss": wandb.config.lr + 1 / (step + 1)}, "other": step})
    time.sleep(0.02)
"""

FILE = """
program: train.py
method: grid
metric: {name: val.loss, goal: minimize}
early_terminate: {type: hyperband, max_iter: 9, s: 1, strict: true}  # one band, at row 3, however late the rows are read
command: [python, "${program}"]
parameters:
  lr: {values: [0.1, 0.9, 0.2]}
  optimizer: {parameters: {name: {value: adam}}}
"""


def test_a_wandb_script_runs_offline_and_is_stopped_by_what_it_logs(sweeps):
    """Nothing in it is changed: its parameters come by wandb.config, its rows are read while it runs and kept after the
    stop, its process is gone, and the slot goes to the next trial."""
    pytest.importorskip("wandb")
    sweeps.write("train.py", WANDB)
    sweeps.write("sweep.yaml", FILE)
    sweeps.environment["WANDB_SWEEP_ID"] = "of-somebody-else"
    found = sweeps.sweep("-j1")
    assert (sweeps.directory / "config").read_text().split() == ["0.1", "adam", "0.9", "adam", "0.2", "adam"]
    good, bad, last = sorted(found["trials"], key=lambda trial: trial["trial"])
    assert [trial["state"] for trial in (good, bad, last)] == ["done", "stopped_early", "done"]
    assert good["history"] == pytest.approx([1.1, 0.6, 0.1 + 1 / 3])
    assert 3 <= len(bad["history"]) < 10_000
    (kept,) = Path(bad["directory"]).glob("wandb/*run-*/run-*.wandb")
    assert kept.stat().st_size > 0
    (shown,) = json.loads(sweeps("show", "trial:1", "--format", "json").stdout)
    assert shown["wandb_offline"] == [str(kept.parent)]
    assert not _open_in(Path(bad["directory"]))


READS_CONFIG_ALONE = """
import wandb
run = wandb.init(config={"lr": 9.0})
with open("trained", "a") as file:
    file.write(f"{wandb.config.lr} {run.settings.mode}\\n")
"""

CONFIG_ALONE = """
program: train.py
command: [python, "${program}", "${args}"]
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.2]}
"""


def _trained(sweeps) -> list[str]:
    """What the script has trained since the last question."""
    path = sweeps.directory / "trained"
    found = sorted(path.read_text().splitlines())
    path.unlink()
    return found


@pytest.mark.slow
def test_every_command_gives_a_script_that_reads_wandb_config_alone_the_same_point(sweeps):
    """With `run` it trained its defaults in every job; all ended well, and the table showed the grid's values."""
    pytest.importorskip("wandb")
    sweeps.write("train.py", READS_CONFIG_ALONE + 'import sys, os; sys.exit(int(os.path.exists("fails")))\n')
    sweeps.write("sweep.yaml", CONFIG_ALONE)
    sweeps.sweep("-j2")
    expected = _trained(sweeps)
    assert expected == ["0.1 offline", "0.2 offline"]
    sweeps.write("fails", "")
    assert sweeps("run", "sweep.yaml", "-j2").returncode == 1
    assert _trained(sweeps) == expected
    (sweeps.directory / "fails").unlink()
    sweeps.environment["WANDB_SWEEP_ID"] = "of-somebody-else"
    assert sweeps("retry", "failed", "-j2").returncode == 0
    assert _trained(sweeps) == expected
    assert sweeps("submit", "sweep.yaml", "--again").returncode == 0
    assert sweeps("work", "-j2").returncode == 0
    assert _trained(sweeps) == expected
    lines = sweeps("prepare", "sweep.yaml", "--with-environment").stdout
    assert (
        subprocess.run(["sh"], input=lines, text=True, cwd=sweeps.directory, env=sweeps.environment, check=False).returncode == 0
    )
    assert _trained(sweeps) == expected


KNOWS_ITS_RUN = """
import os, sys, wandb
run = wandb.init()
with open("trained", "a") as file:
    file.write(f"{run.id} {os.environ['WANDB_RUN_ID']}\\n")
sys.exit(int(os.path.exists("fails")))
"""


def test_every_attempt_has_a_run_id_that_its_script_may_read(sweeps):
    """W&B's agent sets one for each run, and Hydra's directories are named by it: `${oc.env:WANDB_RUN_ID}`."""
    pytest.importorskip("wandb")
    sweeps.write("train.py", KNOWS_ITS_RUN)
    sweeps.write("sweep.yaml", CONFIG_ALONE)
    sweeps.environment["WANDB_RUN_ID"] = "of-somebody-else"
    sweeps.sweep("-j2")
    found = _trained(sweeps)
    sweeps.write("fails", "")
    assert sweeps("run", "sweep.yaml", "-j2").returncode == 1
    assert sweeps("retry", "failed", "-j2").returncode == 1
    found += _trained(sweeps)
    ids = {line.split()[0] for line in found}
    assert (len(found), len(ids)) == (6, 6)
    assert all(len(set(line.split())) == 1 for line in found)
    assert "of-somebody-else" not in ids


def test_prepare_says_where_its_lines_do_not_set_what_a_script_reads(sweeps):
    """A line is a command line alone; that a script reads its point elsewhere is visible in the script."""
    sweeps.write("train.py", READS_CONFIG_ALONE)
    sweeps.write("sweep.yaml", CONFIG_ALONE)
    bare = sweeps("prepare", "sweep.yaml")
    assert bare.stdout.splitlines() == ["python train.py --lr=0.1", "python train.py --lr=0.2"]
    assert "train.py uses wandb, and these lines do not set what wandb.config reads; --with-environment does" in bare.stderr
    sweeps.write("sweep.yaml", CONFIG_ALONE.replace(', "${args}"', ""))
    alone = sweeps("prepare", "sweep.yaml")
    assert (len(set(alone.stdout.splitlines())), alone.stderr) == (2, "")


def test_a_trial_whose_printed_rows_are_read_does_not_keep_them_back(sweeps):
    """Python keeps 8 KiB of what it prints into a file: nothing was stopped early, and nothing said so."""
    rows = "for step in range(4):\n    print('loss:', lr + 1 / (step + 1))\nwhile lr > 0.5:\n    time.sleep(1)\n"
    sweeps.write("train.py", "import sys, time\nlr = float(sys.argv[1].split('=')[1])\n" + rows)
    sweeps.write("sweep.yaml", SPACE)
    good, bad = sorted(sweeps.sweep("-j1")["trials"], key=lambda trial: trial["trial"])
    assert (good["state"], bad["state"]) == ("done", "stopped_early")


SAVES = """
import wandb
run = wandb.init()
run.log({"loss": run.config.lr})
with open("model.pt", "w") as file:
    file.write(str(run.config.lr))
wandb.save("model.pt")
"""


def test_the_checkpoint_of_the_best_trial_holds_its_own_weights(sweeps):
    """W&B leaves a link to a file that every later trial overwrites: the best trial's held the weights of the last."""
    pytest.importorskip("wandb")
    sweeps.write("train.py", SAVES)
    sweeps.write("sweep.yaml", CONFIG_ALONE)
    (checkpoint,) = sweeps.sweep("-j1")["best"]["checkpoints"]
    assert (Path(checkpoint).read_text(), (sweeps.directory / "model.pt").read_text()) == ("0.1", "0.2")


def _open_in(directory: Path) -> list[Path]:
    """Files of this directory that some process has open."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [path for path in opened_by(pids) if path.is_relative_to(directory)]


EVENTS = """
import sys, time
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
lr = float(sys.argv[1].split("=")[1])
writer = EventFileWriter("runs/%g" % lr)
for step in range(8 if lr < 0.5 else 10_000):
    value = Summary.Value(tag="loss", simple_value=lr + 1 / (step + 1))
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))
    writer.flush()
    time.sleep(0.1)
"""

SPACE = """
program: train.py
command: [python, "${program}", "${args}"]
method: grid
metric: {name: loss, goal: minimize}
early_terminate: {type: hyperband, max_iter: 9, s: 1, strict: true}  # one band, at row 3, however late the rows are read
parameters:
  lr: {values: [0.1, 0.9]}
"""


def test_event_files_in_a_place_of_the_script_are_read(sweeps):
    """A SummaryWriter with its usual `runs/` in the working directory."""
    pytest.importorskip("tensorboard")
    sweeps.write("train.py", EVENTS)
    sweeps.write("sweep.yaml", SPACE)
    good, bad = sorted(sweeps.sweep("-j1")["trials"], key=lambda trial: trial["trial"])
    assert good["history"] == pytest.approx([0.1 + 1 / row for row in range(1, 9)])
    assert bad["state"] == "stopped_early"


def test_trials_that_write_event_files_into_one_folder_have_their_own_rows(sweeps):
    """`SummaryWriter("logs")`, or two trials that begin in one second: the folder is the same, and the best trial would be
    whoever comes after the good one."""
    pytest.importorskip("tensorboard")
    sweeps.write("train.py", EVENTS.replace('"runs/%g" % lr', '"logs"').replace("8 if lr < 0.5 else 10_000", "8"))
    sweeps.write("sweep.yaml", SPACE.replace("[0.1, 0.9]", "[0.1, 0.9, 0.5]").replace("early_terminate", "#"))
    trials = sweeps.sweep("-j2")["trials"]
    assert {trial["point"]["lr"]: trial["history"] for trial in trials} == {
        lr: pytest.approx([lr + 1 / row for row in range(1, 9)]) for lr in (0.1, 0.9, 0.5)
    }


LOGS = """
import json, os, sys, time
lr = float(sys.argv[1].split("=")[1])
with open(os.environ["EXP_QUEUE_METRICS"], "a", buffering=1) as log:
    for step in range(4 if lr < 0.5 else 10_000):
        log.write(json.dumps({"_step": step, "loss": lr + 1 / (step + 1), "accuracy": 0.5}) + "\\n")
        time.sleep(0.02)
"""


ODD = """
import os, sys
kind = sys.argv[1].split("=")[1]
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    log.write('{"loss": %s}\\n' % {"text": '"0.5"', "other": '"0.7"', "nan": "NaN"}[kind])
"""


def test_a_metric_that_is_never_a_number_is_said_once_for_each_kind(sweeps):
    """With the trial, an example and what to log instead; a hundred trials of one mistake are one message."""
    sweeps.write("train.py", ODD)
    sweeps.write("sweep.yaml", CONFIG_ALONE.replace("lr: {values: [0.1, 0.2]}", "kind: {values: [text, other, nan]}"))
    said = [line for line in sweeps("sweep", "-j1").stderr.splitlines() if "never a finite number" in line]
    assert said == [
        'trial 0: "loss" is never a finite number in what the script logs; it is a text, such as "0.5" (in: metric log): '
        "log float(value)",
        'trial 2: "loss" is never a finite number in what the script logs; it is NaN (in: metric log): see why the training '
        "diverges, or log a large finite number where it does",
    ]


def test_our_own_metric_log_is_read(sweeps):
    """A line of JSON from any language."""
    sweeps.write("train.py", LOGS)
    sweeps.write("sweep.yaml", SPACE)
    good, bad = sorted(sweeps.sweep("-j1")["trials"], key=lambda trial: trial["trial"])
    assert good["history"] == pytest.approx([1.1, 0.6, 0.1 + 1 / 3, 0.35])
    assert bad["state"] == "stopped_early"


FOLDS = """
import multiprocessing, os, wandb

def fold(number, queue):
    for name in [name for name in os.environ if name.startswith("WANDB_") and name not in ("WANDB_MODE", "WANDB_DIR")]:
        del os.environ[name]
    run = wandb.init(group="folds", name=f"fold-{number}")
    run.log({"loss": number + 1})
    run.finish()
    queue.put(number + 1)

if __name__ == "__main__":
    run = wandb.init()
    spawn = multiprocessing.get_context("spawn")
    losses = []
    for number in range(2):
        queue = spawn.Queue()
        spawn.Process(target=fold, args=(number, queue)).start()
        losses.append(queue.get())
    run.log({"loss": sum(losses)})
"""


def test_the_mean_of_a_cross_validation_counts_and_not_a_fold(sweeps):
    """As W&B's own example has it: a run for each fold, in a process of its own, and the trial's run at the end. A lucky first
    fold was the best of the sweep."""
    pytest.importorskip("wandb")
    sweeps.write("train.py", FOLDS)
    sweeps.write("sweep.yaml", CONFIG_ALONE.replace("[0.1, 0.2]", "[0.1]"))
    result = sweeps("sweep", "--format", "json")
    (trial,) = json.loads(result.stdout)["trials"]
    assert trial["history"] == [3]
    assert '3 W&B runs log "loss": that with the trial\'s WANDB_RUN_ID counts' in result.stderr


CHECKS_FIRST = """
import os, time
print("loss: 0.001", flush=True)
open("checked", "w").close()
while not os.path.exists("goes on"):
    time.sleep(0.01)
import wandb
run = wandb.init()
for step in range(3):
    run.log({"loss": 0.1 + 1 / (step + 1)})
run.finish()
open("trained", "w").close()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_a_number_printed_before_the_training_does_not_count_in_the_end(sweeps, until, killed: bool):
    """It hid all rows of W&B: best was what an untrained model said. Also where nobody has watched, and the sweep goes on when
    the trial is over."""
    pytest.importorskip("wandb")
    sweeps.write("train.py", CHECKS_FIRST)
    sweeps.write("sweep.yaml", CONFIG_ALONE.replace("[0.1, 0.2]", "[0.1]"))
    sweep = sweeps.start("sweep", "--format", "json")
    until((sweeps.directory / "checked").exists)
    if killed:
        sweep.kill()
    sweeps.write("goes on", "")
    until((sweeps.directory / "trained").exists)
    (trial,) = sweeps.sweep()["trials"] if killed else json.loads(sweep.communicate(timeout=100)[0])["trials"]
    assert trial["history"] == pytest.approx([1.1, 0.6, 0.1 + 1 / 3])


# A line without its end counts when nobody writes any more: so the better log is there when the trial has ended.
CHECKS_AND_ENDS = (
    CHECKS_FIRST.partition("import wandb")[0]
    + """
with open(os.environ["EXP_QUEUE_METRICS"], "w") as file:
    file.write('{"loss": 0.5}')
"""
)


@pytest.mark.parametrize("script", [CHECKS_FIRST, CHECKS_AND_ENDS])
def test_a_target_that_a_printed_number_has_reached_is_reached_no_more(sweeps, until, script: str):
    """One look at an untrained model ended the sweep: no new trials, and a best that had missed the target by far."""
    pytest.importorskip("wandb")
    sweeps.write("train.py", script)
    sweeps.write("sweep.yaml", CONFIG_ALONE.replace("goal: minimize", "goal: minimize, target: 0.01"))
    sweep = sweeps.start("sweep", "-j1")
    until(lambda: "no new trials: the target 0.01 is reached" in sweep.stderr.readline())
    sweeps.write("goes on", "")
    assert "new trials after all" in sweep.communicate(timeout=100)[1]
    assert sweeps.states() == ["done", "done"]


def test_all_that_a_trial_prints_stands_in_the_tables_beside_its_metric(sweeps):
    """The sweep compares one number; people look at the others, also when the logs are gone."""
    sweeps.write("train.sh", "for n in 1 2; do echo epoch=$n val.loss=0.$n acc=0.$1; done\n")
    text = "program: train.sh\nmethod: grid\nmetric: {name: val.loss, goal: minimize}\ncommand: [sh, '${program}', '${a}']\n"
    sweeps.write("sweep.yaml", text + "parameters: {a: {values: [1, 2]}}\n")
    found = sweeps.sweep("-j1")
    assert [trial["history"] for trial in found["trials"]] == [[0.1, 0.2]] * 2
    for trial in found["trials"]:
        shutil.rmtree(trial["directory"])
    assert [job["metrics"] for job in sweeps.jobs()] == [{"epoch": 2, "val.loss": 0.2, "acc": acc} for acc in (0.1, 0.2)]
    (shown,) = json.loads(sweeps("show", "trial:1", "--format", "json").stdout)
    assert (shown["source"], shown["series"]["val.loss"]["min_at"]) == ("output", 0)
