"""From an experiment to what it names: its data, its model, its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import nn

from text_recognizer.catalog import DATASETS, LINES, MODELS, NETWORKS
from text_recognizer.data.data_set import DataSet, Split
from text_recognizer.experiment import Experiment
from text_recognizer.models.model import Maker, Model
from text_recognizer.training import resume
from text_recognizer.training.checkpoints import load
from text_recognizer.training.loop import Listeners, Training

S = TypeVar("S", bound=Split)


def data_of(experiment: Experiment) -> DataSet[Any]:
    """The data set of an experiment, in the memory or on the disk of this machine."""
    return DATASETS.find(experiment.dataset).load()(experiment.dataset_args)


def model_of(experiment: Experiment, data: DataSet[S], device: torch.device) -> Model[S, Any]:
    """The model of an experiment, with fresh weights (from torch's global generator) on the device."""
    make = cast(Maker, MODELS.find(experiment.model).load())
    network = _network(experiment, data)
    network = network.to(device, memory_format=_memory_format(network, device))
    weight = getattr(experiment.network_args, "shortcut_weight", None)
    return make(network, data) if weight is None else make(network, data, weight)


def training_of(experiment: Experiment, device: torch.device, listeners: Listeners, directory: Path) -> Training[Any, Any]:
    """The training of an experiment whose results go to this directory, ready to run.

    It goes on with the job's own interrupted training; else with `load_checkpoint`, which may also hold mere weights; else
    it is new. Raises CheckpointError where that checkpoint cannot be used.
    """
    data = data_of(experiment)
    torch.manual_seed(experiment.train_args.seed)
    training = Training(experiment, model_of(experiment, data, device), data, device, listeners)
    _start_from_what_is_there(training, directory)
    return training


def _network(experiment: Experiment, data: DataSet[Any], more: int = 0) -> Any:
    """The network of an experiment for the classes of its data, and so many more."""
    make = cast(Maker, MODELS.find(experiment.model).load())
    entry = NETWORKS.find(experiment.network)
    height = {"height": make.needed(data)["height"]} if entry.reads == LINES else {}
    return entry.load()(experiment.network_args, make.classes_of(data) + more, **height)


def _memory_format(network: nn.Module, device: torch.device) -> torch.memory_format:
    """Channels last, which convolutions compute fastest; but not for narrow ones on the CPU.

    With fewer than 16 channels, two threads and batches of changing size, PyTorch 2.15 writes beyond its memory in the
    backward pass there ("double free or corruption"; gone without oneDNN, and with contiguous weights).
    """
    narrow = any(m.out_channels < 16 for m in network.modules() if isinstance(m, nn.Conv2d))
    return torch.contiguous_format if narrow and device.type == "cpu" else torch.channels_last


def by_class(experiment: Experiment, data: DataSet[Any]) -> set[str]:
    """The names of the tensors of its network with a row for each class: those that are longer with a class more."""
    shapes = []
    for number in (0, 1):
        with torch.device("meta"):
            network = _network(experiment, data, more=number)
        shapes.append({name: value.shape for name, value in network.state_dict().items()})
    return {name for name, shape in shapes[0].items() if shape != shapes[1][name]}


def _start_from_what_is_there(training: Training[Any, Any], directory: Path) -> None:
    found = resume.earlier(directory, training.experiment.as_mapping())
    given = Path(training.options.load_checkpoint)
    if found:
        training.go_on(found[1], found[0])
    elif training.options.load_checkpoint and given.name == resume.NAME:
        training.go_on(load(given), given)
    elif training.options.load_checkpoint:
        training.start_from(load(given), given, by_class(training.experiment, training.data))
