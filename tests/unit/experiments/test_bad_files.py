"""Every wrong file that we could think of, with the exact message that it earns."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from scheduler.errors import UserError
from scheduler.experiments import read
from scheduler.experiments.document.limits import Limits

YAML = {
    # syntax
    "experiments: [": "1:15: the file ends before this is complete; close the quote or bracket that is open",
    "experiments: [{a: 'x": "1:19: the file ends before this is complete; close the quote or bracket that is open",
    "experiments:\n\t- a: 1": "2:1: a tab where YAML wants spaces; indent with spaces",
    "base: {a: @x}": '1:11: text cannot begin with "@"; put quotes around it',
    "base: {a: [1, 2}": "1:16: not valid YAML: did not find expected ',' or ']'; "
    "check brackets, quotes, colons and indentation here and just before",
    "base: {a: b: c}": "1:12: not valid YAML: did not find expected ',' or '}'; "
    "check brackets, quotes, colons and indentation here and just before",
    "base:\n  a: 1\n b: 2": "3:2: not valid YAML: did not find expected key; "
    "check brackets, quotes, colons and indentation here and just before",
    "base: {a: 1}\nb: \x07": "2:4: a control character; remove it",
    "base: {}\n---\nbase: {}": '2:1: a second document begins here ("---"); put it into a file of its own',
    # keys
    "base: {a: 1}\nbase: {b: 1}": '2:1: "base" is given twice; it was first given in line 1; keep one',
    "base:\n  a: 1\n  'a': 2": '3:3: "a" is given twice; it was first given in line 2; keep one',
    "experimnts: []": '1:1: unknown key "experimnts"; did you mean "experiments"?',
    "base: {}\nexperiment_group: Prep\nafter: [Other, Prep]": "3:16: the experiments of group "
    '"Prep" cannot come after themselves; name the group of another file',
    "base: {}\nexperiment_group: Prep\nafter: group:Prep": '3:8: the experiments of group "Prep" cannot come after themselves; '
    "name the group of another file",
    "base: {}\nafter: [3]": "2:9: expected text, found 3; put quotes around it",
    "base: {}\npolicy: {after_failure: stop}": '2:25: expected one of skip, run, found the text "stop"; known are: skip, run',
    "base: {}\npolicy: {priority: high}": '2:20: expected a whole number from -1,000,000 to 1,000,000, found the text "high"; '
    "0 is usual, and the higher starts first",
    "base: {}\nfoo: 1": '2:1: unknown key "foo"; '
    "known are: experiment_group, command, shell, program, groups, resources, policy, slurm, after, tags, notes, "
    "defaults, base, grid, zip, include, "
    "exclude, experiments",
    "base: {1: a}": '1:8: a key must be text, found 1; write "1" in quotes',
    "base: {true: a}": '1:8: a key must be text, found true; write "true" in quotes',
    "base: {~: a}": '1:8: a key must be text, found nothing; write "~" in quotes',
    "base: {[a]: b}": "1:8: a key must be text, found an empty list; put quotes around it",
    "base: {? *x : 1}": "1:10: a key must be text, found an alias; write the key itself",
    # tags, aliases, merge keys
    "base: {a: !!python/object/apply:os.system ['x']}": "1:11: the tag !!python/object/apply:os.system is not allowed; "
    "an experiments file holds plain values only; remove it",
    "base: {a: !foo 3}": "1:11: the tag !foo is not allowed; an experiments file holds plain values only; remove it",
    "base: {a: !!int x}": '1:11: "x" is not of the type that its tag says; remove the tag',
    "base: {a: *x}": "1:11: *x stands for nothing; define it first with &x, or quote the text",
    "base: &a {b: *a}": "1:14: *a refers to itself; write the value out",
    "base: {<<: 3}": '1:12: "<<" merges mappings, found 3; give it *name of a mapping, or a list of such',
    # values
    "base: {a: .nan}": "1:11: nan is not a number that JSON can hold; write it as text, in quotes",
    "base: {a: [1, -.inf]}": "1:15: -inf is not a number that JSON can hold; write it as text, in quotes",
    "base: {a: 1e999}": "1:11: inf is not a number that JSON can hold; write it as text, in quotes",
    "base: {a: " + "9" * 5000 + "}": "1:11: this number has too many digits; write it as text, in quotes",
    'base: {a: "x\\0y"}': "1:11: this text holds a NUL character; no argument of a process can carry it; remove it",
    'base: {"x\\0y": 1}': "1:7: a key holds a NUL character; remove it",
    # the shape of the file
    "[1, 2]": "1:1: expected a mapping, found a list; write key: value",
    "hello": '1:1: expected a mapping, found the text "hello"; write key: value',
    "# only": ' the file holds nothing but comments; write "experiments:" and a list, or a "grid:"',
    " \n": ' the file is empty; write "experiments:" and a list, or a "grid:"',
    "policy: {}": '1:1: there are no experiments in this file; write "experiments:" and a list, or a "grid:"',
    "experiments: {a: 1}": "1:14: expected a list of experiments, found a mapping; put [ ] around them, or a dash before each",
    "experiments:": "1:13: expected a list of experiments, found nothing; put [ ] around them, or a dash before each",
    "experiments: []": "1:14: the list of experiments is empty; add one, or remove the key",
    "experiments: [{}, 3]": "1:19: expected a mapping, found 3; write key: value",
    "base: [a]": "1:7: expected a mapping, found a list; write key: value",
    "experiment_group: 3\nbase: {}": "1:19: expected text, found 3; put quotes around it",
    "experiment_group: [a]\nbase: {}": "1:19: expected text, found a list",
    "experiments:\n- experiment_group: x": '2:3: "experiment_group" belongs to the whole file; move it to the top level',
    "base: {experiment_group: x}": '1:8: "experiment_group" belongs to the whole file; move it to the top level',
    "grid: {experiment_group: [x]}": '1:8: "experiment_group" belongs to the whole file; move it to the top level',
    # grids
    "grid: [a]": "1:7: expected a mapping, found a list; write key: value",
    "grid: {lr: 3}": "1:12: expected a list of one or more values, found 3; put [ ] around a single value",
    "grid: {lr: []}": "1:12: expected a list of one or more values, found an empty list; put [ ] around a single value",
    "experiments:\n- grid: {lr: abc}": '2:14: expected a list of one or more values, found the text "abc"; '
    "put [ ] around a single value",
    "grid: {a..b: [1]}": '1:8: "a..b" is no proper key; write key or outer.inner',
    "grid: {a: [1], a.b: [2]}": '1:16: "a.b" lies inside "a", which the grid varies too; keep one of the two',
    "grid: {a: [1]}\nexperiments:\n- grid: {a.b: [2]}": '3:10: "a.b" lies inside "a", which the grid varies too; '
    "keep one of the two",
    "base: {a: 5}\ngrid: {a.b: [1]}": '2:13: "b" cannot be set inside "a", which is 5',
    # resources and policy
    "base: {}\nresources: 3": "2:12: expected a mapping, found 3; write key: value",
    "base: {}\nresources: {gpu: 1}": '2:13: unknown key "gpu"; did you mean "gpus"?',
    "base: {}\nresources: {gpus: -1}": "2:19: expected a whole number of 0 or more, found -1",
    "base: {}\nresources: {gpus: 1.5}": "2:19: expected a whole number of 0 or more, found 1.5",
    "base: {}\nresources: {gpus: true}": "2:19: expected a whole number of 0 or more, found true",
    "base: {}\nresources: {cpus: 0}": "2:19: expected a whole number of 1 or more, found 0",
    "base: {}\nresources: {gpu_memory: 6144}": "2:25: expected memory such as 6GiB or 6144MiB, found 6144; "
    "write the number and its unit",
    "base: {}\nresources: {gpu_memory: 6 gigs}": "2:25: expected memory such as 6GiB or 6144MiB, "
    'found the text "6 gigs"; write the number and its unit',
    "base: {}\nresources: {exclusive: yes}": '2:24: expected true or false, found the text "yes"; '
    "write true or false, without quotes",
    "base: {}\npolicy: {retry: 1}": '2:10: unknown key "retry"; did you mean "retries"?',
    "base: {}\npolicy: {objective: loss}": '2:21: expected a mapping, found the text "loss"; write key: value',
    "base: {}\npolicy: {objective: {metric: loss}}": "2:21: expected a metric and its goal, found a mapping; "
    "write objective: {metric: val_loss, goal: minimize}",
    "base: {}\npolicy: {objective: {metric: loss, gaol: min}}": '2:21: unknown key "gaol"; did you mean "goal"?',
    "base: {}\npolicy: {objective: {metric: loss, goal: min}}": "2:21: expected one of minimize, maximize, "
    'found the text "min"; known are: minimize, maximize',
    "base: {}\npolicy: {timeout: soon}": "2:19: expected a duration such as 2h, 90m or 30s, "
    'found the text "soon"; a bare number counts seconds',
    "base: {}\nresources: {share: 0}": "2:20: expected a whole number from 1 to 64, found 0",
    "base: {}\nresources: {share: 4, gpu_memory: 6G}": "2:35: share and gpu_memory are two ways to share a GPU; "
    "keep the one that is known better",
    "base: {}\nresources: {exclusive: true, share: 4}": "2:37: share and exclusive: true contradict each other; keep one of them",
    "base: {}\npolicy: {ports: 65}": "2:17: expected a whole number from 0 to 64, found 65",
    "base: {}\npolicy: {timeout: 0}": "2:19: expected a duration such as 2h, 90m or 30s, found 0; a bare number counts seconds",
    # command and program
    "base: {}\ncommand: '  '": '2:10: expected a command, as a list or as text, found the text "  "; '
    "write, for example, [python, train.py, ${args}]",
    "base: {}\ncommand: []": "2:10: expected a command, as a list or as text, found an empty list; "
    "write, for example, [python, train.py, ${args}]",
    "base: {}\ncommand: [python, true]": "2:19: expected text, found true; put quotes around it",
    "base: {}\ncommand: python '": "2:10: a quote in the command is not closed; close it, or write the command as a list",
    "base: {}\ncommand: [python, '${arg_json}']": '2:19: unknown macro ${arg_json}; did you mean "args_json"? '
    "(for the text itself write \\${arg_json})",
    "base: {}\ncommand: [x, '--a=${args}']": "2:14: ${args} must stand alone as one argument; "
    "split the argument before and after it",
    "base: {}\ncommand: ['${envvar:SURELY_NOT_SET}']": "2:11: the environment variable SURELY_NOT_SET is not set; "
    "export SURELY_NOT_SET=... before this command",
    "base: {}\ncommand: ['${program}']": '2:10: ${program} is used, but no program is named; add "program:" to the file',
    "base: {}\ncommand: [x]\nprogram: y": '2:10: the command does not use "program"; '
    "put ${program} into the command, or leave one of the two out",
    "base: {}\nprogram: ' '": '2:10: the program is empty; write, for example, "python train.py"',
    "base: {}\nprogram: 3": "2:10: expected text, found 3; put quotes around it",
    'base: {}\nprogram: "a\\0"': '2:10: expected text without a NUL character, found the text "a\\u0000"; remove it',
    "program: [a, true]\nbase: {}": "1:14: expected text, found true; put quotes around it",
    "program: []\nbase: {}": '1:10: the program is empty; write, for example, "python train.py"',
    "program: [a]\nbase: {}\ncommand: [b]": '3:10: the command does not use "program"; '
    "put ${program} into the command, or leave one of the two out",
    # zip
    "zip: {a: [1, 2], b: [1]}": '1:21: "b" has 1 values, but "a" has 2; keys of a zip go together: give each as many values',
    "zip: {a: [1], b: []}": "1:18: expected a list of one or more values, found an empty list; put [ ] around a single value",
    "zip: {}": "1:6: there are no keys to go together; write key: [values], twice or more",
    "zip: 3": "1:6: expected a mapping, found 3; write key: value",
    "zip: [{a: [1]}, 3]": "1:17: expected a mapping, found 3; write key: value",
    "grid: {a: [1]}\nzip: {a: [2]}": '2:7: "a" is varied twice; keep one of the two',
    "base: {a: 1}\nzip: {a.b: [1]}": '2:12: "b" cannot be set inside "a", which is 1',
    "experiments:\n- {a: 1, zip: {b: [1], c: [1, 2]}}": '2:27: "c" has 2 values, but "b" has 1; '
    "keys of a zip go together: give each as many values",
    "zip: {experiment_group: [x]}": '1:7: "experiment_group" belongs to the whole file; move it to the top level',
    # include and exclude
    "include: {a: 1}": "1:10: expected a list of mappings, found a mapping; put a dash before each",
    "include: [3]": "1:11: expected a mapping, found 3; write key: value",
    "include: [{}]": "1:11: this is empty; name at least one key and its value",
    "include: [{a..b: 1}]": '1:12: "a..b" is no proper key; write key or outer.inner',
    "include: [{experiment_group: x}]": '1:12: "experiment_group" belongs to the whole file; move it to the top level',
    "base: {a: 1}\ngrid: {b: [1]}\ninclude: [{a.c: 1}]": '3:11: "c" cannot be set inside "a", which is 1',
    "grid: {lr: [1, 2]}\nexclude: 3": "2:10: expected a list of mappings, found 3; put a dash before each",
    "grid: {lr: [1, 2]}\nexclude: [{l: 1}]": '2:12: no experiment has a key "l"; did you mean "lr"?',
    "grid: {t.lr: [1, 2]}\nexclude: [{t: {lt: 1}}]": '2:12: no experiment has a key "t.lt"; did you mean "t.lr"?',
    "grid: {lr: [1, 2]}\nexclude: [{lr: '${x}'}]": "2:11: an interpolation cannot be compared; write the value",
    "grid: {lr: [1, 2]}\nexclude: [{lr: 1}, {lr: 2}]": "2:10: every experiment is excluded; take values out of it",
    "experiments:\n- {a: 1, exclude: [{b: 1}]}": '2:21: no experiment has a key "b"; known are: a',
    # interpolation, and values that must be given
    "base:\n  a: ???": '2:6: "a" must be given; add a=VALUE to the command line, or write the value here',
    "base: {t: {a: '???'}}": '1:15: "t.a" must be given; add t.a=VALUE to the command line, or write the value here',
    "grid: {a: [1, ???]}": '1:16: text in brackets cannot begin with "?"; put quotes around it, as in "???"',
    "base: {a: '${b}', bb: 1}": '1:11: ${b}: there is no "b" here; did you mean "bb"?',
    "base: {t: {lr: '${.lrr}', lrn: 1}}": '1:16: ${.lrr}: there is no "lrr" here; did you mean "lr"?',
    "grid: {a: [1, '${c}']}": '1:15: ${c}: there is no "c" here; known are: a',
    "base: {a: '${b}', b: '${a}'}": "1:11: ${b} leads back to itself; break the circle",
    "base: {a: '${b}', b: '???'}\nexperiments: [{b: 1}, {}]": '1:22: "b" must be given; '
    "add b=VALUE to the command line, or write the value here",
    "base: {a: '${oc.env:SURELY_NOT_SET}'}": "1:11: ${oc.env:SURELY_NOT_SET} cannot be worked out: "
    "Environment variable 'SURELY_NOT_SET' not found; ${oc.env:NAME,default} has a default",
    "base: {a: '${nothing:1}'}": '1:11: ${nothing:1}: there is no resolver "nothing"; '
    "oc.env, oc.select, oc.decode and oc.create are known",
    "base: {a: \"${oc.decode:'{1:2}'}\"}": "1:11: the result of ${oc.decode:'{1:2}'} cannot be used: a key must be text",
    "base: {a: '${b}', b: {c: 1}}\nexperiments: [{a: {d: 1}}]": "1:11: a mapping is to be merged into ${b}, which is not "
    "worked out yet; write the mapping here instead of the interpolation, or set its single keys where they are defined",
    # defaults; the wrong options of groups are in test_bad_groups.py
    "defaults: 3": "1:11: expected a list, found 3; write, for example, [_self_, network: lenet]",
    "defaults: [3]": "1:12: expected a group and its option, found 3; write group: option, each in a line of its own",
    "defaults: [{a: b, c: d}]": "1:12: expected a group and its option, found a mapping; "
    "write group: option, each in a line of its own",
    "defaults: [_self_, _self_]": "1:20: _self_ is given twice; keep one",
    "defaults: [_self_@x]": "1:12: _self_ stands alone; write _self_",
    "defaults: [override x]": "1:12: only the option of a group can be overridden; write override group: option",
    "experiments:\n- {defaults: [], a: 1}": '2:4: "defaults" belongs to the whole file; '
    "choose options by their groups here, e.g. network: lenet",
}

JSON = {
    '{"experiments": [': "1:18: the file ends in the middle of a value; close what is still open",
    '{"experiments": [{"a": 1,}]}': "1:25: a comma before the closing bracket; remove it",
    '{"base": {"a": [1, 2,\n]}}': "1:21: a comma before the closing bracket; remove it",
    "{'base': {}}": "1:2: JSON quotes text with double quotes; write \"...\" instead of '...'",
    "{base: {}}": "1:2: a key without quotes; put double quotes around it",
    '# x\n{"base": {}}': "1:1: JSON has no comments; remove it, or write YAML in a file that ends in .yaml",
    '{"base": {} // x\n}': "1:13: JSON has no comments; remove it, or write YAML in a file that ends in .yaml",
    '{"base": {"a": True}}': "1:16: JSON writes true, false and null; use small letters, and null for None",
    '{"base": {"a" 1}}': "1:15: not valid JSON: expecting ':' delimiter; mend it here or just before",
    '{"base": {}} x': "1:14: not valid JSON: extra data; mend it here or just before",
    '{"base": {"a": "x\ny"}}': "1:18: a line break or control character inside text; write \\n for a line break",
    '{"base": {"a": 1,\n "a": 2}}': '2:2: "a" is given twice; it was first given in line 1; keep one',
    '{"base": {"a": [{}, NaN]}}': "1:21: nan is not a number that JSON can hold; write it as text, in quotes",
    '{"base": {"a": 1e999}}': "1:16: inf is not a number that JSON can hold; write it as text, in quotes",
    '{"base": {"a": ' + "9" * 5000 + "}}": "1:16: this number has too many digits; write it as text",
    '{"base": {"a": "x\\u0000"}}': "1:16: this text holds a NUL character; no argument of a process can carry it; remove it",
    '{"base": {"a": '
    + "[" * 500
    + "]" * 500
    + "}}": "1:115: nested deeper than 100 levels; flatten the file, or raise --max-depth",
    '{"base": {"a": ' + "[" * 100_000: "1:114: nested deeper than 100 levels; flatten the file, or raise --max-depth",
    '{"basis": {}}': '1:2: unknown key "basis"; did you mean "base"?',
    "[]": "1:1: expected a mapping, found an empty list; write key: value",
    "null": "1:1: expected a mapping, found nothing; write key: value",
    '{"base": {},\n "resources": {"gpus": "2"}}': '2:24: expected a whole number of 0 or more, found the text "2"',
    '{"experiments": [{"a": 1}, {"b": {"c": []}},\n  {"experiment_group": 1}]}': '2:4: "experiment_group" belongs to '
    "the whole file; move it to the top level",
}


def message(path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read(str(path))
    return str(caught.value).replace(f"{path}:", "", 1)


def shortened(text: str) -> str:
    return text[:40].replace("\n", "|")


@pytest.mark.parametrize(("text", "expected"), YAML.items(), ids=map(shortened, YAML))
def test_a_wrong_yaml_file_is_told_where_and_what(tmp_path, text, expected):
    """People mend a file quickly only when the message points at the very character."""
    found = message(tmp_path / "bad.yaml", text)
    if "not valid YAML" in expected and not yaml.__with_libyaml__:
        pytest.skip("PyYAML without libyaml words its syntax errors differently")
    assert found == expected


@pytest.mark.parametrize(("text", "expected"), JSON.items(), ids=map(shortened, JSON))
def test_a_wrong_json_file_is_told_where_and_what(tmp_path, text, expected):
    """The lab's files are JSON; they deserve places too, although the JSON parser keeps none."""
    assert message(tmp_path / "bad.json", text) == expected


