#!/usr/bin/env bash
# Train the four sample experiments, two at a time, on generated handwriting. Further arguments go to `exp-queue run`.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
ensure_environment recognizer
run_and_tell "$environment/bin/exp-queue" run experiments/sample.yaml -j2 "$@"
