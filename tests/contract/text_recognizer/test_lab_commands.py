"""Every command of the labs that the guide names, trained for one batch; and what their flags mean."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from tests.conftest import ROOT  # noqa: E402
from tests.fakes.text_recognizer.small_emnist import idx, unpacked  # noqa: E402
from tests.fakes.text_recognizer.small_iam import small_iam  # noqa: E402
from text_recognizer.building import model_of  # noqa: E402
from text_recognizer.catalog import DATASETS  # noqa: E402
from text_recognizer.data.mnist import mnist  # noqa: E402
from text_recognizer.data.options import MnistOptions  # noqa: E402
from text_recognizer.errors import DataError, ExperimentError  # noqa: E402
from text_recognizer.experiment import Experiment, read  # noqa: E402
from text_recognizer.flags import parse  # noqa: E402
from text_recognizer.training.loop import Listeners, Training  # noqa: E402

GUIDE = (ROOT / "docs" / "guide" / "labs.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\| `(.+?)` \| ", GUIDE, re.M)
DIGITS = ROOT.parent / "shared" / "data" / "mnist_t10k"
CPU = torch.device("cpu")
FEW = {"train_size": "16", "val_size": "4", "test_size": "4"}
SMALL = {
    "mlp": {"layer_size": "16"},
    "LineCNN": {"conv_dim": "4", "fc_dim": "16"},
    "LineCNNSimple": {"conv_dim": "4", "fc_dim": "16"},
    "LineCNNLSTM": {"conv_dim": "4", "fc_dim": "16", "lstm_dim": "8"},
    "LineCNNTransformer": {"conv_dim": "4", "fc_dim": "16", "tf_dim": "16", "tf_layers": "1"},
    "ResnetTransformer": {"tf_dim": "16", "tf_layers": "1"},
    "line_lstm_ctc": {"channels": "8", "hidden": "8"},
}


class Rows:
    """A tracker that keeps the rows."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def log(self, values: dict[str, float], step: int) -> None:
        self.rows.append(values)

    def predictions(self, *_args: object, **_kwargs: object) -> None: ...


@pytest.fixture(autouse=True)
def small_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST, EMNIST and IAM where the programs look for them."""
    data = tmp_path / "data"
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEXT_RECOGNIZER_DATA", str(data))
    unpacked(data / "emnist")
    small_iam(data / "iam")
    raw = data / "mnist" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, number in (("train", 60), ("t10k", 20)):
        labels = np.arange(number, dtype=np.uint8) % 10
        (raw / f"{split}-images-idx3-ubyte").write_bytes(idx(np.repeat(labels, 784).reshape(-1, 28, 28) * 20))
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(idx(labels))


def quick(command: str) -> Experiment:
    """The experiment of a command, made small: one batch, few lines, narrow networks."""
    given = shlex.split(command)
    experiment = read(parse(given).experiment)
    known = {*experiment.dataset_args.__dataclass_fields__}
    small = {**{k: v for k, v in FEW.items() if k in known}, **SMALL.get(experiment.network, {}), "max_epochs": "1"}
    flags = [f"--{name}={value}" for name, value in small.items() if f"--{name}=" not in command or name == "max_epochs"]
    return read(parse([*given, *flags, "--limit_train_batches=1", "--batch_size=8", "--validate_every=1"]).experiment)


def train(experiment: Experiment, directory: Path) -> list[dict[str, float]]:
    torch.manual_seed(0)
    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    rows = Rows()
    listeners = Listeners(rows, directory, lambda _: None)
    Training(experiment, model_of(experiment, data, CPU), data, CPU, listeners).run()
    return rows.rows


@pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
def test_a_command_of_the_labs_trains_as_it_stands(command: str, tmp_path: Path) -> None:
    """Who comes from the labs types what stands there."""
    (row,) = train(quick(command), tmp_path / "run")
    assert row["val_loss"] >= 0


def test_the_guide_names_the_commands() -> None:
    """A table that is no longer found is no longer tested."""
    assert len(COMMANDS) > 20


def test_what_means_nothing_is_told_once_with_its_reason() -> None:
    """A flag that is dropped in silence is looked for in the results."""
    request = parse(["--network=mlp", "--num_workers=4", "--num_workers=8", '{"dataset_args": {"categorical_format": true}}'])
    assert request.told == (
        "passed over: categorical_format (how texts become classes is the model's affair); "
        "num_workers (batches are made by the process that trains)",
    )
    assert read(request.experiment).network == "mlp"
    assert (
        parse(["--network=LineCNN", "--limit_output_length", "--loss=ctc"]).told[0].startswith("passed over: limit_output_length")
    )
    assert parse(["--network=mlp", "--dataset_args.with_start_end_tokens=true"]).told
    with pytest.raises(ExperimentError, match="unknown flag --num_worker"):
        parse(["--network=mlp", "--num_worker=4"])


def test_a_key_that_is_known_counts() -> None:
    """The lab's switch of its transform means something for the one data set that has it."""
    request = parse(["--dataset=EMNISTLines2", "--augment_data=false"])
    assert (request.told, read(request.experiment).dataset_args.augment_data) == ((), False)
    assert "augment_data" in parse(["--dataset=IAMLines", "--augment_data=false"]).told[0]


