"""One experiment as a frozen value: everything that decides what is trained, on what, and how."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from text_recognizer import options
from text_recognizer.catalog import DATASETS, MODELS, NETWORKS, Entry
from text_recognizer.errors import ExperimentError, nearest
from text_recognizer.options import Options
from text_recognizer.training.options import TrainOptions

KEYS = ("dataset", "dataset_args", "model", "network", "network_args", "train_args", "experiment_group")


@dataclass(frozen=True)
class Experiment:
    """Names in their first spelling, and all options with their defaults filled in."""

    dataset: str
    dataset_args: Options
    model: str
    network: str
    network_args: Options
    train_args: TrainOptions
    experiment_group: str = ""

    @property
    def name(self) -> str:
        """A short name for directories and trackers."""
        return f"{self.network}-{self.dataset}"

    def as_mapping(self) -> dict[str, Any]:
        """The same as plain nested values, which `read` turns into an equal experiment."""
        return dataclasses.asdict(self)


def read(given: Mapping[str, Any]) -> Experiment:
    """The experiment that a mapping describes, as it stands in an experiments file.

    One of `dataset`, `model` and `network` is enough: the rest follows from what it reads. Raises ExperimentError for
    anything unknown, of a wrong type, or that does not fit together.
    """
    for name in given:
        if name not in KEYS:
            raise ExperimentError(f"unknown key {name!r} in the experiment; {nearest(str(name), KEYS)}")
    dataset, model, network = chosen(given)
    return Experiment(
        dataset=dataset.name,
        dataset_args=options.read(dataset.options, given.get("dataset_args", {}), "dataset_args"),
        model=model.name,
        network=network.name,
        network_args=options.read(network.options, given.get("network_args", {}), "network_args"),
        train_args=cast(TrainOptions, options.read(model.options, given.get("train_args", {}), "train_args")),
        experiment_group=str(given.get("experiment_group") or ""),
    )


def chosen(given: Mapping[str, Any]) -> tuple[Entry, Entry, Entry]:
    """The data set, the model and the network of an experiment; those not given are the first that fit the others."""
    found: dict[str, Entry] = {}
    for catalog in (NETWORKS, DATASETS, MODELS):
        if catalog.noun in given:
            found[catalog.noun] = catalog.find(given[catalog.noun], list(found.values()))
    if not found:
        raise ExperimentError("the experiment names no dataset, model or network; see --help")
    for one in found.values():
        for other in found.values():
            _fitting(one, other, found)
    for catalog in (NETWORKS, MODELS, DATASETS):
        found.setdefault(catalog.noun, catalog.first(list(found.values())))
    return found["dataset"], found["model"], found["network"]


def _fitting(one: Entry, other: Entry, found: Mapping[str, Entry]) -> None:
    if one.fits(other):
        return
    if one.reads == other.reads:
        raise ExperimentError(
            f"network and model do not fit: {one.name} is for {_either(one)}, {other.name} for {_either(other)}"
        )
    nouns = {entry.name: noun for noun, entry in found.items()}
    raise ExperimentError(
        f"{nouns[one.name]} {one.name} is for {one.reads}, but {nouns[other.name]} {other.name} is for {other.reads}; "
        f"change one of them"
    )


def _either(entry: Entry) -> str:
    return " or ".join(entry.answers)
