"""Trains small recognisers to their end, each with other settings, and keeps their curves: what `stopping_quality.py` replays.

    python benchmarks/recogniser_curves.py [--count 72] [--epochs 27] [--out benchmarks/data/recogniser_curves.json]

Generated characters; settings drawn at random, the same at each call. A curve has the accuracy on the validation set after
each epoch. An interrupted run goes on: what is in the file is not trained again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import torch

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent.parent)]

from text_recognizer.building import training_of  # noqa: E402 (the package of this checkout)
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.training.loop import Listeners  # noqa: E402

KEPT = HERE.parent / "data/recogniser_curves.json"
DATA = {"train_size": 3000, "val_size": 2000, "test_size": 1}


class Rows:
    """A tracker that keeps the accuracy of each epoch."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def log(self, values: dict[str, Any], step: int | None = None) -> None:
        if "val_accuracy" in values:
            self.values.append(round(float(values["val_accuracy"]), 4))

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **named: None


def settings(number: int, epochs: int) -> dict[str, Any]:
    """The experiment of this number."""
    random = Random(number)  # noqa: S311
    own = {"mlp": {"num_layers": random.choice([1, 2, 3])}, "lenet": {"channels": random.choice([4, 8, 16])}}
    network = random.choice(list(own))
    return {
        "dataset": "GeneratedCharacters",
        "dataset_args": DATA,
        "model": "CharacterModel",
        "network": network,
        "network_args": {"layer_size": random.choice([16, 32, 64, 128, 256]), "dropout": random.uniform(0, 0.6), **own[network]},
        "train_args": {
            "epochs": epochs,
            "patience": 0,
            "lr": 10 ** random.uniform(-4.5, -0.5),
            "warmup": random.uniform(0.05, 0.6),
            "batch_size": random.choice([32, 64, 128, 256]),
            "weight_decay": 10 ** random.uniform(-4, 0),
            "augment": random.choice([0.0, 0.0, 0.5, 1.0]),
        },
    }


def trained(number: int, epochs: int) -> list[float]:
    rows = Rows()
    with tempfile.TemporaryDirectory(prefix="curves-") as folder:
        listeners: Any = Listeners(rows, Path(folder), lambda line: None)  # type: ignore[arg-type]
        training_of(read(settings(number, epochs)), torch.device("cpu"), listeners, Path(folder)).run()
    return rows.values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=72)
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--out", type=Path, default=KEPT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.parent.mkdir(exist_ok=True)
    kept = json.loads(options.out.read_text()) if options.out.exists() else []
    for number in range(len(kept), options.count):
        kept.append(trained(number, options.epochs))
        options.out.write_text("[\n" + ",\n".join(map(json.dumps, kept)) + "\n]\n")


if __name__ == "__main__":
    main()
