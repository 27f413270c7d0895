"""What the writer of a sweep file is told though the file is taken: where it means something else than it seems to say."""

from __future__ import annotations

import pytest

from scheduler.sweeps import read_file
from scheduler.sweeps.files.yaml_1_1 import SHOWN
from scheduler.sweeps.sweep import read_plan

HEAD = "method: grid\nprogram: train.py\n"
ONE = HEAD + "parameters: {a: {value: 1}}\n"


@pytest.fixture
def remarks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def found(text, *overrides, plan=False):
        path = tmp_path / "sweep.yaml"
        path.write_text(text)
        read = read_plan if plan else read_file
        return [str(note).removeprefix(f"{path}:") for note in read(str(path), overrides).notes]

    return found


YAML = {
    "no": '4:16: no is a text here, by YAML 1.2, and false to W&B, by YAML 1.1; write "no" or false',
    "On": '4:16: On is a text here, by YAML 1.2, and true to W&B, by YAML 1.1; write "On" or true',
    "010": "4:16: 010 is the number 10 here, by YAML 1.2, and the number 8 to W&B, by YAML 1.1; write 10 or 8",
    "08": '4:16: 08 is the number 8 here, by YAML 1.2, and a text to W&B, by YAML 1.1; write 8 or "08"',
    "1_000": '4:16: 1_000 is a text here, by YAML 1.2, and the number 1000 to W&B, by YAML 1.1; write "1_000" or 1000',
    "1:30": '4:16: 1:30 is a text here, by YAML 1.2, and the number 90 to W&B, by YAML 1.1; write "1:30" or 90',
    "0b11": '4:16: 0b11 is a text here, by YAML 1.2, and the number 3 to W&B, by YAML 1.1; write "0b11" or 3',
    "2024-01-01": '4:16: 2024-01-01 is a text here, by YAML 1.2, and a date to W&B, by YAML 1.1; write "2024-01-01"',
    "2024-13-01": "4:16: 2024-13-01 is a text here, by YAML 1.2, and nothing that it can read to W&B, by YAML 1.1; "
    'write "2024-13-01"',
}


@pytest.mark.parametrize(("word", "expected"), YAML.items())
def test_a_word_that_wandb_reads_otherwise_is_named_with_both_readings(remarks, word, expected):
    """Else the same file trains other things there and here, and nobody is told."""
    assert remarks(f"{HEAD}parameters:\n  a: {{values: [{word}, x]}}") == [expected]


@pytest.mark.parametrize("word", ["1e-5", "1E5", "true", "'no'", "!!str no", "0x1F", ".5", "1.5e-3", ".inf", "~", "n", "lr-1"])
def test_a_word_that_means_the_same_is_not_spoken_of(remarks, word):
    """Nor a number like 1e-5, which stands in every second file, and which its writer means as a number."""
    assert remarks(f"{HEAD}parameters:\n  a: {{values: [{word}, 7]}}") == []


def test_many_such_words_are_said_in_a_few_lines_each_word_once(remarks):
    """A hundred of them are one habit of their writer."""
    found = remarks(f"{HEAD}parameters:\n  a: {{values: [no, no, yes, 011, 012, 013, 014, 015, 016, 017, 010]}}")
    assert len(found) == SHOWN + 1
    assert found[-1] == "4:59: 2 more words from here on are other values to W&B, which reads YAML 1.1"


def test_a_name_is_read_otherwise_as_well(remarks):
    """`on:` is true to W&B, and no name for a parameter."""
    assert remarks(f"{HEAD}parameters:\n  on: {{value: 1}}") == [
        '4:3: on is a text here, by YAML 1.2, and true to W&B, by YAML 1.1; write "on" or true'
    ]


def test_what_is_not_followed_is_named_and_not_refused(remarks):
    """Files of W&B Launch and of local controllers hold them; their sweeps run here all the same."""
    sections = "controller: {type: local}\nkind: sweep\napiVersion: '1'\njob: x\nscheduler: {num_workers: 2}\nimage_uri: y\n"
    found = remarks(sections + ONE)
    assert [line.split(":")[0] for line in found] == ["1", "4", "5", "6"]
    assert found[0] == '1:1: "controller" is not followed here: the search runs in this process'


LOGS = {
    "log_uniform, min: 1e-5, max: 1e-1": '4:21: log_uniform takes min and max as exponents of e, so "a" is drawn from 1 to '
    "1.105; log_uniform_values was probably meant, which draws from 1e-05 to 0.1",
    "log_uniform, min: -9, max: -2": '4:21: log_uniform takes min and max as exponents of e, so "a" is drawn from 0.0001234 to '
    "0.1353; W&B now refuses it: log_uniform_values takes the least and the greatest value themselves",
    "q_log_uniform, min: 1, max: 1000, q: 1": '4:21: q_log_uniform takes min and max as exponents of e, so "a" is drawn '
    "from 2.718 to 1.798e+308; q_log_uniform_values was probably meant, which draws from 1 to 1000",
    "inv_log_uniform, min: 2, max: 9": '4:21: inv_log_uniform takes min and max as exponents of e, so "a" is drawn from '
    "0.0001234 to 0.1353; W&B now refuses it: inv_log_uniform_values takes the least and the greatest value themselves",
}


