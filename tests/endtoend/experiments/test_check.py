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
    command_line.write("train.py", "")
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


def test_a_program_that_is_not_there_is_named_once_wherever_somebody_looks_before_the_night(command_line):
    """Each of its jobs would end at once. It is no error: an earlier job may make it, or a host have it."""
    command_line.write("train.py", "")
    command_line.write("grid.yaml", FILE.replace("train.py", "trian.py"))
    said = (
        f"exp-queue: warning: grid.yaml: a program is not there: no file trian.py in {command_line.directory}; "
        'did you mean "train.py"?\n'
    )
    for words in (["check"], ["check", "--format", "json"], ["run", "--dry-run", "--format", "json"]):
        result = command_line(*words, "grid.yaml")
        assert (result.returncode, result.stderr) == (0, said), words
    assert said in command_line("run", "--dry-run", "grid.yaml").stderr
    assert said in command_line("submit", "grid.yaml").stderr
    assert command_line("run", "grid.yaml", "-j2").stderr.count(said) == 1
    assert "is not there" not in command_line("run", "grid.yaml", "--on", "slurm", "--dry-run").stderr
    (found,) = json.loads(command_line("check", "grid.yaml", "--format", "json").stdout)["not_there"]
    where = f"in {command_line.directory}"
    assert found == {"kind": "file", "name": "trian.py", "looked": where, "instead": "train.py", "hint": ""}


def test_a_sweep_whose_program_is_not_there_says_so_too(command_line):
    """In the same words, for the same reason."""
    command_line.write("sweep.yaml", SEARCH)
    said = "exp-queue: warning: sweep.yaml: a program is not there: no file train.py in "
    for words in (["check"], ["sweep", "--dry-run"]):
        assert command_line(*words, "sweep.yaml").stderr.startswith(said), words
    command_line.write("train.py", "")
    assert command_line("check", "sweep.yaml").stderr == ""


GRID = """\
method: grid
program: train.py
metric: {name: acc, goal: maximize}
parameters: {lr: {values: [0.1, 0.2, 0.3]}, net: {values: [a, b]}, depth: {value: 3}}
"""


def test_a_grid_of_a_sweep_file_is_said_to_be_a_sweep_with_what_it_is_after_and_how_it_is_started(command_line):
    """`run` takes it as well, but runs all of it to its end; who only saw a number of experiments would not know."""
    command_line.write("train.py", "")
    command_line.write("my grid.yaml", GRID)
    result = command_line("check", "my grid.yaml", "--first", "1")
    assert (result.returncode, result.stderr) == (0, "")
    opening, right, columns, row = result.stdout.splitlines()
    assert opening == "my grid.yaml: a sweep, method grid, acc to be maximized; every point of the grid"
    assert right == (
        "the file is right; it searches lr, net: 6 points; `exp-queue sweep 'my grid.yaml'` runs it, "
        "`exp-queue run 'my grid.yaml'` the same as a list, each to its end:"
    )
    assert (columns.split(), row.split()[1:]) == (["lr", "net"], ["0.1", "a"])


def test_a_grid_with_an_end_and_a_rule_says_both_and_so_do_programs_hear(command_line):
    """Of six points four are tried, and not all to their end."""
    command_line.write("train.py", "")
    command_line.write("sweep.yaml", GRID + "run_cap: 4\nearly_terminate: {type: hyperband, min_iter: 3}\n")
    opening, compared, right, *_ = command_line("check", "sweep.yaml").stdout.splitlines()
    assert opening == "sweep.yaml: a sweep, method grid, acc to be maximized; 4 trials in all (run_cap)"
    assert compared.startswith("trials are compared after 3, 9, 27, 81, ... rows")
    assert right.startswith("the file is right; it searches lr, net: 6 points, of which run_cap leaves 4; `exp-queue sweep")
    found = json.loads(command_line("check", "sweep.yaml", "--format", "json", "--first", "0").stdout)
    assert (found["experiments"], found["differs_in"]) == (4, ["lr", "net"])
    sweep = found["sweep"]
    assert (sweep["method"], sweep["points"], sweep["run_cap"], sweep["target"]) == ("grid", 6, 4, None)
    assert sweep["objectives"] == [{"name": "acc", "goal": "maximize"}]
    assert (sweep["early_terminate"]["min_iter"], sweep["start"]) == (3, "exp-queue sweep sweep.yaml")


@pytest.mark.parametrize("method", ["grid", "random"])
@pytest.mark.parametrize("words", [["check"], ["sweep"], ["sweep", "--dry-run"]], ids=" ".join)
def test_early_stopping_without_a_metric_is_one_error_at_its_place(command_line, method, words):
    """It was a note that nothing is stopped, and then an error that nothing can be compared."""
    text = GRID.replace("method: grid", f"method: {method}").replace("metric: {name: acc, goal: maximize}\n", "")
    command_line.write("train.py", "")
    command_line.write("sweep.yaml", text + "early_terminate: {type: hyperband, min_iter: 3}\n")
    result = command_line(*words, "sweep.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    first, *excerpt = result.stderr.splitlines()
    assert first == (
        "exp-queue: sweep.yaml:4:1: early stopping compares trials by a metric, and this sweep file names none; "
        "add metric: {name: ..., goal: minimize}, or stop none with --pruner none"
    )
    assert len(excerpt) == 2
    assert command_line.jobs() == []


def test_a_rule_that_nobody_follows_needs_no_metric(command_line):
    """`--pruner none` says that it is meant so, and no note says it once more."""
    command_line.write("train.py", "")
    text = GRID.replace("metric: {name: acc, goal: maximize}\n", "")
    command_line.write("sweep.yaml", text + "early_terminate: {type: hyperband, min_iter: 3}\n")
    result = command_line("sweep", "sweep.yaml", "--pruner", "none", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "early" not in result.stderr
