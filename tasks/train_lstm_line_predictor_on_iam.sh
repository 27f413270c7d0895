#!/usr/bin/env bash
# Train the same reader on the lines of IAM (from your own copy) and keep its weights.
# Further arguments are flags of the experiment, e.g. --gpu=-1 or --lr=1e-3.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
ensure_environment recognizer
run_and_tell "$environment/bin/python" -m text_recognizer.run_experiment --save \
    '{"dataset": "IamLinesDataset", "model": "LineModelCtc", "network": "line_lstm_ctc", "train_args": {"epochs": 32}}' "$@"