def test_a_missing_file_is_answered_with_its_nearest_neighbour(tmp_path):
    """A mistyped name is the most frequent error of all."""
    (tmp_path / "sample.json").write_text("{}")
    with pytest.raises(UserError, match=r"no such file; did you mean .*sample\.json"):
        read(str(tmp_path / "smple.json"))


def test_a_missing_directory_is_named(tmp_path):
    """From the wrong working directory the file is not the problem."""
    with pytest.raises(UserError, match=r'no such file; there is no directory ".*nowhere" here'):
        read(str(tmp_path / "nowhere" / "sample.json"))


def test_a_directory_in_place_of_a_file_is_said(tmp_path):
    """Tab completion likes to stop at the directory."""
    with pytest.raises(UserError, match="this is a directory, not a file"):
        read(str(tmp_path))


def test_a_file_that_is_not_utf_8_is_placed(tmp_path):
    """One Latin-1 letter in a comment is hard to find by eye."""
    path = tmp_path / "latin.yaml"
    path.write_bytes("base: {}\n# Grö".encode("latin-1"))
    with pytest.raises(UserError, match=r"latin.yaml:2:5: this byte is not UTF-8"):
        read(str(path))


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed(tmp_path):
    """Somebody will name a checkpoint instead of the experiments file."""
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (2**24 + 1))
    with pytest.raises(UserError, match=r"the file is larger than 16 MiB; .* or raise --max-size"):
        read(str(path))