@pytest.mark.parametrize(
    ("value", "gpu", "cpu", "told"),
    [
        ("1", -1, False, 0),
        ("-1", -1, False, 1),
        ("2", -1, False, 1),
        ("0", None, True, 0),
        ("0,", 0, False, 0),
        ("[3]", 3, False, 0),
        ("1,2", 1, False, 1),
    ],
)
def test_the_labs_word_for_gpus(value: str, gpu: int | None, cpu: bool, told: int) -> None:
    """Their trainer counted GPUs, or listed them with a comma."""
    request = parse(["--network=mlp", f"--gpus={value}"])
    assert (request.gpu, request.cpu, len(request.told)) == (gpu, cpu, told)
    with pytest.raises(ExperimentError, match="--gpus is 'many'"):
        parse(["--network=mlp", "--gpus=many"])


def test_cross_entropy_of_lines_is_a_character_per_window() -> None:
    """The same word means another model for characters."""
    assert read({"network": "LineCNN", "model": "cross_entropy"}).model == "LineModelWindows"
    assert read({"network": "lenet", "model": "cross_entropy"}).model == "CharacterModel"
    assert read({"network": "LineCNNSimple"}).model == "LineModelWindows"
    assert read({"network": "LineCNN"}).model == "LineModelCtc"


def test_digits_are_read_where_torchvision_keeps_them(tmp_path: Path) -> None:
    """A twelfth of the training set is val; a missing file is named."""
    data = mnist(MnistOptions())
    assert (len(data.train), len(data.val), len(data.test), data.classes) == (55, 5, 20, "0123456789")
    assert all(image[0, 0] == 20 * label for image, label in zip(data.val.images, data.val.labels, strict=True))
    assert len(mnist(MnistOptions(subsample_fraction=0.2)).train) == 11
    (tmp_path / "data/mnist/MNIST/raw/t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is not there"):
        mnist(MnistOptions())


@pytest.mark.skipif(not DIGITS.is_dir(), reason="needs a folder named shared beside the checkout")
def test_real_digits_are_learned(tmp_path: Path) -> None:
    """Ten thousand digits that people wrote, the same files for training and test."""
    for file in DIGITS.iterdir():
        for split in ("train", "t10k"):
            (tmp_path / "data" / "digits").mkdir(exist_ok=True)
            (tmp_path / "data" / "digits" / file.name.replace("t10k", split)).symlink_to(file)
    flags = (
        f"--data_class=MNIST --model_class=CNN --max_epochs=1 --limit=2000 --batch_size=50 --folder={tmp_path / 'data/digits'}"
    )
    (row,) = train(read(parse(flags.split()).experiment), tmp_path / "run")
    assert row["val_accuracy"] > 0.8
