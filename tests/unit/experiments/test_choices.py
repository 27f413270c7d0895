"""Config groups in experiments: options chosen by the grid, by entries and on the command line."""

from __future__ import annotations

import json

import pytest

from scheduler.experiments import read

FILES = {
    "network/lenet.yaml": "kind: cnn\nlayers: 2\n",
    "network/line_lstm.yaml": "kind: lstm\nlayers: 1\nhidden: 64\n",
    "task/chars.yaml": "# @package _global_\ndataset: chars\nepochs: 5\n",
    "task/lines.json": '{"dataset": "${not resolved}", "epochs": 9}',
}
LENET = {"kind": "cnn", "layers": 2}
LSTM = {"kind": "lstm", "layers": 1, "hidden": 64}


@pytest.fixture
def configs(tmp_path):
    def reader(text, *overrides, name="experiments.yaml"):
        for file, content in {**FILES, name: text}.items():
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text(content)
        return [experiment.config for experiment in read(str(tmp_path / name), overrides).experiments()]

    return reader


def test_a_grid_over_a_group_chooses_its_options(configs):
    """Comparing two networks means comparing two files."""
    found = configs("defaults: [_self_, network: lenet]\nbase: {lr: 1}\ngrid: {network: [lenet, line_lstm], seed: [1, 2]}")
    assert found == [{"lr": 1, "network": network, "seed": seed} for network in (LENET, LSTM) for seed in (1, 2)]


def test_the_order_of_keys_is_that_of_the_composition_then_of_the_entry(configs):
    """Printed lines are compared by eye."""
    (found,) = configs("defaults: [_self_, network: lenet]\nbase: {z: 1}\nexperiments: [{a: 1}]")
    assert list(found) == ["z", "network", "a"]


def test_values_are_set_in_the_option_that_is_chosen(configs):
    """The grid, entries and the command line reach into an option as into any mapping."""
    text = "defaults: [network: lenet]\ngrid: {network.layers: [2, 4]}\nexperiments: [{network: {drop: 0.1}}]"
    assert configs(text, "network.kind=x") == [{"network": {"kind": "x", "layers": n, "drop": 0.1}} for n in (2, 4)]


def test_an_entry_chooses_an_option_by_its_name(configs):
    """Text for the name of a group is a choice, a mapping is values; that is the whole rule."""
    found = configs("defaults: [network: lenet]\nexperiments: [{}, {network: line_lstm}, {network: {layers: 9}}]")
    assert [one["network"] for one in found] == [LENET, LSTM, {**LENET, "layers": 9}]


def test_the_command_line_chooses_for_all(configs):
    """It takes the place of the axis, as for any other key."""
    text = "defaults: [network: lenet]\ngrid: {network: [lenet, line_lstm], s: [1, 2]}\nexperiments: [{network: lenet}]"
    assert configs(text, "network=line_lstm") == [{"network": LSTM, "s": s} for s in (1, 2)]


def test_options_go_together_in_a_zip_and_are_excluded_by_name(configs):
    """Groups are keys like others."""
    text = "defaults: [network: lenet]\nzip: {network: [lenet, line_lstm], lr: [1, 2]}"
    assert configs(text) == [{"network": LENET, "lr": 1}, {"network": LSTM, "lr": 2}]
    assert configs(text + "\nexclude: [{network: lenet}]") == [{"network": LSTM, "lr": 2}]


def test_an_option_that_only_the_defaults_choose_can_be_excluded(configs):
    """The name stands in no configuration; it must be known all the same."""
    text = "defaults: [network: lenet]\ngrid: {lr: [1, 2]}\nexperiments: [{}, {network: line_lstm}]\n"
    assert configs(text + "exclude: [{network: lenet, lr: 1}]") == [
        {"network": LENET, "lr": 2},
        {"network": LSTM, "lr": 1},
        {"network": LSTM, "lr": 2},
    ]


def test_include_may_choose_an_option(configs):
    """One further experiment with another network."""
    found = configs("defaults: [network: lenet]\ngrid: {lr: [1]}\ninclude: [{network: line_lstm, lr: 5}]")
    assert found == [{"network": LENET, "lr": 1}, {"network": LSTM, "lr": 5}]


def test_null_takes_an_option_away(configs):
    """In the file as on the command line; Hydra itself refuses the latter."""
    text = "defaults: [_self_, network: lenet]\nbase: {a: 1}"
    assert configs(text, "network=null") == [{"a": 1}]
    assert configs(text + "\nexperiments: [{network: null}]") == [{"a": 1}]


def test_option_files_may_be_json_and_are_then_literal(configs):
    """As everywhere: interpolation is YAML's."""
    assert configs("defaults: [task: lines]") == [{"task": {"dataset": "${not resolved}", "epochs": 9}}]


def test_an_experiments_file_in_json_has_groups_too(configs):
    """The options may be YAML; what is literal in the one file stays literal."""
    text = json.dumps({"defaults": ["_self_", {"task": "chars"}], "base": {"note": "${x}", "epochs": 1}})
    assert configs(text, name="experiments.json") == [{"note": "${x}", "epochs": 5, "dataset": "chars"}]


def test_a_directory_beside_a_file_without_defaults_means_nothing(configs):
    """The lab's files have a key `network` with the name of a network; a directory of that name must not change them."""
    assert configs("grid: {network: [lenet, mlp]}") == [{"network": "lenet"}, {"network": "mlp"}]
