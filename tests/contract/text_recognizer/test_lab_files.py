"""The experiments of the labs as files, and trained for an epoch on small stand-ins for their data."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from scheduler.sweeps.space.sampling import draw  # noqa: E402
from scheduler.sweeps.sweep import SweepPlan, read_plan  # noqa: E402
from tests.conftest import ROOT, CommandLine  # noqa: E402
from tests.fakes.text_recognizer.small_emnist import unpacked  # noqa: E402
from tests.fakes.text_recognizer.small_iam import small_iam  # noqa: E402
from text_recognizer.building import model_of  # noqa: E402
from text_recognizer.catalog import DATASETS  # noqa: E402
from text_recognizer.experiment import Experiment, read  # noqa: E402
from text_recognizer.flags import parse  # noqa: E402
from text_recognizer.training.loop import Listeners, Training  # noqa: E402

SCRIPTS = {
    "train_character_predictor": ("EMNIST", "CharacterModel", "mlp"),
    "train_lstm_line_predictor": ("EMNISTLines", "LineModelCtc", "line_lstm_ctc"),
    "train_lstm_line_predictor_on_iam": ("IAMLines", "LineModelCtc", "line_lstm_ctc"),
    "train_transformer_line_predictor": ("EMNISTLines2", "LineModelTransformer", "LineCNNTransformer"),
}
FLAGS = (
    "--data_class=EMNISTLines2 --model_class=LineCNNTransformer --loss=transformer --conv_dim=4 --fc_dim=16 --window_width=16 "
    "--tf_layers=1 --tf_dim=16 --lr=1e-3 --precision=16 --max_epochs=1 --num_train=12 --num_val=4 --num_test=4"
)
FEW = {"train_size": 12, "val_size": 4, "test_size": 4}


class Silence:
    """A tracker that keeps nothing."""

    def log(self, *_args, **_kwargs) -> None: ...

    def predictions(self, *_args, **_kwargs) -> None: ...


@pytest.fixture(autouse=True)
def small_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EMNIST and IAM where the programs look for them."""
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEXT_RECOGNIZER_DATA", str(tmp_path / "data"))
    unpacked(tmp_path / "data" / "emnist")
    small_iam(tmp_path / "data" / "iam")


def of_script(name: str) -> dict[str, Any]:
    """The experiment in the last command of a script."""
    text = (ROOT / "tasks" / f"{name}.sh").read_text()
    found = re.search(r"'(\{.*\})' \"\$@\"", text)
    assert found
    return dict(parse([found.group(1)]).experiment)


def train(experiment: Experiment, directory: Path) -> float:
    torch.manual_seed(0)
    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    model = model_of(experiment, data, torch.device("cpu"))
    listeners = Listeners(Silence(), directory, lambda _: None)
    return Training(experiment, model, data, torch.device("cpu"), listeners).run().figures[model.metric]


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_train_what_their_names_say(name: str, tmp_path: Path) -> None:
    """They are the first that someone from the labs tries; here with one epoch on stand-ins for the data."""
    given = of_script(name)
    experiment = read(given)
    assert (experiment.dataset, experiment.model, experiment.network) == SCRIPTS[name]
    few = FEW if "Lines" in experiment.dataset and experiment.dataset != "IAMLines" else {}
    small = {"conv_dim": 4, "fc_dim": 16, "tf_dim": 16, "tf_layers": 1} if experiment.network == "LineCNNTransformer" else {}
    quick = {**given["train_args"], "epochs": 1, "batch_size": 12}
    assert train(read({**given, "dataset_args": few, "network_args": small, "train_args": quick}), tmp_path / "run") >= 0


def test_the_flat_flags_of_2021_train(tmp_path: Path) -> None:
    """A sweep's `${args}` reaches the program without a wrapper."""
    assert train(read(parse(FLAGS.split()).experiment), tmp_path / "run") > 0


EXPERIMENTS = {
    "line_predictors.yaml": ["line_lstm_ctc", "line_lstm_ctc", "LineCNNTransformer"],
    "sample.json": ["mlp", "mlp", "lenet"],
    "sample.yaml": ["mlp", "lenet", "line_lstm_ctc", "line_lstm_ctc"],
    "handwritten_lines_6_cpu_minutes.yaml": ["line_lstm_ctc"],
    "handwritten_lines_15_cpu_minutes.yaml": ["line_lstm_ctc"],
}


