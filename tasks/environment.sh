# Sourced by the other scripts: makes .venv in the checkout and installs exp-queue into it, once.
#
#   ensure_environment EXTRA     e.g. recognizer, or all; everything that it prints goes to standard error
#
#   ensure_browser             Chromium for the tests of pages, where that is possible
#   ensure_cluster             Slurm and sshd for the tests of other machines, where that is possible and asked for (WITH_CLUSTER=1)
#
#   run_and_tell COMMAND...      runs it, says how the reader's own shell finds exp-queue, and ends with its exit status
#
# PYTHON names the interpreter to use (3.10 or later); without it the first that fits on PATH.
# PYTORCH_CPU_INDEX is where PyTorch's builds without CUDA are looked for on a machine without an NVIDIA driver; empty: nowhere,
# the usual builds are installed everywhere.

started_in=$PWD
found_before=$(command -v exp-queue || true)
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
checkout=$PWD
environment=$checkout/.venv
cpu_index=${PYTORCH_CPU_INDEX-https://download.pytorch.org/whl/cpu}

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

# The rule by which exp-queue itself says that there are no GPUs.
has_driver() {
    "$environment/bin/python" -c 'import ctypes; ctypes.CDLL("libnvidia-ml.so.1")' 2> /dev/null
}

has_cpu_builds() {
    compgen -G "$environment/lib/python*/site-packages/torch-*+cpu.dist-info" > /dev/null
}

is_installed() {
    local stamp
    if has_cpu_builds && has_driver; then return 1; fi  # the driver came later
    for stamp in "$environment/.installed-$1" "$environment/.installed-all"; do
        [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted_state)" ] && return 0
    done
    return 1
}

has_pip() {
    [ -x "$environment/bin/python" ] && compgen -G "$environment/lib/python*/site-packages/pip/__main__.py" > /dev/null
}

install_extra() {
    local python
    if ! has_pip; then
        python=$(find_python) || return 1
        echo "making $environment with $python" >&2
        "$python" -m venv "$environment" >&2 || {  # over one that was interrupted, too
            echo "no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv" >&2
            return 1
        }
    fi
    echo "installing exp-queue[$1] into $environment (once; PyTorch is large, this can take some minutes)" >&2
    install_constrained "setuptools>=77.0.3" || return 1
    choose_pytorch "$1" || return 1
    install_constrained --no-build-isolation --editable ".[$1]" || return 1
    wanted_state > "$environment/.installed-$1"
}

# Nothing but the versions that were tested: a checkout of today works next year. That of setuptools, which builds exp-queue, too.
install_constrained() {
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@" >&2
}

# Where there is no driver, the builds without CUDA, in the same versions: a tenth of the size. Whatever keeps them from being
# had, the usual builds do as well.
choose_pytorch() {
    if has_driver; then
        if has_cpu_builds; then "$environment/bin/python" -m pip uninstall --quiet --yes torch torchvision >&2; fi
        return
    fi
    case ",$1," in *,recognizer,* | *,all,*) ;; *) return 0 ;; esac
    if has_cpu_builds || ! offers_cpu_builds; then return 0; fi
    echo "no NVIDIA driver here: PyTorch comes without CUDA, from $cpu_index" >&2
    from_cpu_index install --quiet --constraint constraints.txt --no-deps torch torchvision >&2 ||
        echo "that failed; PyTorch's usual builds do as well" >&2
}

# Asked for a few seconds only, and not at all by a machine whose pip is told to get everything from a place of its own.
offers_cpu_builds() {
    [ -n "$cpu_index" ] || return 1
    if [ -z "${PYTORCH_CPU_INDEX:-}" ] && has_index_of_its_own; then return 1; fi
    from_cpu_index --retries 0 --timeout 4 index versions torch 2> /dev/null | grep -F +cpu > /dev/null
}

has_index_of_its_own() {
    "$environment/bin/python" -m pip config list 2> /dev/null | grep -E "\.(index-url|no-index)=" > /dev/null
}

# pip with that index and nothing beside it: what other places offer must not pass for it.
from_cpu_index() {
    PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS='' PIP_EXTRA_INDEX_URL='' PIP_INDEX_URL=$cpu_index \
        "$environment/bin/python" -m pip --disable-pip-version-check "$@"
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

# Chromium, for the tests of pages. NO_BROWSER=1: none is installed.
ensure_browser() {
    if [ -n "${NO_BROWSER:-}" ]; then return 0; fi
    ensure_programs chromedriver "Chromium for the tests of pages (NO_BROWSER=1 leaves it out)" chromium chromium-driver fonts-dejavu-core
}

# Slurm, an ssh server and rsync, for the tests of other machines, and only with WITH_CLUSTER=1: they are services, which nobody wants by
# the way.
ensure_cluster() {
    if [ -z "${WITH_CLUSTER:-}" ]; then return 0; fi
    ensure_programs sshd "an ssh server for the tests of other hosts" openssh-server openssh-client
    ensure_programs rsync "rsync for the tests of code that is brought to hosts" rsync
    ensure_programs slurmctld "Slurm for the tests of clusters" slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins
}

# ensure_programs PROGRAM WHAT PACKAGE...: where a package manager gives them to us without a question; without them some tests are
# skipped and say so. Nothing that goes wrong here keeps anybody from anything.
ensure_programs() {
    local program=$1 what=$2
    shift 2
    if PATH=$PATH:/usr/sbin:/sbin command -v "$program" > /dev/null; then return 0; fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then return 0; fi
    echo "installing $what (once)" >&2
    { apt_quietly update && apt_quietly install --no-install-recommends "$@"; } > /dev/null 2>&1 < /dev/null ||
        echo "that failed; these tests are skipped" >&2
}

apt_quietly() {
    DEBIAN_FRONTEND=noninteractive timeout 300 apt-get --quiet --yes -o DPkg::Lock::Timeout=120 -o Acquire::Retries=0 "$@"
}

# The last word of every script: run a command, and say then how the reader's shell finds exp-queue, if it does not find this one.
# A Ctrl-C reaches the command from the terminal; it says itself what that means. A SIGTERM reaches this script alone, which hands it
# on: bash would die of it and leave behind a command that it runs in the foreground.
run_and_tell() {
    local child='' asked='' status=0
    trap '' INT
    trap 'asked=yes; [ -z "$child" ] || kill -TERM "$child" 2> /dev/null || :' TERM
    (trap - INT; exec "$@") <&0 &  # in the background bash would have it ignore Ctrl-C, and read nothing
    child=$!
    if [ -n "$asked" ]; then kill -TERM "$child" 2> /dev/null || :; fi
    while kill -0 "$child" 2> /dev/null; do wait "$child" || :; done  # a signal ends `wait` before the command is over
    wait "$child" || status=$?
    how_to_go_on
    exit "$status"
}

how_to_go_on() {
    local place=$environment/bin/activate
    [ "$found_before" != "$environment/bin/exp-queue" ] || return 0
    [ "$started_in" != "$checkout" ] || place=.venv/bin/activate
    case ${SHELL:-} in
        */fish) place=$place.fish ;;
        */csh | */tcsh) place=$place.csh ;;
    esac
    printf 'to have the command exp-queue in this shell: source %q\n' "$place" >&2
}
