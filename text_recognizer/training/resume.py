"""Going on with a training that was interrupted: everything that decides the next step, saved after every epoch.

`training.pt` is a checkpoint like the others. Its `weights` hold, under a prefix, the tensors of the network, the average,
the optimizer and the random generators; its `about` the rest as JSON. On the CPU, with the same number of threads, a
training that was killed and went on ends with the same weights to the last bit as one that was not (but not under
`cpu_minutes`, where the schedule follows the clock).
"""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from text_recognizer.errors import CheckpointError
from text_recognizer.training import checkpoints
from text_recognizer.training.checkpoints import Checkpoint
from text_recognizer.training.early_stopping import BestEpoch

if TYPE_CHECKING:
    from text_recognizer.training.loop import Training

NAME = "training.pt"


def snapshot(training: Training) -> Checkpoint:
    """All that `restore` needs, as it is between two epochs."""
    optimizer = training.descent.optimizer.state_dict()
    tensors = {
        **_prefixed("network", training.model.network.state_dict()),
        **_prefixed("average", training.average.state_dict() if training.average else {}),
        **{f"optimizer/{i}/{name}": value for i, state in optimizer["state"].items() for name, value in state.items()},
        **_prefixed("random", _generators(training.device)),
    }
    about = {
        "epoch": training.epoch,
        "seen": training.course.seen,
        "spent": training.course.used,
        "best": dataclasses.asdict(training.best),
        "groups": optimizer["param_groups"],
        "scaler": training.descent.scaler.state_dict(),
        "numpy": training.rng.bit_generator.state,
        "python": random.getstate(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    return Checkpoint(training.experiment.as_mapping(), training.data.classes, about, tensors)


def restore(training: Training, saved: Checkpoint) -> None:
    """Puts a new training of the same experiment where the saved one was. Raises CheckpointError if it is another one."""
    if _identity(saved.experiment) != _identity(training.experiment.as_mapping()) or saved.classes != training.data.classes:
        raise CheckpointError("the training to go on with is of another experiment, or of other data; start without it")
    about = saved.about
    if "groups" not in about:
        raise CheckpointError("the training.pt to go on with is a checkpoint of another kind; give it by another name")
    training.model.network.load_state_dict(_under("network", saved.weights))
    if training.average:
        training.average.load_state_dict(_under("average", saved.weights))
    states: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _under("optimizer", saved.weights).items():
        number, what = name.split("/")
        states.setdefault(int(number), {})[what] = value
    training.descent.optimizer.load_state_dict({"state": states, "param_groups": about["groups"]})
    training.descent.scaler.load_state_dict(about["scaler"])
    training.epoch, training.best = about["epoch"], BestEpoch(**about["best"])
    training.course.seen, training.course.spent = about["seen"], about["spent"]
    _set_generators(training, saved)


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


def _generators(device: torch.device) -> dict[str, torch.Tensor]:
    cuda = {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {}
    return {"torch": torch.get_rng_state(), **cuda}


def _set_generators(training: Training, saved: Checkpoint) -> None:
    generators = _under("random", saved.weights)
    torch.set_rng_state(generators["torch"])
    if "cuda" in generators and training.device.type == "cuda":
        torch.cuda.set_rng_state(generators["cuda"], training.device)
    training.rng.bit_generator.state = saved.about["numpy"]
    version, numbers, gauss = saved.about["python"]
    random.setstate((version, tuple(numbers), gauss))
