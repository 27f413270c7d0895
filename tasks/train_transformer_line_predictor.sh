#!/usr/bin/env bash
# Train a reader that writes lines set from EMNIST's characters token by token, and keep its weights.
# Further arguments are flags of the experiment, e.g. --gpu=-1 or --lr=1e-3.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
ensure_environment recognizer
run_and_tell "$environment/bin/python" -m text_recognizer.run_experiment --save \
    '{"dataset": "EMNISTLines2", "network": "LineCNNTransformer", "train_args": {"epochs": 40, "lr": 1e-3}}' "$@"
