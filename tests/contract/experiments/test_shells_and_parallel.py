"""Real shells and GNU parallel hand a child exactly the arguments that were meant.

The child is a Python program that appends its arguments, as JSON, to a file; many lines run in one shell, to stay fast.
"""

from __future__ import annotations

import ast
import json
import locale
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.cli.main import commands
from scheduler.errors import UserError
from scheduler.experiments import read, shell_line

# Thousands of these are started: what is built into Python starts in half the time of what it finds on the disk.
CHILD = "import posix, sys; posix.write(1, (ascii(sys.argv[1:]) + chr(10)).encode())"
SHELLS = ["sh", "bash", "dash", "zsh", "ksh", "fish"]
FAST = settings(max_examples=12, suppress_health_check=list(HealthCheck))

TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=20) | st.text(
    st.sampled_from("\\'\"$`!{}#%~*?[]()<>|&; \n\t=a"), max_size=12
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
CONFIGS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), min_size=4, max_size=12)
RESERVED = {"experiment_group", "grid", "zip", "include", "exclude", "defaults"}


def experiments(folder, configs, command):
    """Real experiments from a real file that holds these configurations."""
    path = folder / "experiments.json"
    entries = [{key: value for key, value in config.items() if key not in RESERVED} for config in configs]
    document = {"experiment_group": "it's $HOME `x` {}", "command": command, "experiments": entries}
    path.write_text(json.dumps(document))
    return list(read(str(path)).experiments())


def child(*arguments):
    return [sys.executable, "-S", "-c", CHILD.replace("${", "\\${"), *arguments]


def received(output: bytes) -> list[list[str]]:
    return [ast.literal_eval(line.decode()) for line in output.splitlines()]


def locale_is_there() -> bool:
    """Whether this machine has the locale that the environment names; bash and perl complain of one that is missing."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return True


LOCALE = {} if locale_is_there() else {"LC_ALL": "C"}


def surroundings(home) -> dict[str, str]:
    """The environment without the user's own settings for shells and parallel."""
    kept = {name: value for name, value in os.environ.items() if name not in ("BASH_ENV", "ENV", "PARALLEL", "ZDOTDIR")}
    return {**kept, **LOCALE, "HOME": str(home), "PARALLEL_HOME": str(home), "XDG_CONFIG_HOME": str(home)}


def run(argv, script: str, home) -> bytes:
    done = subprocess.run(argv, input=script.encode(), capture_output=True, check=False, timeout=100, env=surroundings(home))
    assert not done.stderr, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def parallel():
    """GNU parallel; another program of that name exists too."""
    found = shutil.which("parallel")
    if not found or b"GNU" not in subprocess.run([found, "--version"], capture_output=True, check=False).stdout:
        pytest.skip("GNU parallel is not installed")
    return [found, "-k", "-j1", "--will-cite"]


@pytest.mark.parametrize("shell", SHELLS)
@FAST
@given(configs=CONFIGS)
def test_a_shell_hands_on_the_very_same_json(tmp_path, shell, configs):
    """An apostrophe in a data set's name must not cost a night of training."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    found = experiments(tmp_path, configs, child("--gpu=-1", "${args_json}"))
    output = run([shell], "".join(shell_line(one.argv) + "\n" for one in found), tmp_path)
    assert received(output) == [list(one.argv[4:]) for one in found]
    assert [json.loads(argv[-1]) for argv in received(output)] == [{**one.config, "experiment_group": one.group} for one in found]


@FAST
@given(configs=CONFIGS)
def test_gnu_parallel_hands_on_the_very_same_json(tmp_path, parallel, configs):
    """`prepare | parallel` is the lab's way to run; parallel has replacement strings of its own, such as {}."""
    found = experiments(tmp_path, configs, child("${args_json}"))
    output = run(parallel, "".join(shell_line(one.argv) + "\n" for one in found), tmp_path)
    assert received(output) == [list(one.argv[4:]) for one in found]


@FAST
@given(configs=CONFIGS)
def test_lines_that_end_with_nul_carry_raw_newlines_through_parallel(tmp_path, parallel, configs):
    """Flags hold what the user wrote, newlines included; only NUL can end such a line."""
    found = experiments(tmp_path, configs, child("--", "${args}"))
    output = run([*parallel, "-0"], "".join(shell_line(one.argv) + "\0" for one in found), tmp_path)
    assert received(output) == [list(one.argv[4:]) for one in found]


# What `prepare` itself prints.


def printed(folder, config, command, *options: str) -> bytes:
    """The output of `exp-queue prepare` for one experiment of this configuration."""
    path = folder / "experiments.json"
    path.write_text(json.dumps({"experiment_group": "it's", "command": command, "experiments": [config]}))
    result = CliRunner().invoke(commands, ["prepare", str(path), *options], catch_exceptions=False)
    return result.stdout_bytes


NESTED = st.dictionaries(TEXTS, VALUES, max_size=4).filter(lambda config: not RESERVED & config.keys())


@FAST
@given(config=NESTED)
def test_the_line_that_prepare_prints_in_json_style_arrives_byte_for_byte(tmp_path, parallel, config):
    """For any nested JSON value: one line, and the child of sh and of GNU parallel receives the very bytes."""
    output = printed(tmp_path, config, child("${args}"), "--style", "json")
    wanted = [json.dumps({**config, "experiment_group": "it's"})]
    assert output.count(b"\n") == 1
    assert received(run(["sh"], output.decode(), tmp_path)) == received(run(parallel, output.decode(), tmp_path)) == [wanted]


@pytest.mark.parametrize("style", ["flags", "hydra"])
@FAST
@given(config=NESTED)
def test_other_styles_refuse_a_raw_newline_unless_lines_end_with_nul(tmp_path, parallel, style, config):
    """A line that breaks in two would run its second half as a command."""
    command = child("--", "${args_json}")
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"command": command, "experiments": [config]}))
    (one,) = read(str(path), style=style).experiments()
    if any("\n" in argument for argument in one.argv):
        with pytest.raises(UserError, match="holds a newline; use --null"):
            printed(tmp_path, config, command, "--style", style)
    else:
        output = printed(tmp_path, config, command, "--style", style)
        assert received(run(["sh"], output.decode(), tmp_path)) == [list(one.argv[4:])]
    output = printed(tmp_path, config, command, "--style", style, "--null")
    assert received(run([*parallel, "-0"], output.decode(), tmp_path)) == [list(one.argv[4:])]
