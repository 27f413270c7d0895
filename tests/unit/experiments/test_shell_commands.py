"""Words of a command that only a shell understands, and what `shell: true` makes of them; and values by their name."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.experiments import ExperimentFile, read
from scheduler.sweeps.sweep import read_plan


@pytest.fixture
def file(tmp_path: Path):
    """Reads an experiments file of this text."""

    def reading(text: str, **asked: str) -> ExperimentFile:
        (tmp_path / "grid.yaml").write_text(text)
        return read(str(tmp_path / "grid.yaml"), **asked)

    return reading


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("FOO=1 python train.py", "FOO=1"),
        ("python train.py | tee log", "|"),
        ("python train.py > log 2>&1", ">"),
        ("python train.py 2>/dev/null", "2>"),
        ("python a.py && python b.py", "&&"),
        ("python a.py; python b.py", ";"),
        ("python a.py &", "&"),
        ("python a.py < in", "<"),
        ("python a.py --tag $(date)", "$("),
        ("python a.py --tag `date`", "`"),
        ("python a.py data/*.csv", "*.csv"),
    ],
)
def test_a_text_that_needs_a_shell_is_refused_where_it_stands(file, command: str, word: str) -> None:
    """Started without one it fails in every experiment, with no word of a shell."""
    with pytest.raises(UserError) as caught:
        file(f"base: {{x: 1}}\ncommand: {command}\n")
    assert str(caught.value).partition("grid.yaml")[2].startswith(f":2:10: a shell would understand {word} here")
    assert "shell: true" in str(caught.value)
    assert "[bash, -c" in str(caught.value)


@pytest.mark.parametrize(
    "command",
    [
        "python train.py --pattern 'a|b' --glob \"*.csv\" 'x > y; z && w'",
        r"python train.py a\|b \${HOME} $HOME ${args} --url=http://x/y?a=b",
        "sh -c 'FOO=1 python train.py | tee log'",
        "python train.py --lr=3 x=1 2*3",
        "python -c \"print('it;s')\"",
    ],
)
def test_an_argument_that_is_quoted_or_plain_is_not_taken_for_a_shells(file, command: str) -> None:
    """What works must not be refused."""
    quoted = command.replace("'", "''")
    assert file(f"base: {{x: 1}}\ncommand: '{quoted}'\n").notes == ()


def test_a_program_that_needs_a_shell_is_refused_too(file) -> None:
    """In the file and on the command line, as a command is."""
    with pytest.raises(UserError, match="a shell would understand A=1"):
        file("base: {x: 1}\nprogram: A=1 python train.py\n")
    with pytest.raises(UserError, match="--program: a shell would understand"):
        file("base: {x: 1}\n", program="python a.py | tee log")


@pytest.mark.parametrize("command", ["[python, a.py, '|', tee, log]", "[A=1, python, a.py]", "[a, '&&', b]"])
def test_a_list_with_a_word_of_a_shell_is_warned_of(file, command: str) -> None:
    """In a list each argument is meant as it stands, perhaps (`[expr, 3, ">", 2]`): so it is told, and goes on."""
    (note,) = file(f"base: {{x: 1}}\ncommand: {command}\n").notes
    assert "started without a shell" in str(note)


def test_a_command_that_sets_its_gpu_itself_is_warned_of(file) -> None:
    """It takes the place of the GPU that the job was given."""
    (note,) = file("base: {x: 1}\ncommand: [env, CUDA_VISIBLE_DEVICES=0, python, a.py]\n").notes
    assert "CUDA_VISIBLE_DEVICES" in str(note)


NASTY = "it's $(touch never) `x` \\ \" *"


def test_what_macros_stand_for_is_quoted_for_the_shell(file, tmp_path: Path) -> None:
    """A value is a value, whatever a shell would make of its characters."""
    command = 'A=${x}; printf "%s\\n" "$A" ${args} ${args_json} | cat'
    text = f"base: {{x: {json.dumps(NASTY)}}}\nshell: true\ncommand: '{command}'\n"
    (one,) = file(text).experiments()
    assert one.argv[:2] == ("sh", "-c")
    done = subprocess.run(one.argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[:2] == [NASTY, f"--x={NASTY}"]
    assert not (tmp_path / "never").exists()


def test_a_macro_in_quotes_of_a_shell_is_refused(file) -> None:
    """Quoted twice it would stand bare, and a blank in a value make two arguments of it."""
    with pytest.raises(UserError, match="stands in quotes"):
        file("grid: {x: [1]}\nshell: true\ncommand: 'tee \"out ${x}.txt\"'\n")


def test_another_style_and_a_program_have_their_place_in_a_shell(file) -> None:
    """`--style` and `program:` mean what they mean without one."""
    text = "base: {x: 1}\nshell: true\ncommand: 'A=1 ${program} ${args} | cat'\nprogram: [python, my train.py]\n"
    (one,) = file(text, style="hydra").experiments()
    assert one.argv[2] == "A=1 python 'my train.py' ++x=1 | cat"
    (one,) = file("base: {x: 1}\nshell: true\ncommand: 'python a.py'\n", style="flags").experiments()
    assert one.argv[2] == "python a.py --x=1"


def test_a_list_is_no_text_for_a_shell(file) -> None:
    """Which of its words would be quoted is anybody's guess."""
    with pytest.raises(UserError, match="expected the command as text, with shell: true"):
        file("base: {x: 1}\nshell: true\ncommand: [python, a.py]\n")


