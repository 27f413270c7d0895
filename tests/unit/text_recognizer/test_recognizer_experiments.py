"""From JSON and flags to one frozen experiment."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_recognizer.catalog import DATASETS, MODELS, NETWORKS
from text_recognizer.errors import ExperimentError
from text_recognizer.experiment import read
from text_recognizer.flags import parse, scalar
from text_recognizer.help import text


def experiment(*arguments: str):
    return read(parse(list(arguments)).experiment)


def refusal(*arguments: str) -> str:
    with pytest.raises(ExperimentError) as caught:
        experiment(*arguments)
    return str(caught.value)


JSON = {
    "dataset": "GeneratedLines",
    "dataset_args": {"train_size": 50},
    "model": "LineModelCtc",
    "network": "LineCNNLSTM",
    "network_args": {"lstm_dim": 32},
    "train_args": {"lr": 1e-3, "epochs": 8, "precision": "16"},
    "experiment_group": "Group",
}


def test_flags_and_json_make_the_same_experiment() -> None:
    """A sweep passes flags, a file passes JSON; the same training must come of both."""
    flags = [
        "--data_class=GeneratedLines",
        "--model_class=LineCNNLSTM",
        "--dataset_args.train_size=50",
        "--lstm_dim=32",
        "--lr=1e-3",
        "--max_epochs=8",
        "--precision=16",
        "--experiment_group=Group",
    ]
    assert experiment(*flags) == experiment(json.dumps(JSON))


def test_json_and_flags_come_in_any_order() -> None:
    """The labs write `--save '{json}' --gpu=1`."""
    before = parse(["--save", json.dumps(JSON), "--gpu=1"])
    after = parse(["--gpu", "1", "--save=true", json.dumps(JSON)])
    assert before == after
    assert (before.gpu, before.save, before.wandb) == (1, True, False)


def test_a_flag_wins_over_the_json_under_any_of_its_names() -> None:
    """Two names of one key side by side would be an error, and the user only meant to change it."""
    given = json.dumps({"network": "mlp", "train_args": {"max_epochs": 3, "lr": 0.1}})
    assert experiment(given, "--epochs=5").train_args.epochs == 5
    assert experiment(given, "--train_args.epochs=5").train_args.lr == 0.1


def test_a_number_of_layers_reaches_the_network() -> None:
    """`--num_layers` is not a key of train_args, and must find its place by itself."""
    assert experiment("--num_layers=4", "--network=mlp").network_args.num_layers == 4


def test_the_rest_follows_from_one_name() -> None:
    """Nobody wants to write three names that say the same."""
    line = experiment("--network=LineCNNLSTM")
    assert (line.dataset, line.model, line.network) == ("GeneratedLines", "LineModelCtc", "LineCNNLSTM")
    assert experiment("--model=CharacterModel").network == "mlp"


def test_an_experiment_survives_its_own_mapping() -> None:
    """Checkpoints keep it, to rebuild the network."""
    original = experiment(json.dumps(JSON))
    assert read(json.loads(json.dumps(original.as_mapping()))) == original


@pytest.mark.parametrize("catalog", [DATASETS, MODELS, NETWORKS], ids=lambda c: c.noun)
def test_no_two_entries_share_a_name(catalog) -> None:
    """The later one would silently hide the earlier; a word may mean one thing for characters and another for lines."""
    names = [(name, e.reads) for e in catalog.entries for name in (e.name, *e.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["MLP", "LeNet", "CNN", "lenet", "line_lstm_ctc", "line_cnn_all_conv"])
def test_the_older_names_are_known(name: str) -> None:
    """Experiment files of 2019 and 2021 shall run."""
    assert NETWORKS.find(name).name in ("mlp", "lenet", "line_lstm_ctc", "LineCNN")


def test_the_flat_flags_of_2021_make_an_experiment() -> None:
    """A sweep of the labs passes these, and nothing else."""
    flags = (
        "--data_class=EMNISTLines2 --model_class=LineCNNTransformer --loss=transformer --conv_dim=32 --window_width=16 "
        "--window_stride=8 --tf_layers=4 --fc_dim=512 --lr=1e-3 --precision=16 --max_epochs=8"
    )
    found = experiment(*flags.split())
    assert (found.dataset, found.model, found.network) == ("EMNISTLines2", "LineModelTransformer", "LineCNNTransformer")
    assert (found.network_args.tf_layers, found.train_args.epochs, found.train_args.lr) == (4, 8, 1e-3)


def test_the_model_follows_from_how_the_network_answers() -> None:
    """CTC on the logits of a decoder would train, and never read anything."""
    assert experiment("--network=ResnetTransformer").model == "LineModelTransformer"
    assert experiment("--model=LineModelTransformer").network == "LineCNNTransformer"
    assert "network and model do not fit" in refusal("--network=LineCNN", "--loss=transformer")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("EmnistDataset", "EMNIST"),
        ("EmnistLinesDataset", "EMNISTLines"),
        ("EMNISTLines2", "EMNISTLines2"),
        ("IamLinesDataset", "IAMLines"),
    ],
)
def test_the_older_names_of_data_sets_are_known(name: str, found: str) -> None:
    """The sample of 2019 names EmnistDataset."""
    assert DATASETS.find(name).name == found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network=lenett"], 'unknown network "lenett"; did you mean "lenet"?'),
        (["--netwrk=mlp"], 'unknown flag --netwrk; did you mean "network"?'),
        (["--network=mlp", "--epoch=3"], 'unknown flag --epoch; did you mean "epochs"?'),
        (['{"network": "mlp", "trainargs": {}}'], 'did you mean "train_args"?'),
        (['{"network": "mlp", "network_args": {"numlayers": 2}}'], 'in network_args; did you mean "num_layers"?'),
        (['{"network": "mlp", "dataset_args": {"colour": 2}}'], "in dataset_args; known are: train_size"),
        (['{"network": "mlp", "train_args": {"epochs": 1, "max_epochs": 2}}'], "is given twice"),
        (['{"network": "mlp", "train_args": 3}'], "train_args must be a mapping"),
        (["--network=mlp", "--epochs=0"], "train_args.epochs is 0; give 1 or more"),
        (["--network=mlp", "--dropout=50"], "network_args.dropout is 50.0; give a number from 0 to 1"),
        (["--network=mlp", "--epochs=2.5"], "train_args.epochs is 2.5; give a whole number"),
        (["--network=mlp", "--epochs=true"], "train_args.epochs is True; give a whole number"),
        (["--network=mlp", "--lr=fast"], "train_args.lr is 'fast'; give a number"),
        (["--network=mlp", "--lr=.nan"], "train_args.lr is '.nan'; give a number"),
        (["--network=mlp", "--precision=64"], "choose one of auto, 32, bf16, 16"),
        (["--network=mlp", "--dataset=GeneratedLines"], "network mlp is for characters, but dataset GeneratedLines"),
        (["--network=mlp", "--epochs"], "--epochs needs a value"),
        (["--network=mlp", "--gpu=one"], "--gpu is 'one'"),
        (["--network=mlp", "--save=perhaps"], "--save is a switch"),
        (['{"network": "mlp", "network": "lenet"}'], "gives 'network' twice"),
        (['{"network": '], "not JSON at character"),
        (['{"train_args": {"lr": NaN}}'], "NaN is not JSON"),
        (['{"network": ' + "[" * 100_000], 'JSON of too many brackets, one in another: {"network": [['),
        (['{"seed": ' + "9" * 5000 + "}"], 'JSON with a whole number of too many digits: {"seed": 99'),
        (["--network=mlp", "--seed=" + "9" * 5000], "a whole number of too many digits: 99"),
        (["{}", "{}"], "two JSON experiments"),
        (["mlp"], "neither a flag nor a JSON object: mlp"),
        ([], "names no dataset, model or network"),
    ],
    ids=lambda v: " ".join(v)[:50] if isinstance(v, list) else "",
)
def test_a_slip_is_named_with_a_way_out(arguments: list[str], message: str) -> None:
    """Someone reads it at night in the log of a job that ended at once."""
    assert message in refusal(*arguments)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001),
        ("010", 10),
        ("0x10", 16),
        ("no", "no"),
        ("True", True),
        ("false", False),
        ("~", None),
        ("1_000", "1_000"),
        (".5", 0.5),
        ("-1", -1),
        ("3.", 3.0),
        ("[1, 2]", [1, 2]),
        ('"16"', "16"),
        ("2021-01-01", "2021-01-01"),
    ],
)
def test_flags_are_read_as_yaml_1_2(written: str, value) -> None:
    """The YAML of 1.1 reads `no` as false, `010` as eight and 1e-3 as a text."""
    assert scalar(written) == value
    assert type(scalar(written)) is type(value)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none())
def test_a_flag_written_as_json_is_read_back(value) -> None:
    """Sweeps write numbers with json.dumps; the trial must train with the very same one."""
    assert scalar(json.dumps(value)) == value


def test_the_guide_lists_every_key_with_its_default() -> None:
    """A default that moved on in the code alone makes the guide a trap."""
    guide = Path(__file__).resolve().parents[3] / "docs" / "guide"
    pages = [guide / "recognizer.md", *guide.glob("data/*.md"), *guide.glob("models/*.md")]
    rows = [line for page in pages for line in page.read_text().splitlines() if line.startswith("| `")]
    entries = [e for catalog in (DATASETS, MODELS, NETWORKS) for e in catalog.entries]
    for field in (f for e in entries for f in dataclasses.fields(e.options)):
        default = f"`{field.default}`" if field.default != "" else "none"
        names = [f"`{name}`" for name in field.metadata["aliases"]]
        assert any(
            row.startswith(f"| `{field.name}` |") and f"| {default} |" in row and all(n in row for n in names) for row in rows
        ), field.name


def test_the_help_names_every_key() -> None:
    """A key that the help forgets does not exist for its reader."""
    for entry in (*MODELS.entries, *NETWORKS.entries):
        for name in entry.options.__dataclass_fields__:
            assert f"\n  {name} " in text()


@pytest.mark.parametrize("name", ["0042", "1e3", "1.10", "true", "null", "[a]", "{b}", "my lines"])
def test_a_folder_keeps_its_name(name: str) -> None:
    """Archives number their boxes: 0042 was looked for as 42, and 1e3 as 1000.0."""
    assert experiment("--dataset=LineFolder", f"--folder={name}").dataset_args.folder == name
    assert experiment("--dataset=LineFolder", f"--dataset_args.folder={name}").dataset_args.folder == name
    assert experiment("--network=mlp", f"--load_checkpoint={name}").train_args.load_checkpoint == name
    assert experiment("--network=mlp", f"--experiment_group={name}").experiment_group == name


def test_a_text_may_still_be_quoted_as_json() -> None:
    """The queue quotes the texts of its command lines where they could be taken for something else."""
    assert experiment("--dataset=LineFolder", '--folder="a \\"b\\""').dataset_args.folder == 'a "b"'


def test_a_seed_that_no_generator_takes_is_refused() -> None:
    """It was a traceback after all data had been made."""
    assert "train_args.seed is 9223372036854775808" in refusal("--network=mlp", f"--seed={2**63}")
