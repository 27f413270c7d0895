"""`python -m text_recognizer.run_experiment` as a user types it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, CommandLine, user_environment
from tests.forked import TRAINING, run_to_its_end
from text_recognizer import experiment
from text_recognizer.flags import parse

pytest.importorskip("torch")

PROGRAM = [sys.executable, "-m", "text_recognizer.run_experiment"]
TINY = {
    "dataset": "GeneratedCharacters",
    "dataset_args": {"train_size": 90, "val_size": 10, "test_size": 10},
    "network": "mlp",
    "network_args": {"layer_size": 16},
    "train_args": {"epochs": 2, "batch_size": 45},
}


CPU = {"CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}


def typed(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program run in a directory of its own, on the CPU: a GPU may be full of somebody else's work."""
    return run_to_its_end(arguments, directory, user_environment(**{**CPU, **environment}), TRAINING)


def rows(path: Path) -> Iterator[dict]:
    return map(json.loads, path.read_text().splitlines())


def test_an_experiment_from_json_leaves_its_results(tmp_path: Path) -> None:
    """The line that `exp-queue prepare` prints must work as it stands, also without the queue."""
    result = typed(tmp_path, "--save", json.dumps(TINY), "--gpu=-1", CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 0, result.stderr
    (directory,) = (tmp_path / "runs").iterdir()
    assert {p.name for p in (directory / "checkpoints").iterdir()} == {"best.pt", "last.pt"}
    assert (tmp_path / "weights" / "CharacterModel_GeneratedCharacters_mlp.pt").exists()
    first, *_, last = rows(directory / "metrics.jsonl")
    assert first["_objective"] == {"name": "test_accuracy", "goal": "maximize"}
    assert first["_config"]["train_args"]["epochs"] == 2
    assert 0 <= last["test_accuracy"] <= 1


def test_in_the_queue_results_go_where_the_queue_says(tmp_path: Path) -> None:
    """The result table reads that metric log, and nothing may be left in the user's directory."""
    work, run, log = tmp_path / "work", tmp_path / "run", tmp_path / "log" / "metrics.jsonl"
    work.mkdir()
    log.parent.mkdir()
    flags = ["--network=line_lstm_ctc", "--train_size=16", "--val_size=4", "--test_size=4", "--max_length=12"]
    small = ["--channels=8", "--hidden=8", "--max_epochs=1", "--batch_size=8", "--precision=32"]
    result = typed(work, *flags, *small, EXP_QUEUE_RUN_DIR=str(run), EXP_QUEUE_METRICS=str(log))
    assert result.returncode == 0, result.stderr
    assert {"test_cer", "test_wer"} <= set(list(rows(log))[-1])
    assert (run / "checkpoints" / "best.pt").exists()
    assert not list(work.iterdir())


def test_tensorboard_gets_the_curves_the_lines_with_their_pictures_and_the_options(tmp_path: Path) -> None:
    """By the switch of every training, or by a flag; read back by TensorBoard's own reader. A wrong name is wrong usage."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    asked = {"EXP_QUEUE_TRACKERS": "tensorboard", "EXP_QUEUE_RUN_DIR": str(tmp_path / "run")}
    result = typed(tmp_path, json.dumps(TINY), "--trackers=tb,tensorboard", **asked)
    assert result.returncode == 0, result.stderr
    (file,) = (tmp_path / "run" / "tensorboard").iterdir()
    found = reader.EventAccumulator(str(file)).Reload()
    logged = [row for row in rows(tmp_path / "run" / "metrics.jsonl") if "train_loss" in row]
    assert [each.value for each in found.Scalars("train_loss")] == pytest.approx([row["train_loss"] for row in logged])
    assert len(found.Scalars("test_accuracy")) == 1
    assert {"predictions/image/0"} <= set(found.Tags()["images"])
    assert {"predictions/text_summary", "config/text_summary", "_hparams_/session_start_info"} <= set(found.Tags()["tensors"])
    wrong = typed(tmp_path, json.dumps(TINY), "--trackers=tensorbord")
    assert (wrong.returncode, 'did you mean "tensorboard"?' in wrong.stderr) == (2, True)


def test_an_interrupt_keeps_the_last_epoch_and_says_so(tmp_path: Path) -> None:
    """Ctrl-C is how people end a training that is good enough; sixty lines of traceback are no answer."""
    long = json.dumps({**TINY, "train_args": {"epochs": 100000, "batch_size": 45, "patience": 0}})
    process = subprocess.Popen(
        [*PROGRAM, long],
        cwd=tmp_path,
        env=user_environment(EXP_QUEUE_RUN_DIR=str(tmp_path / "run"), **CPU),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        next(line for line in process.stdout if line.startswith("epoch 2/"))
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "the last whole epoch is kept" in said
    assert errors.strip().endswith("interrupted")
    assert "Traceback" not in errors
    assert (tmp_path / "run" / "checkpoints" / "last.pt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network=lenett"], 'unknown network "lenett"; did you mean "lenet"?'),
        (["--network=lenet", "--dataset=GeneratedLines"], "network lenet is for characters"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(tmp_path: Path, arguments: list[str], message: str) -> None:
    """Exit status 2 tells the queue that trying again is of no use."""
    result = typed(tmp_path, *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_prepared_lines_of_the_sample_are_experiments(command_line: CommandLine) -> None:
    """The first file that a newcomer runs must not end in a message about a key."""
    lines = command_line("prepare", str(ROOT / "experiments" / "sample.yaml")).stdout.splitlines()
    found = [experiment.read(parse(shlex.split(line)[3:]).experiment) for line in lines]
    assert [e.network for e in found] == ["mlp", "lenet", "line_lstm_ctc", "line_lstm_ctc"]
    assert len(set(found)) == 4


def test_the_end_of_the_help_arrives_in_a_pipe(tmp_path: Path) -> None:
    """The process ends itself without Python's help, which would have written out what is still in its buffers."""
    result = typed(tmp_path, "--help", PYTHONUNBUFFERED="")
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1].startswith("  lm_texts ")
    assert result.stdout.endswith("\n")


