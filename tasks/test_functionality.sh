#!/usr/bin/env bash
# Check style and types and run the tests, four side by side: most of them wait for processes. Further arguments go to pytest;
# `-n 0` runs one test after the other.
# With UPGRADE=1 constraints.txt is renewed before: the newest of everything is installed and tested.
set -euo pipefail
if [ -n "${UPGRADE:-}" ]; then "$(dirname "${BASH_SOURCE[0]}")/renew_constraints.sh"; fi
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
{ ensure_browser; ensure_cluster; } &  # beside the other installation: each takes its minutes
ensure_environment all
wait
"$environment/bin/ruff" check .
"$environment/bin/ruff" format --check .
"$environment/bin/mypy"
run_and_tell "$environment/bin/python" -m pytest --numprocesses 4 --dist worksteal "$@"
