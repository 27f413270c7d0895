#!/usr/bin/env bash
# Print the sample's command lines, e.g. for `tasks/prepare_sample_experiments.sh | parallel -j2`.
# Further arguments go to `exp-queue prepare`.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
ensure_environment recognizer
run_and_tell "$environment/bin/exp-queue" prepare experiments/sample.yaml "$@"
