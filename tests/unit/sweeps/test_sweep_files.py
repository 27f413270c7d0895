"""Sweep files with method grid as experiments: commands, overrides, limits and the messages for wrong files."""

from __future__ import annotations

import pytest

from scheduler.errors import UserError
from scheduler.experiments import Ranking
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.document.limits import Limits
from scheduler.sweeps import read_file
from scheduler.sweeps.sweep import read_plan

GRID = "method: grid\nprogram: train.py\nparameters:\n  lr: {values: [0.1, 0.2]}\n  epochs: {value: 3}\n"


@pytest.fixture
def read(tmp_path):
    def reader(text, *overrides, program=None, style="template", limits=None):
        path = tmp_path / "sweep.yaml"
        path.write_text(text)
        return read_file(str(path), overrides, Asked(program, style), limits or Limits())

    return reader


def argvs(found) -> list[tuple[str, ...]]:
    return [experiment.argv for experiment in found.experiments()]


def test_the_default_command_is_that_of_wandb(read):
    """`/usr/bin/env python train.py --epochs=3 --lr=0.1`."""
    env, interpreter, *rest = argvs(read(GRID))[0]
    assert (env, rest) == ("/usr/bin/env", ["train.py", "--epochs=3", "--lr=0.1"])
    assert interpreter in ("python", "python3")


def test_the_metric_of_the_file_ranks_its_experiments(read):
    """`run` prints the best first, as `sweep` does; W&B's goal is minimize where none is said."""
    ranked = [read(GRID + f"metric: {{name: acc{goal}}}\n").policy.objective for goal in ("", ", goal: maximize")]
    assert ranked == [Ranking("acc", "minimize"), Ranking("acc", "maximize")]
    assert read(GRID).policy.objective is None


def test_the_command_may_be_a_list_or_text(read):
    """W&B knows the list; the text saves brackets and quotes."""
    wanted = ("python3", "train.py", "--epochs", "3", "--lr", "0.1")
    assert argvs(read(GRID + "command: [python3, '${program}', '${args_no_equals}']"))[0] == wanted
    assert argvs(read(GRID + "command: python3 ${program} ${args_no_equals}"))[0] == wanted


def test_a_command_without_the_program_is_as_good(read):
    """W&B wants `program` for its pages even where the command does not use it."""
    assert argvs(read(GRID + "command: [x, '${args_json}']"))[0] == ("x", '{"epochs": 3, "lr": 0.1}')


def test_another_program_takes_the_place_of_the_files(read):
    """As for experiments files, but without the lab's own option."""
    assert argvs(read(GRID, program="other.py"))[0][2:] == ("other.py", "--epochs=3", "--lr=0.1")
    assert argvs(read(GRID + "command: [x, '${args}']", program="python3 t.py"))[0] == (
        "python3",
        "t.py",
        "--epochs=3",
        "--lr=0.1",
    )


def test_the_style_is_asked_for_as_in_experiments_files(read):
    """One flag for both kinds of files."""
    assert argvs(read(GRID, style="json"))[0][2:] == ("train.py", '{"epochs": 3, "lr": 0.1}')


def test_nothing_of_a_sweep_file_is_interpolated(read):
    """W&B has no interpolation; the text may be meant for the program."""
    assert argvs(read(GRID + "  note: {value: '${lr}'}"))[0][-1] == "--note=${lr}"


def test_no_group_is_made_up(read):
    """A sweep's name is no experiment_group; the program would not know the key."""
    (first, _) = read(GRID + "name: my sweep").experiments()
    assert first.group is None


def test_overrides_name_parameters(read):
    """Also nested ones, and names that hold a dot."""
    text = GRID + "  a.b: {values: [1, 2]}\n  n: {parameters: {k: {values: [3, 4]}}}"
    found = read(text, "lr=0.5", "a.b=7", "n.k=8", "+new=9", "~epochs")
    assert [experiment.config for experiment in found.experiments()] == [{"lr": 0.5, "a.b": 7, "n": {"k": 8}, "new": 9}]


def test_early_termination_is_said_not_to_happen(read):
    """Silence would let people believe that their rule was followed."""
    found = read(GRID + "early_terminate: {type: hyperband, min_iter: 3}")
    assert found.notes == (
        "early_terminate is not followed here: every experiment runs to its end; `exp-queue sweep` follows it",
    )
    assert read(GRID).notes == ()


def test_experiments_files_are_read_as_ever(read):
    """The commands call one function for both."""
    assert [one.config for one in read("grid: {a: [1, 2]}", "b=1").experiments()] == [{"a": 1, "b": 1}, {"a": 2, "b": 1}]


