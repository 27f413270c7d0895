#!/usr/bin/env bash
# Check style and types and run the tests. Further arguments go to pytest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
ensure_environment all
"$environment/bin/ruff" check .
"$environment/bin/ruff" format --check .
"$environment/bin/mypy"
exec "$environment/bin/python" -m pytest "$@"