@pytest.mark.parametrize(("fields", "expected"), LOGS.items())
def test_bounds_that_are_exponents_are_said_with_what_is_drawn(remarks, fields, expected):
    """The most common mistake in sweep files: a learning rate between 1 and 1.1, and a wasted night."""
    text = f"method: random\nprogram: t.py\nparameters:\n  a: {{distribution: {fields}}}\n"
    assert remarks(text, plan=True) == [expected]
    assert remarks(text, "a=1", plan=True) == []


def test_a_program_of_several_words_is_said_to_be_one_argument(remarks, tmp_path):
    """W&B hands it on as one argument, and every trial fails; a file may have such a name all the same."""
    assert remarks(ONE.replace("train.py", "python train.py --fast")) == [
        '2:10: "python train.py --fast" is one argument, as with W&B, and nothing here has that name; '
        "for several write command: [python, train.py, --fast, ${args}]"
    ]
    (tmp_path / "my train.py").touch()
    assert remarks(ONE.replace("train.py", "my train.py")) == []


@pytest.mark.parametrize("command", ["['${args}']", "['${env}', '${interpreter}', '${args_json}']", "'${args} t.py'"])
def test_a_command_that_starts_no_program_is_said(remarks, command):
    """The first argument would be taken for the program; W&B takes the file."""
    assert remarks(f"{HEAD}parameters: {{a: {{value: 1}}}}\ncommand: {command}") == [
        "4:10: this command starts no program: its arguments stand alone; put ${program} before them, or leave command out"
    ]


def test_a_command_that_hands_on_no_parameter_is_said_unless_the_script_asks_for_them(remarks, tmp_path):
    """All trials train the same, and the best of them is the one that was lucky; many files of W&B are so, and right."""
    text = f"{ONE}command: [python, '${{program}}', --epochs=3]"
    assert remarks(text) == []  # a script that is not here may do anything
    (tmp_path / "train.py").write_text("import argparse\n")
    said = "4:10: no parameter comes to train.py: this command has no ${args}, and the script does not ask W&B for them; "
    assert remarks(text) == [f"{said}put ${{args}} behind it"]
    assert remarks(text, plan=True) == [f"{said}put ${{args}} behind it"]
    assert remarks(f"{ONE}command: [python, '${{program}}', '${{args_json}}']") == []
    (tmp_path / "train.py").write_text("import os\npath = os.environ['WANDB_SWEEP_PARAM_PATH']\n")
    assert remarks(text) == []


def test_a_program_that_starts_itself_is_a_command(remarks):
    """`${program}` may be an executable file."""
    assert remarks(f"{ONE}command: ['${{program}}', '${{args}}']") == []


def test_a_macro_inside_a_longer_argument_is_handed_on_and_said(remarks, tmp_path):
    """As W&B does; a shell makes nothing of it, which its writer cannot have meant."""
    said = "is handed on as it is, as with W&B, since it is only a part of its argument; to have it filled in, let it stand alone"
    assert remarks(f"{ONE}command: [bash, -c, 'python ${{program}} ${{args}}']") == [
        f"4:21: ${{program}} {said}",
        f"4:21: ${{args}} {said}",
    ]
    (experiment,) = read_file(str(tmp_path / "sweep.yaml")).experiments()
    assert experiment.argv == ("bash", "-c", "python ${program} ${args}")


def test_what_is_hydras_reaches_hydra(remarks, tmp_path):
    """Only a token that is a macro as a whole is ours, and ${envvar:X} also inside one."""
    text = "hydra.run.dir=runs/${now:%H%M%S}_${oc.env:WANDB_RUN_ID,${oc.env:USER}}"
    assert remarks(f"{ONE}command: [x, '{text}', '${{a}}/${{b}}', '\\${{c}}']") == []
    (experiment,) = read_file(str(tmp_path / "sweep.yaml")).experiments()
    assert experiment.argv[1:] == (text, "${a}/${b}", "${c}")


def test_whole_numbers_may_be_written_with_a_point(remarks, tmp_path):
    """3.0 is a whole number to W&B's schema."""
    rule = (
        "run_cap: 3.0\nmetric: {name: x}\nearly_terminate: {type: hyperband, max_iter: 27.0, s: 2, min_iter: 3.0, strict: true}\n"
    )
    assert remarks(ONE + rule, plan=True) == []
    sweep = read_plan(str(tmp_path / "sweep.yaml")).sweep
    assert (repr(sweep.run_cap), repr(sweep.early_terminate.min_iter), repr(sweep.early_terminate.max_iter)) == ("3", "3", "27")


def test_nan_and_infinity_are_values_like_others(remarks, tmp_path):
    """A gradient clipped at infinity is not clipped; they are written as Python writes them, as with W&B."""
    assert remarks(f"{HEAD}parameters: {{a: {{values: [.nan, .inf, -.inf, .nan]}}}}") == []
    found = [experiment.argv[-1] for experiment in read_file(str(tmp_path / "sweep.yaml")).experiments()]
    assert found == ["--a=nan", "--a=inf", "--a=-inf"]
