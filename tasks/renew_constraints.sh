#!/usr/bin/env bash
# Write constraints.txt anew: the newest version of everything that exp-queue[all] installs, for all Pythons that it supports.
# Further arguments go to `uv pip compile`, e.g. --upgrade-package torch to renew nothing else. Then run the tests before a commit;
# `UPGRADE=1 tasks/test_functionality.sh` does both.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python=$(find_python)

# A mirror, certificate or constraint that pip is configured with holds for uv as well.
take_over() {
    local value
    value=$("$python" -m pip config list 2> /dev/null | sed -n "s/^\(:env:\|global\)\.$1='\(.*\)'$/\2/p" | head -n 1)
    [ -n "${!2:-}" ] || [ -z "$value" ] || export "$2=$value"
}
take_over index-url UV_DEFAULT_INDEX
take_over constraint UV_CONSTRAINT
take_over cert SSL_CERT_FILE

if ! command -v uv > /dev/null; then
    "$python" -m venv "$scratch/uv" >&2
    "$scratch/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv >&2
    PATH=$scratch/uv/bin:$PATH
fi

# setuptools builds exp-queue itself. The file in place is read for --upgrade-package alone.
[ $# -gt 0 ] || set -- --upgrade
cp constraints.txt "$scratch/constraints.txt" 2> /dev/null || true
echo "setuptools>=68" | uv pip compile --quiet --universal --python-version 3.10 --extra all --no-header --no-annotate \
    --output-file "$scratch/constraints.txt" "$@" setup.cfg - > /dev/null
{
    echo "# The versions that exp-queue was tested with. Written by tasks/renew_constraints.sh, see CONTRIBUTING.md;"
    echo "# tasks/environment.sh installs by it, and so can you: pip install --constraint constraints.txt '.[all]'"
    cat "$scratch/constraints.txt"
} > constraints.txt
