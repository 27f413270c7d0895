"""The help text of `run_experiment`, made from the catalog and the options classes, without importing torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from text_recognizer.catalog import DATASETS, MODELS, NETWORKS, Catalog

_HEAD = """\
Usage: python -m text_recognizer.run_experiment [JSON] [--FLAG=VALUE ...]

Trains one recogniser of handwriting and tests it on held-out writing. The experiment comes as a JSON object, as flags,
or as both in any order; flags win. One of dataset, model and network is enough, the rest follows.

    python -m text_recognizer.run_experiment --network=mlp
    python -m text_recognizer.run_experiment --gpu=-1 '{"dataset": "GeneratedLines", "train_args": {"epochs": 8}}'
    python -m text_recognizer.run_experiment --dataset=GeneratedLines --lr=3e-3 --network_args.hidden=128 --save

  --gpu=N      claim GPU N, or any free one with -1 (the CPU on a machine without GPUs); default: CUDA if visible
  --gpus=N     the labs' word for it: 1 or -1 for any free GPU, 0 for the CPU, `0,` for GPU 0
  --save       keep the best weights as weights/MODEL_DATASET_NETWORK.pt (or in TEXT_RECOGNIZER_WEIGHTS)
  --wandb      log to Weights & Biases as well
  --trackers=LIST
               log to these as well: wandb, tensorboard, swanlab, trackio, with commas (EXP_QUEUE_TRACKERS names more)
  --dataset, --model, --network, --experiment_group
               names; --data_class and --model_class are older words for --dataset and --network
  --KEY=VALUE  any key below; --train_args.KEY, --network_args.KEY and --dataset_args.KEY name the place as well

Results go to EXP_QUEUE_RUN_DIR, or to a new directory in ./runs: metrics.jsonl, predictions.jsonl, checkpoints/."""


def text() -> str:
    """The whole help, some sixty lines."""
    return "\n".join([_HEAD, *_names(), *_keys("dataset_args", DATASETS), *_keys("network_args", NETWORKS), *_training()])


def _names() -> Iterator[str]:
    for catalog in (DATASETS, MODELS, NETWORKS):
        yield f"\n{catalog.noun}:"
        for entry in catalog.entries:
            also = f"  (also {', '.join(entry.aliases)})" if entry.aliases else ""
            yield f"  {entry.name} [{entry.reads}]{also}"


def _keys(where: str, catalog: Catalog) -> Iterator[str]:
    for entry in catalog.entries:
        yield f"\n{where} of {entry.name}:"
        yield from (_line(f, str(f.default)) for f in dataclasses.fields(entry.options))


def _training() -> Iterator[str]:
    yield "\ntrain_args (default for characters / for lines where they differ):"
    first, second = (MODELS.find(name).options for name in ("CharacterModel", "LineModelCtc"))
    of_characters = {field.name: str(field.default) for field in dataclasses.fields(first)}
    for field in dataclasses.fields(second):
        alone, other = of_characters.get(field.name, "none"), str(field.default)
        yield _line(field, other if alone == other else f"{alone} / {other}")


def _line(field: dataclasses.Field[Any], default: str) -> str:
    also = f" (also {', '.join(field.metadata['aliases'])})" if field.metadata["aliases"] else ""
    return f"  {field.name:20}{field.metadata['help']}{also}; default {default or 'none'}"
