# Sourced by the other scripts: makes .venv in the checkout and installs exp-queue into it, once.
#
#   ensure_environment EXTRA     e.g. recognizer, or all; everything that it prints goes to standard error
#
# PYTHON names the interpreter to use (3.10 or later); without it the first that fits on PATH.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
checkout=$PWD
environment=$checkout/.venv

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "exp-queue needs Python 3.10 or later; none was found (set PYTHON=/path/to/python)" >&2
    return 1
}

# What is installed depends on these files; a change in them means: install again.
wanted_state() {
    cat "$checkout/setup.cfg" "$checkout/pyproject.toml" "$checkout/constraints.txt" | cksum
}

is_installed() {
    local stamp
    for stamp in "$environment/.installed-$1" "$environment/.installed-all"; do
        [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted_state)" ] && return 0
    done
    return 1
}

install_extra() {
    local python
    if [ ! -x "$environment/bin/python" ]; then
        python=$(find_python) || return 1
        echo "making $environment with $python" >&2
        "$python" -m venv "$environment" >&2 || {
            echo "no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv" >&2
            return 1
        }
    fi
    echo "installing exp-queue[$1] into $environment (once; PyTorch is large, this can take some minutes)" >&2
    install_constrained "setuptools>=68" || return 1
    install_constrained --no-build-isolation --editable ".[$1]" || return 1
    wanted_state > "$environment/.installed-$1"
}

# Nothing but the versions that were tested: a checkout of today works next year. That of setuptools, which builds exp-queue, too.
install_constrained() {
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@" >&2
}

ensure_environment() {
    is_installed "$1" && return 0
    # Two scripts started at once must not install into each other's half-made environment.
    exec 9> "$checkout/.venv.lock" || return 1
    if command -v flock > /dev/null; then flock 9; fi
    if is_installed "$1" || install_extra "$1"; then
        exec 9>&-
        return 0
    fi
    exec 9>&-
    return 1
}
