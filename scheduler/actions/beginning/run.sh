#!/usr/bin/env bash
# Run the sample's experiments, two at a time. Further arguments go to `exp-queue run`, e.g. lr=0.2.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec exp-queue run experiments/sample.yaml -j2 "$@"