HUGE = "9" * 400  # a whole number that is no float
BAD = {
    "method: grid\nparameters: {a: {value: "
    + "[" * 2_000: "2:122: nested deeper than 100 levels; flatten the file, or raise --max-depth",
    "method: random\nparameters: {a: {min: 0.0, max: 1.0}}": "1:9: this is a sweep file, and method random draws trials without "
    "end, which is no list of experiments; `exp-queue sweep FILE` runs it; for a list, write method: grid",
    "method: bayes\nparameters: {a: {min: 0.0, max: 1.0}}": "1:9: this is a sweep file, and method bayes chooses each trial by "
    "the results of others, which a list of experiments cannot; `exp-queue sweep FILE` runs it; for a list, write method: grid",
    "method: gird\nparameters: {a: {value: 1}}": '1:9: unknown method "gird"; did you mean "grid"?',
    "method: grid": '1:1: this sweep file has no parameters; add "parameters:"',
    "parameters: {a: {value: 1}}": "1:1: this sweep file names no method; add method: grid",
    "method: grid\nparameters: {}": "2:13: expected at least one parameter, found an empty mapping; "
    "write, for example, lr: {values: [0.1, 0.01]}",
    "method: grid\nparameters: {a: 3}": "2:17: expected a mapping, found 3; for this value alone write a: {value: 3}",
    "method: grid\nparameters: {a: x}": '2:17: expected a mapping, found the text "x"; '
    'for this value alone write a: {value: "x"}',
    "method: grid\nparameters: {a: [1, 2]}": "2:17: expected a mapping, found a list; "
    "to try each of them write a: {values: [...]}",
    "method: grid\nparameters: {a: null}": "2:17: expected a mapping, found nothing; write key: value",
    "method: grid\nparameters: {1a: {value: 3}}": '2:14: "1a" is no name for a parameter; '
    "begin with a letter or _, and go on with letters, digits, _, . and -",
    "method: grid\nparameters: {a: {vaule: 3}}": "2:17: there is no telling how this parameter is distributed; "
    'write "value", "values", "min" and "max", or "distribution"',
    "method: grid\nparameters: {a: {values: 3}}": "2:26: expected a list of one or more values, found 3; put [ ] "
    "around a single value",
    "method: grid\nparameters: {a: {min: 1}}": "2:17: there is no telling how this parameter is distributed; "
    'write "value", "values", "min" and "max", or "distribution"',
    "method: grid\nparameters: {a: {min: 1, max: 3, q: 1}}": '2:34: unknown key "q" in the distribution int_uniform; '
    "known are: min, max, distribution",
    "method: grid\nparameters: {a: {min: 3, max: 1}}": '2:31: expected a number above "min", which is 3, found 1',
    "method: grid\nparameters: {a: {min: '1e-5', max: 1.0}}": '2:23: expected a number, found the text "1e-5"; write '
    "it without quotes",
    "method: grid\nparameters: {a: {min: 1.0, max: 3, distribution: int_uniform}}": "2:23: expected a whole number, found 1.0; "
    "int_uniform has whole bounds; for others write distribution: uniform",
    "method: grid\nparameters: {a: {min: 0.0, max: 3}}": '2:17: a grid cannot enumerate "a", which is distributed as uniform; '
    "list its values, or give whole bounds, or q_uniform with a step",
    "method: grid\nparameters: {n: {parameters: {a: {distribution: normal}}}}": '2:34: a grid cannot enumerate "n.a", '
    "which is distributed as normal; list its values, or give whole bounds, or q_uniform with a step",
    "method: grid\nparameters: {a: {min: 0, max: 3, distribution: unifrom}}": '2:48: unknown distribution "unifrom"; '
    'did you mean "uniform"?',
    "method: grid\nparameters: {a: {max: 3, distribution: q_uniform}}": "2:17: the distribution q_uniform needs "
    '"min"; add min: ...',
    "method: grid\nparameters: {a: {min: 0, max: 3, q: 0, distribution: q_uniform}}": "2:37: expected a step above 0, found 0",
    "method: grid\nparameters: {a: {values: [1, 2], probabilities: [0.5, 0.6]}}": "2:49: expected probabilities of 0 or more "
    "that sum to 1, found a list",
    "method: random\nparameters: {a: {min: 0.0, max: .inf}}": "2:33: expected a finite number, found Infinity",
    f"method: random\nparameters: {{a: {{min: 0.5, max: {HUGE}}}}}": f"2:33: expected a finite number, found {HUGE[:37]}...",
    f"method: random\nparameters: {{a: {{values: [1, 2], probabilities: [{HUGE}, 1]}}}}": "2:49: expected probabilities of 0 or "
    "more that sum to 1, found a list",
    "method: grid\nparameters: {a: {min: 0, max: 1, q: 1.0e-320, distribution: q_uniform}}": " the file asks for "
    "9,223,372,036,854,775,807 experiments, more than 1,000,000; take values out of its grid, or add --max-experiments "
    "9223372036854775807 if that is meant",
    "method: grid\nparameters: {a: {value: 1}}\nearly_terminate: {type: hyperband, max_iter: 27, s: .inf}": "3:53: expected a "
    "finite number, found Infinity",
    "method: grid\nparameters: {a: {value: 1}}\nearly_terminate: {type: hyperband, max_iter: 27, s: .nan}": "3:53: expected a "
    "finite number, found NaN",
    f"method: grid\nparameters: {{a: {{value: 1}}}}\nearly_terminate: {{type: hyperband, s: 2, max_iter: {HUGE}}}": "3:52: "
    f"expected a finite number, found {HUGE[:37]}...",
    "method: grid\nparameters: {a: {value: 1}}\nmetric: {name: x, target: .nan}": "3:27: expected a finite number, found NaN",
    "method: grid\nparameters: {a: {value: 1}}\nrun_cap: 0": "3:10: expected a whole number of 1 or more, found 0",
    "method: grid\nparameters: {a: {value: 1}}\nmetric: loss": '3:9: expected a mapping, found the text "loss"; '
    "write {name: loss, goal: minimize}, or goal: maximize",
    "method: grid\nparameters: {a: {value: 1}}\nmetric: {goal: minimize}": '3:9: expected a metric with a "name", found a '
    "mapping; write metric: {name: ..., goal: minimize}",
    "method: grid\nparameters: {a: {value: 1}}\nmetric: {name: x, goal: max}": "3:25: expected minimize or maximize, "
    'found the text "max"',
    "method: grid\nparameters: {a: {value: 1}}\nearly_terminate: {type: hyperband}": "3:18: it does not say after how many "
    'rows trials are compared; add "min_iter", or "max_iter" and "s"',
    "method: grid\nparameters: {a: {value: 1}}\nearly_terminate: {type: hyperband, min_iter: 1, eta: 1}": "3:54: expected a "
    "number above 1, found 1",
    "method: grid\nparameters: {a: {value: 1}}\ngrid: {b: [1]}": '3:1: unknown key "grid" in a sweep file; '
    "known are: method, parameters, program, command, metric, metrics, run_cap, early_terminate, name, description, project, "
    "entity",
    "method: grid\nparameters: {a: {value: 1}}\njob: x": '1:1: this sweep file names no "program", but a "job" of W&B '
    "Launch; add program: train.py, or --program train.py",
    "method: custom\nparameters: {a: {value: 1}}": "1:9: method custom leaves the search to a scheduler of W&B Launch, which is "
    "not followed here; write one of grid, random, bayes",
    "method: random\nparameters: {a: {distribution: loguniform, min: 1, max: 3}}": '2:32: unknown distribution "loguniform"; '
    'did you mean "log_uniform_values"?',
    "method: random\nparameters: {a: {distribution: lognormal}}": '2:32: unknown distribution "lognormal"; '
    'did you mean "log_normal"?',
    "method: grid\nparameters: {a: {value: 1}}": '1:1: this sweep file names no "program"; add program: train.py, or '
    "--program train.py",
    "method: grid\nparameters: {a: {value: 1}}\nprogram: 3": "3:10: expected text, found 3; put quotes around it",
    "method: grid\nparameters: {a: {value: 1}}\ncommand: [x, '${arg}']": '3:14: unknown macro ${arg}; did you mean "args"? '
    "(for the text itself write \\${arg})",
    "method: grid\nparameters: {a: {min: 0, max: 9999999}}": " the file asks for 10,000,000 experiments, more than 1,000,000; "
    "take values out of its grid, or add --max-experiments 10000000 if that is meant",
}


