#!/usr/bin/env bash
# Search for good settings of a small line recogniser on generated handwriting, two trials at a time, and stop those that fall
# behind. Further arguments go to `exp-queue sweep`.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
ensure_environment recognizer,sweeps
# A sweep file's ${interpreter} is the `python` of PATH, as in W&B: here that of the environment, activated or not.
export PATH="$environment/bin:$PATH"
run_and_tell "$environment/bin/exp-queue" sweep sweeps/sample.yaml --method bayes -j2 "$@"
