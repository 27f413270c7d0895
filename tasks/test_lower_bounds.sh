#!/usr/bin/env bash
# Run tests with the oldest versions that setup.cfg allows, in an environment that is thrown away.
#
#   tasks/test_lower_bounds.sh EXTRAS [PYTEST ARGUMENTS]      e.g. test tests/unit, or test,sweeps tests/contract/sweeps
#
# PYTHON names the interpreter (default: the first that fits). Where a version has no wheel for it, the next that has one is taken.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
source tasks/uv.sh
extras=${1:?name the extras, e.g. test or test,sweeps}
shift
uv venv --quiet --python "$python" "$scratch/oldest"
uv pip install --quiet --python "$scratch/oldest" --resolution lowest-direct --only-binary :all: \
    --no-binary exp-queue --no-binary antlr4-python3-runtime --editable ".[$extras]"
uv pip freeze --quiet --python "$scratch/oldest" >&2
"$scratch/oldest/bin/python" -m pytest -p no:cacheprovider "$@"
