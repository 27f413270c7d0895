"""Trainings that are killed in the middle and go on, with real kills and real files."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.conftest import user_environment  # noqa: E402
from tests.forked import TRAINING, run_to_its_end, start  # noqa: E402
from text_recognizer.training.checkpoints import load  # noqa: E402

LINES: dict[str, Any] = {
    "network": "line_lstm_ctc",
    "network_args": {"channels": 16, "hidden": 12, "dropout": 0.3},
    "dataset_args": {"train_size": 96, "val_size": 12, "test_size": 12, "max_length": 14},
    "train_args": {"epochs": 5, "batch_size": 12, "ema": 0.9, "augment": 0.7, "span_masks": 0.5, "patience": 0},
}
CHARACTERS: dict[str, Any] = {
    "network": "lenet",
    "dataset_args": {"train_size": 450, "val_size": 45, "test_size": 45},
    "train_args": {"epochs": 5, "batch_size": 45, "precision": "32", "patience": 0},
}


def surroundings(directory: Path, **environment: str) -> dict[str, str]:
    """Those of a training on the CPU, for on a GPU sums are added in any order, and somebody may be using it."""
    directory.mkdir(parents=True, exist_ok=True)
    return user_environment(EXP_QUEUE_RUN_DIR=str(directory), OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="-1", **environment)


def ended(directory: Path, experiment: dict[str, Any], **environment: str) -> tuple[int, str]:
    """The exit status of a training, and all that it says until its end."""
    result = run_to_its_end([json.dumps(experiment)], directory, surroundings(directory, **environment), TRAINING)
    return result.returncode, result.stdout + result.stderr


def finished(directory: Path, experiment: dict[str, Any], **environment: str) -> str:
    """All that a training says until its end."""
    status, said = ended(directory, experiment, **environment)
    assert status == 0, said
    return said


def killed_after(epoch: int, directory: Path, experiment: dict[str, Any], **environment: str) -> None:
    """A training that ends by SIGKILL somewhere in the two epochs after this one.

    It cannot run ahead of us to its end, however late we come: its output goes into a pipe of packets with room for one.
    """
    ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_DIRECT)
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, os.sysconf("SC_PAGESIZE"))
    with os.fdopen(ours) as said:
        process = start([json.dumps(experiment)], directory, surroundings(directory, **environment), theirs, TRAINING)
        os.close(theirs)
        try:
            next(line for line in said if line.startswith(f"epoch {epoch}/"))
        finally:
            process.kill()
            status = process.wait()
    assert status == -signal.SIGKILL


def same_weights(a: Path, b: Path) -> bool:
    first, second = load(a).weights, load(b).weights
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("experiment", [LINES, CHARACTERS], ids=["lines", "characters"])
def test_a_killed_training_goes_on_to_the_very_same_weights(tmp_path: Path, experiment: dict[str, Any]) -> None:
    """Any forgotten state (the average, a moment of AdamW, a generator) shows here, and nowhere else."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finished(whole, experiment)
    killed_after(2, broken, experiment)
    said = finished(broken, experiment)
    assert "going on after epoch" in said
    assert "epoch 1/" not in said
    assert same_weights(whole / "checkpoints" / "last.pt", broken / "checkpoints" / "last.pt")
    assert same_weights(whole / "checkpoints" / "best.pt", broken / "checkpoints" / "best.pt")
    assert not (broken / "checkpoints" / "training.pt").exists()


def test_a_new_attempt_in_the_queue_finds_what_the_last_one_left(tmp_path: Path) -> None:
    """A resumable job gets a fresh directory with every attempt; hours must not be trained twice."""
    killed_after(2, tmp_path / "1", CHARACTERS, EXP_QUEUE_ATTEMPT="1")
    (tmp_path / "2" / "checkpoints").mkdir(parents=True)  # an attempt that died before its first epoch
    (tmp_path / "2" / "checkpoints" / "training.pt").write_bytes(b"half a file")
    said = finished(tmp_path / "3", CHARACTERS, EXP_QUEUE_ATTEMPT="3")
    assert f"from {tmp_path / '1' / 'checkpoints' / 'training.pt'}" in said
    assert (tmp_path / "3" / "checkpoints" / "best.pt").exists()


def test_another_experiment_begins_anew(tmp_path: Path) -> None:
    """Weights of a wider network, or a schedule half over, are not its own."""
    killed_after(2, tmp_path / "1", CHARACTERS)
    other = {**CHARACTERS, "train_args": {**CHARACTERS["train_args"], "epochs": 3}}
    assert "epoch 1/3" in finished(tmp_path / "1", other)


def test_a_checkpoint_can_be_named(tmp_path: Path) -> None:
    """training.pt goes on; mere weights are a start for other data, and must fit the network."""
    killed_after(2, tmp_path / "a", CHARACTERS)
    kept = shutil.copytree(tmp_path / "a" / "checkpoints", tmp_path / "kept")

    def given(name: str, **network_args: int) -> dict[str, Any]:
        train_args = {**CHARACTERS["train_args"], "load_checkpoint": str(kept / name)}
        return {**CHARACTERS, "train_args": train_args, "network_args": network_args}

    assert "going on after epoch" in finished(tmp_path / "b", given("training.pt"))
    said = finished(tmp_path / "c", given("best.pt"))
    assert "starting from the weights of" in said
    assert "epoch 1/5" in said
    status, said = ended(tmp_path / "d", given("best.pt", layer_size=64))
    assert "its network has other network_args" in said
    assert status == 1


def test_a_training_whose_best_weights_are_lost_is_tested_all_the_same(tmp_path: Path) -> None:
    """Who copies training.pt alone, or loses best.pt, was told so after the last epoch, when all of it had been trained."""
    slow = {**CHARACTERS, "train_args": {**CHARACTERS["train_args"], "epochs": 8, "patience": 2, "lr": 1e-9}}
    killed_after(2, tmp_path / "a", slow)
    (tmp_path / "a" / "checkpoints" / "best.pt").unlink()
    said = finished(tmp_path / "a", slow)
    assert "best.pt is missing or damaged" in said
    assert "test_accuracy" in said