@pytest.mark.parametrize("file", sorted(path.name for path in (ROOT / "experiments").iterdir()))
def test_the_files_of_experiments_hold_what_can_be_trained(command_line: CommandLine, file: str) -> None:
    """A key that only fails in the queue fails at night. A new file must be entered above, so that it is looked at."""
    lines = command_line("prepare", str(ROOT / "experiments" / file)).stdout.splitlines()
    assert [read(parse(shlex.split(line)[3:]).experiment).network for line in lines] == EXPERIMENTS[file]


SWEEPS = {
    "emnist_lines_lstm.yaml": ("grid", "EMNISTLines", "line_lstm_ctc"),
    "iam_lines_lstm.yaml": ("grid", "IAMLines", "line_lstm_ctc"),
    "line_cnn_transformer.yaml": ("random", "EMNISTLines2", "LineCNNTransformer"),
    "line_grid.yaml": ("grid", "GeneratedLines", "line_lstm_ctc"),
    "sample.yaml": ("random", "GeneratedLines", "line_lstm_ctc"),
}
TINY_LINES = ["--train_size=12", "--val_size=4", "--test_size=4", "--max_length=12"]
TINY_LSTM = ["--channels=16", "--hidden=8"]
TINY_WRITER = ["--conv_dim=4", "--fc_dim=16", "--tf_dim=16", "--tf_fc_dim=16", "--tf_layers=1"]


def plan_of(file: str) -> SweepPlan:
    return read_plan(str(ROOT / "sweeps" / file))


def arguments_at(plan: SweepPlan, seed: int) -> list[str]:
    """What the program is given at a random point of the sweep."""
    argv = plan.experiment(draw(plan.parameters, random.Random(seed))).argv  # noqa: S311 - a repeatable choice, not a secret
    return list(argv[argv.index("text_recognizer.run_experiment") + 1 :])


@pytest.mark.parametrize("file", sorted(path.name for path in (ROOT / "sweeps").iterdir()))
def test_every_point_of_the_files_of_sweeps_can_be_trained(file: str) -> None:
    """A value that the program refuses fails in the tenth trial, and every tenth after it."""
    plan = plan_of(file)
    found = [read(parse(arguments_at(plan, seed)).experiment) for seed in range(40)]
    method, *names = SWEEPS[file]
    assert {(plan.sweep.method, e.dataset, e.network) for e in found} == {(method, *names)}
    assert len(set(found)) > 3
    assert plan.metric == "val_cer"
    assert plan.goal == "minimize"


@pytest.mark.parametrize(
    ("file", "tiny"),
    [
        ("emnist_lines_lstm.yaml", [*TINY_LINES, *TINY_LSTM]),
        ("iam_lines_lstm.yaml", TINY_LSTM),
        ("line_cnn_transformer.yaml", [*TINY_LINES, *TINY_WRITER]),
    ],
)
def test_the_sweeps_of_the_labs_train(file: str, tiny: list[str], tmp_path: Path) -> None:
    """On stand-ins for the data, with networks that take a second."""
    given = [*arguments_at(plan_of(file), 0), *tiny, "--epochs=1", "--batch_size=12"]
    assert train(read(parse(given).experiment), tmp_path / "run") >= 0


def test_the_sample_sweep_can_be_chosen_by_its_results() -> None:
    """`--method bayes` is what the first page offers; it needs a metric, and a cap so that it ends."""
    plan = read_plan(str(ROOT / "sweeps" / "sample.yaml"), method="bayes")
    assert (plan.sweep.method, plan.metric, plan.sweep.run_cap) == ("bayes", "val_cer", 8)
    rule = plan.sweep.early_terminate
    assert rule
    assert rule.min_iter
    epochs = read(parse(arguments_at(plan, 0)).experiment).train_args.epochs
    assert 2 * rule.min_iter <= epochs, "no trial would ever be stopped"
