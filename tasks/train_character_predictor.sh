#!/usr/bin/env bash
# Train a reader of single characters on EMNIST (where to put it: docs/guide/data/emnist.md) and keep its weights.
# Further arguments are flags of the experiment, e.g. --gpu=-1 or --lr=1e-3.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
ensure_environment recognizer
run_and_tell "$environment/bin/python" -m text_recognizer.run_experiment --save \
    '{"dataset": "EmnistDataset", "model": "CharacterModel", "network": "mlp", "train_args": {"batch_size": 256}}' "$@"
