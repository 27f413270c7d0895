"""Macros: what each stands for, and what is left alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scheduler.experiments import read
from scheduler.experiments.command.command import (
    DEFAULT_COMMAND,
    Slot,
    Surroundings,
    resolve,
    surroundings,
)

AROUND = Surroundings("python", {"HOME_OF_DATA": "/data/${args}"})

CONFIG = "base: {lr: 1e-3, net: {layers: 2, names: [a, b]}, fast: true, slow: false, none: null, text: it's}\n"
STYLES = {
    "args_json": [
        '{"lr": 0.001, "net": {"layers": 2, "names": ["a", "b"]}, "fast": true, "slow": false, "none": null, '
        '"text": "it\'s", "experiment_group": "g"}'
    ],
    "args": [
        "--lr=0.001",
        "--net={'layers': 2, 'names': ['a', 'b']}",
        "--fast=True",
        "--slow=False",
        "--none=None",
        "--text=it's",
    ],
    "args_no_equals": [
        *("--lr", "0.001", "--net", "{'layers': 2, 'names': ['a', 'b']}"),
        *("--fast", "True", "--slow", "False", "--none", "None", "--text", "it's"),
    ],
    "args_no_hyphens": [
        "lr=0.001",
        "net={'layers': 2, 'names': ['a', 'b']}",
        "fast=True",
        "slow=False",
        "none=None",
        "text=it's",
    ],
    "args_no_boolean_flags": [
        "--lr=0.001",
        "--net={'layers': 2, 'names': ['a', 'b']}",
        "--fast",
        "--none=None",
        "--text=it's",
    ],
    "args_append_hydra": [
        *("+lr=0.001", "+net.layers=2", "+net.names=[a,b]", "+fast=true", "+slow=false", "+none=null", "+text='it\\'s'")
    ],
    "args_override_hydra": [
        *("++lr=0.001", "++net.layers=2", "++net.names=[a,b]"),
        *("++fast=true", "++slow=false", "++none=null", "++text='it\\'s'"),
    ],
}


def argv(tmp_path, text: str, program: str | None = None) -> tuple[str, ...]:
    path = tmp_path / "experiments.yaml"
    path.write_text(text)
    (experiment,) = read(str(path), program=program).experiments()
    return experiment.argv


@pytest.mark.parametrize(("name", "expected"), STYLES.items())
def test_each_macro_writes_the_arguments_in_its_own_style(tmp_path, name, expected):
    """Scripts that were written for W&B or Hydra run unchanged only if the style is exactly theirs."""
    text = f"experiment_group: g\n{CONFIG}command: [x, '${{{name}}}', y]"
    assert argv(tmp_path, text) == ("x", *expected, "y")


@pytest.mark.parametrize(
    ("token", "filled"),
    [
        ("${args_json}", Slot("args_json")),
        ("${interpreter}", "python"),
        ("${env}", "/usr/bin/env"),
        ("${envvar:HOME_OF_DATA}", "/data/${args}"),
        ("--data=${envvar:HOME_OF_DATA}/x", "--data=/data/${args}/x"),
        ("\\${args}", "${args}"),
        ("a\\${args}b", "a${args}b"),
        ("$HOME", "$HOME"),
        ("{}", "{}"),
        ("", ""),
    ],
)
def test_only_macros_are_filled_in(token, filled):
    """Everything else is the user's own text; what a variable holds is not read again."""
    assert resolve(token, AROUND) == filled


def test_a_command_in_one_string_is_split_before_it_is_filled_in(tmp_path):
    """A JSON argument with spaces stays one argument."""
    text = "base: {a: b c}\ncommand: 'sh -c \"echo \\${X}\" ${args_json} ''lone word'' \\${Y}'"
    assert argv(tmp_path, text) == ("sh", "-c", "echo ${X}", '{"a": "b c"}', "lone word", "${Y}")


def test_numbers_in_a_command_stand_for_their_digits(tmp_path):
    """`[python, train.py, --seed, 3]` is what people write."""
    assert argv(tmp_path, "base: {}\ncommand: [x, 3, 0.5]") == ("x", "3", "0.5")


def test_the_program_macro_is_one_argument(tmp_path):
    """As in W&B; a path may hold spaces."""
    text = "base: {a: 1}\nprogram: my train.py\ncommand: ['${env}', x, '${program}', '${args}']"
    assert argv(tmp_path, text) == ("/usr/bin/env", "x", "my train.py", "--a=1")
    assert argv(tmp_path, text, program="other.py") == ("/usr/bin/env", "x", "other.py", "--a=1")


def test_a_program_alone_is_called_as_the_lab_calls_its_own(tmp_path):
    """`--program "python training/run_experiment.py"` must give the lab's lines."""
    expected = ("python3", "t.py", "--gpu=-1", '{"a": 1}')
    assert argv(tmp_path, "base: {a: 1}\nprogram: python3 t.py") == expected
    assert argv(tmp_path, "base: {a: 1}\ncommand: [other]", program="python3 t.py") == expected


def test_a_lone_python_file_is_run_by_python(tmp_path):
    """`program: train.py` is what W&B users write; the file need not be executable."""
    python = surroundings(["x"]).interpreter
    assert argv(tmp_path, "base: {a: 1}\nprogram: train.py") == (python, "train.py", "--gpu=-1", '{"a": 1}')


def test_the_default_command_runs_in_this_very_environment(tmp_path):
    """The packages are in exp-queue's own environment, whether or not it is activated."""
    interpreter, *rest = argv(tmp_path, "base: {a: 1}")
    assert rest == ["-m", "text_recognizer.run_experiment", "--gpu=-1", '{"a": 1}']
    assert interpreter in ("python", sys.executable)


@pytest.fixture
def path_beginning_with():
    """Run with another PATH, as a shell with another environment activated would have it."""
    before = os.environ["PATH"]

    def prepend(folder):
        os.environ["PATH"] = f"{folder}:{before}"

    yield prepend
    os.environ["PATH"] = before


def test_an_activated_environment_is_called_plainly_python(tmp_path, path_beginning_with):
    """Readable lines, and lines that may be copied to a colleague."""
    own = Path(sys.executable).parent
    if not (own / "python").exists():
        pytest.skip("this environment has no command named python")
    path_beginning_with(own)
    assert surroundings(DEFAULT_COMMAND).interpreter == "python"


def test_another_environments_python_is_not_taken_for_ours(tmp_path, path_beginning_with):
    """Two environments share one base interpreter; only the directory tells them apart."""
    (tmp_path / "python").symlink_to(Path(sys.executable).resolve())
    path_beginning_with(tmp_path)
    assert surroundings(DEFAULT_COMMAND).interpreter == sys.executable
    assert surroundings(["${interpreter}"]).interpreter == "python"
