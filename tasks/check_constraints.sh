#!/usr/bin/env bash
# Whether the versions of constraints.txt can be installed together, on every Python that setup.cfg names. Nothing is installed; needs a
# network. What an index says of a version may change after it was pinned: one that a Python may not have any more fails every set-up there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
source tasks/uv.sh

failed=()
for version in $(sed -n 's/^ *Programming Language :: Python :: \(3\.[0-9]*\)$/\1/p' setup.cfg); do
    uv pip compile --quiet --python-version "$version" --python-platform linux --constraint constraints.txt --extra all setup.cfg \
        > /dev/null && echo "Python $version: they fit together" >&2 || failed+=("$version")
done
[ ${#failed[@]} -eq 0 ] || {
    echo "constraints.txt cannot be installed on Python ${failed[*]}: tasks/renew_constraints.sh --upgrade-package NAME renews the one that is named above" >&2
    exit 1
}
