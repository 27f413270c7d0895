"""`exp-queue check`, as a user types it, and what the commands show of a wrong file."""

from __future__ import annotations

import json

import pytest

FILE = """\
experiment_group: g
base: {train: {epochs: 8}}
grid: {net: [a, b], train.lr: [1e-3, 3e-4]}
exclude: [{net: b, train.lr: 1e-3}]
command: [python, train.py, "${args_json}"]
"""


def test_check_says_how_many_and_what_differs(command_line):
    """The question before every long run."""
    command_line.write("grid.yaml", FILE)
    result = command_line("check", "grid.yaml")
    assert (result.returncode, result.stderr) == (0, "")
    head, columns, *rows = result.stdout.splitlines()
    assert head == "grid.yaml: 3 experiments; what differs: train.lr, net"
    assert columns.split() == ["train.lr", "net"]
    assert [row.split()[1:] for row in rows] == [["0.001", "a"], ["0.0003", "a"], ["0.0003", "b"]]


def test_check_shows_as_many_as_are_asked_for(command_line):
    """The first few are enough for the eye; all of them is what `prepare` is for."""
    command_line.write("grid.yaml", FILE)
    assert len(command_line("check", "grid.yaml", "--first", "2").stdout.splitlines()) == 4
    assert command_line("check", "grid.yaml", "net=a", "--first", "0").stdout.splitlines() == [
        "grid.yaml: 2 experiments; what differs: train.lr"
    ]


def test_one_experiment_is_shown_as_its_command(command_line):
    """Where nothing differs, the command line is what one wants to see."""
    command_line.write("one.yaml", "base: {a: 1}\ncommand: [x, '${args}']")
    head, _, row = command_line("check", "one.yaml").stdout.splitlines()
    assert head == "one.yaml: 1 experiment"
    assert row.split()[1:] == ["x", "--a=1"]


def test_check_speaks_json_to_programs(command_line):
    """An editor or a script wants the number, not a sentence."""
    command_line.write("grid.yaml", FILE)
    found = json.loads(command_line("check", "grid.yaml", "--format", "json", "--first", "1").stdout)
    assert (found["file"], found["experiments"], found["differs_in"]) == ("grid.yaml", 3, ["train.lr", "net"])
    (first,) = found["first"]
    assert first["config"] == {"train": {"epochs": 8, "lr": 0.001}, "net": "a"}
    assert first["argv"][:2] == ["python", "train.py"]


