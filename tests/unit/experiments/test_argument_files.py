"""Files that hold the arguments of experiments: each is there before its experiment is handed on."""

from __future__ import annotations

import pytest

from scheduler.experiments import Experiment
from scheduler.experiments.argument_files import written
from scheduler.experiments.command.command import Slot


@pytest.mark.parametrize("order", ["pfpf", "ffpf"])
def test_every_experiment_has_its_file_whatever_came_before_it(tmp_path, order) -> None:
    """What is known of the command of one experiment says nothing of another command."""
    launches = {"p": ("true",), "f": ("true", Slot("args_json_file", folder=str(tmp_path / "files")))}
    given = [Experiment(("x",), f'{{"a": {number}}}', launch=launches[each]) for number, each in enumerate(order)]
    for experiment in written(given):
        assert experiment.argument_file is None or experiment.argument_file.read_text() == experiment.arguments
    assert len(list((tmp_path / "files").iterdir())) == order.count("f")
