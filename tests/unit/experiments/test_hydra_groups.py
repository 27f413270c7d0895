"""Config groups of a Hydra application: how an option is chosen on its command line, and values in what it chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.experiments import read
from scheduler.sweeps.sweep import read_plan

APP = "import hydra\n@hydra.main(version_base=None, config_path='conf', config_name='top')\ndef main(config): ...\nmain()\n"
FILES = {
    "app.py": APP,
    "conf/top.yaml": "defaults: [base, optional data: mnist, override hydra/launcher: basic]\nlr: 1\n",
    "conf/base.yaml": "defaults: [model: small, _self_]\n",
    "conf/model/small.yaml": "layers: 1\n",
    "conf/model/large.yaml": "layers: 9\n",
    "conf/data/mnist.yaml": "batch: 8\n",
    "conf/db/mysql.yaml": "port: 1\n",
}


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The arguments of each experiment of a file, beside an application with config groups, without its directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def reading(text: str, *overrides: str, macro: str = "args_override_hydra", program: str = "app.py") -> list[str]:
        (tmp_path / "grid.yaml").write_text(f"{text}\ncommand: [python, {program}, '${{{macro}}}']\n")
        argvs = [each.argv[2:] for each in read("grid.yaml", overrides).experiments()]
        return [" ".join(word for word in argv if not word.startswith("hydra.run.dir")) for argv in argvs]

    return reading


def test_an_option_is_chosen_as_hydra_wants_it_and_a_value_set_as_before(lines) -> None:
    """`++model=large` is refused by Hydra; the defaults list may be in a file that the primary config names."""
    assert lines("base: {model: large, data: mnist, db: mysql, lr: 2, name: x}") == [
        "model=large data=mnist +db=mysql ++lr=2 ++name=x"
    ]
    assert lines("base: {model: large, db: mysql, lr: 2}", macro="args_append_hydra") == ["model=large +db=mysql +lr=2"]


def test_a_group_and_values_in_what_it_chooses_vary_side_by_side(lines) -> None:
    """The most ordinary grid of a Hydra user: which model, and its dropout."""
    assert lines("grid: {model: [small, large], model.layers: [2, 3]}") == [
        "model=small ++model.layers=2",
        "model=small ++model.layers=3",
        "model=large ++model.layers=2",
        "model=large ++model.layers=3",
    ]
    assert lines("grid: {model: [small], model.layers: [2]}", macro="args_no_hyphens") == ["model=small model.layers=2"]


@pytest.mark.parametrize("text", ["base: {model: large}", "experiments: [{model: large}]", "include: [{model: large}]"])
def test_a_value_on_the_command_line_stands_beside_a_chosen_option(lines, text: str) -> None:
    """And an option beside a value, wherever it was chosen."""
    assert [sorted(line.split()) for line in lines(text, "model.layers=4")] == [["++model.layers=4", "model=large"]]


def test_an_option_on_the_command_line_leaves_values_of_a_grid_alone(lines) -> None:
    """`model=large` is an override like any other."""
    assert lines("grid: {model.layers: [2]}", "model=large") == ["++model.layers=2 model=large"]


def test_a_file_that_chooses_no_option_is_read_as_ever(lines, tmp_path: Path) -> None:
    """Its experiments keep their ids, and what has succeeded is not run again."""
    assert lines("grid: {model: [{layers: 2}]}") == ["++model.layers=2"]
    (tmp_path / "g.yaml").write_text("grid: {model.layers: [2]}\ncommand: [python, app.py, '${args_override_hydra}']\n")
    assert [each.config for each in read("g.yaml").experiments()] == [{"model": {"layers": 2}}]


def test_groups_may_be_named_where_the_program_cannot_be_read(lines) -> None:
    """An installed command, or a config in a package."""
    text = "grid: {model: [small], model.layers: [2]}\nbase: {db: mysql}\ngroups: [model, +db]"
    assert lines(text, program="installed") == ["+db=mysql model=small ++model.layers=2"]
    with pytest.raises(UserError, match=r"grid.yaml:2:9: expected a list of the program's config groups"):
        lines("base: {model: small}\ngroups: model")


def test_without_groups_the_two_cannot_vary_together(lines) -> None:
    """One would overwrite the other in the program's configuration."""
    with pytest.raises(UserError, match="lies inside"):
        lines("grid: {model: [small], model.layers: [2]}", program="other.py")


def test_a_sweep_chooses_options_as_a_grid_does(lines, tmp_path: Path) -> None:
    """Its parameters hold dots as they are."""
    lines("base: {}")
    parameters = "{model: {values: [small]}, model.layers: {values: [2]}}"
    text = f"method: random\nprogram: app.py\ncommand: [python, app.py, '${{args_override_hydra}}']\nparameters: {parameters}\n"
    (tmp_path / "sweep.yaml").write_text(text)
    assert read_plan("sweep.yaml").experiment(["small", 2]).argv[2:4] == ("model=small", "++model.layers=2")