@pytest.mark.parametrize(("text", "what"), [("", "the file is empty"), ("# later\n", "the file holds nothing but comments")])
def test_an_empty_file_is_told_what_a_sweep_has(tmp_path, text, what):
    """It was told to have "experiments:", which no sweep has."""
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_plan(str(path))
    assert str(caught.value) == f'{path}: {what}; write "program:", "method:", "metric:" and "parameters:"'


@pytest.mark.parametrize(("text", "expected"), BAD.items(), ids=lambda text: text[:60].replace("\n", "|"))
def test_a_wrong_sweep_file_is_told_where_and_what(tmp_path, read, text, expected):
    """W&B shows the whole configuration and a schema; here the message points at the character."""
    with pytest.raises(UserError) as caught:
        read(text)
    path = f"{tmp_path}/sweep.yaml"
    assert str(caught.value).replace(f"{path}:", "", 1).replace(path, "FILE") == expected


def test_an_override_of_no_parameter_is_refused_where_it_matters(read):
    """`~` and `+` say something about what is there."""
    with pytest.raises(UserError, match=r'the override "~lrr" removes what no experiment has; did you mean "lr"\?'):
        read(GRID, "~lrr")
    with pytest.raises(UserError, match=r'"\+lr=1" adds what is there already; write lr=1'):
        read(GRID, "+lr=1")