def test_a_place_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    """A file where a folder should be, a read-only disk: what and where, in words."""
    (tmp_path / "file").touch()
    result = typed(tmp_path, json.dumps(TINY), EXP_QUEUE_RUN_DIR=str(tmp_path / "file"))
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert f"{tmp_path / 'file'}: File exists" in result.stderr
    result = typed(tmp_path, "--save", json.dumps(TINY), TEXT_RECOGNIZER_WEIGHTS=str(tmp_path / "file" / "weights"))
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert f"{tmp_path / 'file' / 'weights'}: Not a directory" in result.stderr
    assert "best.pt" in result.stdout


@pytest.mark.parametrize("end", ["read", "none"])
def test_a_training_goes_on_when_nobody_reads_what_it_says(tmp_path: Path, end: str) -> None:
    """`| head -1`, a `tee` that died, a terminal that is gone: hours of training were lost with them."""
    read, write = os.pipe()
    os.close(read)
    redirected = '"$@" >&-' if end == "none" else '"$@"'
    result = subprocess.run(
        ["sh", "-c", redirected, "sh", *PROGRAM, json.dumps(TINY)],
        cwd=tmp_path,
        env=user_environment(**CPU),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
    )
    os.close(write)
    assert (result.returncode, result.stderr) == (0, "")
    (log,) = tmp_path.glob("runs/*/metrics.jsonl")
    assert "test_accuracy" in list(rows(log))[-1]


def test_help_and_wrong_usage_import_nothing_heavy(tmp_path: Path) -> None:
    """Seconds of torch before `unknown flag` make people stop reading."""
    code = (
        "import sys; from text_recognizer.run_experiment import main; "
        "main(['--help']); main(['--network=none']); "
        "sys.exit(', '.join({'torch', 'numpy', 'PIL', 'yaml', 'wandb'} & set(sys.modules)) or None)"
    )
    result = subprocess.run([sys.executable, "-c", code], env=user_environment(), capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "--train_args.KEY" in result.stdout