def test_a_large_grid_is_counted_without_being_made(command_line):
    """A million combinations are a number, not a minute."""
    command_line.write("large.yaml", "grid:\n" + "".join(f"  k{n}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for n in range(6)))
    head = command_line("check", "large.yaml", "--first", "0").stdout
    assert head == "large.yaml: 1,000,000 experiments; what differs: k0, k1, k2, k3, k4, k5\n"


def test_the_schema_needs_no_file(command_line):
    """`exp-queue check --schema > experiment_file.schema.json`."""
    assert "experiments" in json.loads(command_line("check", "--schema").stdout)["properties"]


def test_a_wrong_file_is_shown_with_its_line_and_a_mark_below_the_column(command_line):
    """Nobody should have to open an editor to see what is meant."""
    command_line.write("bad.yaml", "base: {}\nresources: {gpu: 1}\n")
    result = command_line("check", "bad.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        'exp-queue: bad.yaml:2:13: unknown key "gpu"; did you mean "gpus"?\n    2 | resources: {gpu: 1}\n      |             ^\n'
    )


def test_of_an_enormous_line_the_part_around_the_mark_is_shown(command_line):
    """JSON that a program wrote is often a single line."""
    entries = ", ".join(f'{{"a": {number}}}' for number in range(500))
    command_line.write("long.json", '{"experiments": [' + entries + ', {"experiment_group": "x"}]}')
    message, line, mark = command_line("check", "long.json").stderr.splitlines()
    assert '"experiment_group" belongs to the whole file' in message
    assert len(line) < 120
    assert line[mark.index("^") :].startswith('"experiment_group"')


@pytest.mark.parametrize(("flag", "value"), [("--max-experiments", "100"), ("--max-experiments", "99")])
def test_the_flag_of_a_limit_works_for_every_command_that_reads_a_file(command_line, flag, value):
    """The message names the flag; so each command must know it."""
    command_line.write(
        "grid.yaml", "grid: {a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}\nprogram: 'true'"
    )
    for arguments in (["prepare"], ["check"], ["run", "--dry-run"]):
        result = command_line(*arguments, "grid.yaml", flag, value)
        assert result.returncode == (0 if value == "100" else 2), result.stderr
        assert ("add --max-experiments 100" in result.stderr) == (value == "99")


def test_a_size_limit_counts_mebibytes(command_line):
    """16 MiB is the default; somebody with a larger generated file must be able to go on."""
    command_line.write("large.yaml", "base: {}\n#" + "x" * (2 * 2**20))
    assert command_line("check", "large.yaml", "--max-size", "3").returncode == 0
    result = command_line("check", "large.yaml", "--max-size", "1")
    assert "the file is larger than 1 MiB" in result.stderr
    assert "raise --max-size" in result.stderr


def test_the_styles_drive_other_peoples_programs(command_line):
    """One file, four kinds of programs."""
    command_line.write("one.yaml", "base: {lr: 0.1, net: {k: 2}}")

    def line(*arguments):
        return command_line("prepare", "one.yaml", *arguments).stdout

    assert line("--program", "python train.py") == 'python train.py --gpu=-1 \'{"lr": 0.1, "net": {"k": 2}}\'\n'
    assert line("--program", "python train.py", "--style", "json") == line("--program", "python train.py")
    assert line("--program", "python train.py", "--style", "flags") == "python train.py --lr=0.1 '--net={'\"'\"'k'\"'\"': 2}'\n"
    assert line("--program", "python train.py", "--style", "hydra") == "python train.py ++lr=0.1 ++net.k=2\n"


def test_a_style_takes_the_place_of_the_macro_in_the_command(command_line):
    """Where the arguments stand is the file's business; how they look is asked for."""
    command_line.write("one.yaml", "base: {lr: 0.1}\ncommand: [x, '${args_json}', '--', y]")
    assert command_line("prepare", "one.yaml", "--style", "flags").stdout == "x --lr=0.1 -- y\n"
    command_line.write("none.yaml", "base: {lr: 0.1}\ncommand: [x]")
    assert command_line("prepare", "none.yaml", "--style", "hydra").stdout == "x ++lr=0.1\n"


READER = "import json, os, sys; print(sorted(json.load(open(sys.argv[1])).items()), oct(os.stat(sys.argv[1]).st_mode & 0o777))"


def test_the_file_of_the_arguments_is_private_and_there_when_the_job_runs(command_line):
    """Arguments may hold tokens, and a command line may be too short for them."""
    command_line.write("read.py", READER)
    command_line.write("one.yaml", "experiment_group: g\nbase: {a: 1}\ncommand: [python, read.py, '${args_json_file}']")
    line = command_line("prepare", "one.yaml").stdout
    folder = command_line.home / "arguments"
    assert f"{folder}/" in line
    assert (folder.stat().st_mode & 0o777, [path.suffix for path in folder.iterdir()]) == (0o700, [".json"])
    assert command_line("prepare", "one.yaml").stdout == line
    next(folder.iterdir()).unlink()
    result = command_line("run", "one.yaml", "-j1")
    assert result.returncode == 0, result.stderr
    assert "[('a', 1), ('experiment_group', 'g')] 0o600" in command_line("logs", "last").stdout


def test_looking_at_a_file_writes_no_argument_files(command_line):
    """`check` and a dry run leave nothing behind."""
    command_line.write("one.yaml", "base: {a: 1}\ncommand: [x, '${args_json_file}']")
    assert command_line("check", "one.yaml").returncode == 0
    assert command_line("run", "one.yaml", "--dry-run").returncode == 0
    assert not (command_line.home / "arguments").exists()


SEARCH = "method: random\nprogram: train.py\nmetric: {name: loss}\nparameters: {lr: {min: 0.0, max: 1.0}, depth: {value: 3}}\n"


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_a_right_sweep_file_of_any_method_is_said_to_be_right(command_line, method):
    """Its points are no list, but whether the file is right can be said; with status 0, for scripts that look at it alone."""
    command_line.write(
        "sweep.yaml", SEARCH.replace("random", method) + "run_cap: 7\nearly_terminate: {type: hyperband, min_iter: 3}"
    )
    result = command_line("check", "sweep.yaml", "--first", "2")
    assert result.returncode == 0, result.stderr
    opening, compared, right, *rows = result.stdout.splitlines()
    assert opening == f"sweep.yaml: a sweep, method {method}, loss to be minimized; 7 trials in all (run_cap)"
    assert compared == "trials are compared after 3, 9, 27, 81, ... rows, and those that fall behind are stopped"
    assert right == "the file is right; it searches lr; `exp-queue sweep sweep.yaml` runs it, with points like these:"
    assert [row.split()[:2] for row in rows] == [["lr"], ["1", rows[1].split()[1]], ["2", rows[2].split()[1]]]


def test_programs_learn_the_same_of_a_sweep_without_an_end(command_line):
    """No number of experiments is the honest number."""
    command_line.write("sweep.yaml", SEARCH)
    found = json.loads(command_line("check", "sweep.yaml", "--first", "1", "--format", "json").stdout)
    assert (found["experiments"], found["differs_in"], found["first"][0]["config"]["depth"]) == (None, ["lr"], 3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("metric: {name: loss}", "method bayes needs a metric"),
        ("lr: {min: 0.0, max: 1.0}, ", "every parameter of this sweep is constant"),
    ],
)
def test_a_wrong_sweep_file_is_still_wrong(command_line, change, expected):
    """Also where only the search would have found it."""
    command_line.write("sweep.yaml", SEARCH.replace("random", "bayes").replace(change, ""))
    result = command_line("check", "sweep.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert expected in result.stderr
