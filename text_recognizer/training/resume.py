"""Going on with a training that was interrupted: everything that decides the next step, saved after every epoch.

`training.pt` is a checkpoint like the others. Its `weights` hold, under a prefix, the tensors of the network, the average,
the optimizer and the random generators; its `about` the rest as JSON. On the CPU, with the same number of threads, a
training that was killed and went on ends with the same weights to the last bit as one that was not (but not under
`cpu_minutes`, where the schedule follows the clock).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from text_recognizer.errors import CheckpointError
from text_recognizer.experiment import Experiment
from text_recognizer.training import checkpoints
from text_recognizer.training.checkpoints import Checkpoint
from text_recognizer.training.early_stopping import BestEpoch
from text_recognizer.training.state import State

NAME = "training.pt"


def snapshot(state: State, experiment: Experiment, classes: str) -> Checkpoint:
    """All that `restore` needs, as it is between two epochs of this experiment's training."""
    optimizer = state.descent.optimizer.state_dict()
    tensors = {
        **_prefixed("network", state.network.state_dict()),
        **_prefixed("average", state.average.state_dict() if state.average else {}),
        **{f"optimizer/{i}/{name}": v for i, kept in optimizer["state"].items() for name, v in kept.items() if v is not None},
        **_prefixed("random", state.generators.tensors()),
    }
    about = {
        "epoch": state.epoch,
        "seen": state.course.seen,
        "spent": state.course.used,
        "best": dataclasses.asdict(state.best),
        "groups": optimizer["param_groups"],
        "scaler": state.descent.scaler.state_dict(),
        **state.generators.about(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    return Checkpoint(experiment.as_mapping(), classes, about, tensors)


def restore(state: State, saved: Checkpoint, experiment: Experiment, classes: str) -> None:
    """Puts a fresh state where the saved one was. Raises CheckpointError if that is of another experiment or other data."""
    if _identity(saved.experiment) != _identity(experiment.as_mapping()) or saved.classes != classes:
        raise CheckpointError("the training to go on with is of another experiment, or of other data; start without it")
    about = saved.about
    if "groups" not in about:
        raise CheckpointError("the training.pt to go on with is a checkpoint of another kind; give it by another name")
    state.network.load_state_dict(_under("network", saved.weights))
    if state.average:
        state.average.load_state_dict(_under("average", saved.weights))
    kept: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _under("optimizer", saved.weights).items():
        number, what = name.split("/")
        kept.setdefault(int(number), {})[what] = value
    state.descent.optimizer.load_state_dict({"state": kept, "param_groups": about["groups"]})
    state.descent.scaler.load_state_dict(about["scaler"])
    state.epoch, state.best = about["epoch"], BestEpoch(**about["best"])
    state.course.seen, state.course.spent = about["seen"], about["spent"]
    state.generators.restore(_under("random", saved.weights), about)


def earlier(directory: Path, experiment: Mapping[str, Any]) -> tuple[Path, Checkpoint] | None:
    """The training of this experiment to go on with, and its file: left in this directory itself, or in that of the
    job's latest earlier attempt in the queue (the sibling directories whose names are lower numbers); else nothing.

    A damaged file is passed over, for an older one is better than none.
    """
    for place in _places(directory):
        try:
            saved = checkpoints.load(place / "checkpoints" / NAME)
        except CheckpointError:
            continue
        if _identity(saved.experiment) == _identity(experiment):
            return place / "checkpoints" / NAME, saved
    return None


def _places(directory: Path) -> Iterator[Path]:
    yield directory
    if "EXP_QUEUE_ATTEMPT" in os.environ and directory.name.isdigit():
        siblings = [d for d in directory.parent.iterdir() if d.name.isdigit() and int(d.name) < int(directory.name)]
        yield from sorted(siblings, key=lambda d: int(d.name), reverse=True)


def _identity(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """What two trainings must have in common for one to go on with the other."""
    train_args = {name: value for name, value in experiment["train_args"].items() if name != "load_checkpoint"}
    return {**experiment, "train_args": train_args}


def _prefixed(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}/{name}": value for name, value in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