def test_one_value_is_filled_in_by_its_name(file) -> None:
    """`--lr=${lr}` for a script that takes one of many, or by a name of its own."""
    text = "base: {net: {layers: 2}, fast: true, a.b: x}\ngrid: {lr: [1e-3, 2]}\n"
    text += "command: [p, '--lr=${lr}/${lr}', '${net.layers}', '${fast}', '${a.b}', '\\${lr}']\n"
    assert [one.argv for one in file(text).experiments()] == [
        ("p", "--lr=0.001/0.001", "2", "True", "x", "${lr}"),
        ("p", "--lr=2/2", "2", "True", "x", "${lr}"),
    ]


def test_a_macro_goes_before_a_key_of_its_name(file) -> None:
    """A file that ran before means what it meant."""
    (one,) = file("base: {env: mine, args: 2}\ncommand: [p, '${env}', '${args}']\n").experiments()
    assert one.argv == ("p", "/usr/bin/env", "--env=mine", "--args=2")


@pytest.mark.parametrize("text", ["base: {lr: 1}", "experiments: [{lr: 1, lrr: 1}, {lr: 2}]"])
def test_a_name_that_an_experiment_lacks_is_an_error_with_its_place(file, text: str) -> None:
    """Before anything runs, and with what was meant."""
    with pytest.raises(UserError, match=r'grid.yaml:2:14: unknown macro \$\{lrr\}; did you mean "lr"'):
        file(f"{text}\ncommand: [p, '--lr=${{lrr}}']\n")


def test_a_sweep_file_has_values_by_name_where_they_stand_alone(tmp_path: Path) -> None:
    """Inside an argument `${...}` is Hydra's, as with W&B."""
    text = "method: {}\nprogram: a.py\nparameters: {{lr: {{values: [1]}}}}\ncommand: [p, '${{{}}}', 'x=${{lr}}']\n"
    path = tmp_path / "sweep.yaml"
    path.write_text(text.format("random", "lr"))
    assert read_plan(str(path)).experiment([1]).argv == ("p", "1", "x=${lr}")
    path.write_text(text.format("random", "lrr"))
    with pytest.raises(UserError, match=r"sweep.yaml:4:14: unknown macro"):
        read_plan(str(path))


def test_a_printed_line_of_a_shell_command_is_one_command(file) -> None:
    """`prepare | parallel` gets the very same arguments."""
    (one,) = file("base: {x: a b}\nshell: true\ncommand: 'echo ${x} | cat'\n").experiments()
    assert shlex.split(one.argv[2])[:2] == ["echo", "a b"]