def test_an_alias_bomb_is_refused_without_being_expanded(tmp_path):
    """Nine lines of YAML can stand for a billion values."""
    lines = ["x0: &x0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 12)]
    found = message(tmp_path / "bomb.yaml", "\n".join(lines))
    what = "more than 1,000,000 values, aliases counted as what they stand for"
    assert found.endswith(f'{what}; use "grid" instead of aliases, or raise --max-values')


def test_a_hundred_thousand_brackets_are_refused_at_the_first_too_many(tmp_path):
    """Composing such a file ends the whole process; counting on the events does not."""
    found = message(tmp_path / "deep.yaml", "base: " + "[" * 100_000)
    assert found == "1:106: nested deeper than 100 levels; flatten the file, or raise --max-depth"


DEEP = {
    "lists": ("base: " + "[" * 20_000, "1:106"),
    "mappings": ("base: " + "{a: " * 20_000, "1:403"),
    "dashes": ("base:\n" + "- " * 20_000 + "x", "2:199"),
    "lines": ("".join(" " * depth + "a:\n" for depth in range(1_500)), "101:101"),
    "and a fault behind them": ("base: " + "[" * 150 + "@", "1:106"),
}


@pytest.mark.parametrize(("text", "place"), DEEP.values(), ids=DEEP)
def test_nesting_is_refused_at_our_limit_whatever_the_parser_does(tmp_path, text, place):
    """PyYAML reads ahead of its events and from libyaml 0.2.6 on has a limit of its own, which names no way out."""
    found = message(tmp_path / "deep.yaml", text)
    assert found == f"{place}: nested deeper than 100 levels; flatten the file, or raise --max-depth"


PURE = """
import sys
sys.modules["yaml._yaml"] = None  # as where PyYAML was built without libyaml
import yaml
from scheduler.errors import UserError
from scheduler.experiments import read
assert not yaml.__with_libyaml__
try:
    read(sys.argv[1])
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["lists", "lines"])
def test_the_parser_without_libyaml_gives_the_same_answer(tmp_path, name):
    """PyYAML comes without libyaml where it was built from its source on a machine without a compiler."""
    text, place = DEEP[name]
    path = tmp_path / "deep.yaml"
    path.write_text(text)
    done = subprocess.run([sys.executable, "-c", PURE, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}:{place}: nested deeper than 100 levels; flatten the file, or raise --max-depth\n"


def test_ten_million_experiments_are_refused_before_one_is_made(tmp_path):
    """One zero too many in a range is easily written; ten million jobs are not easily taken back."""
    found = message(tmp_path / "many.yaml", "grid:\n" + "".join(f"  k{n}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for n in range(7)))
    assert found == (
        " the file asks for 10,000,000 experiments, more than 1,000,000; "
        "take values out of its grid, or add --max-experiments 10000000 if that is meant"
    )


def test_a_raised_limit_is_a_limit(tmp_path):
    """The flag that a message names must really lift what the message says."""
    (tmp_path / "deep.yaml").write_text("base: {a: " + "[" * 150 + "]" * 150 + "}")
    (tmp_path / "many.yaml").write_text("grid: {a: [1, 2, 3]}")
    (tmp_path / "aliases.yaml").write_text("base: {a: &a [1, 2, 3], b: [*a, *a]}")
    assert read(str(tmp_path / "deep.yaml"), limits=Limits(depth=200)).count() == 1
    assert read(str(tmp_path / "many.yaml"), limits=Limits(experiments=3)).count() == 3
    assert read(str(tmp_path / "aliases.yaml"), limits=Limits(values=20)).count() == 1
    for name, limits in (("deep", Limits(depth=150)), ("many", Limits(experiments=2)), ("aliases", Limits(values=10))):
        with pytest.raises(UserError):
            read(str(tmp_path / f"{name}.yaml"), limits=limits)
