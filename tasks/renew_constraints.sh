#!/usr/bin/env bash
# Write constraints.txt anew: the newest version of everything that exp-queue[all] installs, for all Pythons that it supports.
# Further arguments go to `uv pip compile`, e.g. --upgrade-package torch to renew nothing else. Then run the tests before a commit;
# `UPGRADE=1 tasks/test_functionality.sh` does both.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
source tasks/uv.sh

# setuptools builds exp-queue itself. The file in place is read for --upgrade-package alone.
[ $# -gt 0 ] || set -- --upgrade
cp constraints.txt "$scratch/constraints.txt" 2> /dev/null || true
echo "setuptools>=77.0.3" | uv pip compile --quiet --universal --python-version 3.10 --extra all --no-header --no-annotate \
    --output-file "$scratch/constraints.txt" "$@" setup.cfg - > /dev/null
{
    echo "# The versions that exp-queue was tested with. Written by tasks/renew_constraints.sh, see CONTRIBUTING.md;"
    echo "# tasks/environment.sh installs by it, and so can you: pip install --constraint constraints.txt '.[all]'"
    cat "$scratch/constraints.txt"
} > constraints.txt
"$checkout/tasks/check_constraints.sh"
