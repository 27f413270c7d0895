# Sourced by the scripts that need `uv`, which solves what pip cannot: the versions for other Pythons, and the oldest ones.
#
#   $python is an interpreter, $scratch a directory that ends with the script; uv is on PATH, installed there if it was not.

python=$(find_python)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

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
