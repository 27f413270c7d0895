"""A trained network goes on with another alphabet, and with few lines of one hand; as the guide's page says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from tests.conftest import ROOT  # noqa: E402
from text_recognizer import predict, run_experiment  # noqa: E402
from text_recognizer.building import by_class, data_of, training_of  # noqa: E402
from text_recognizer.data import __main__ as show  # noqa: E402
from text_recognizer.errors import CheckpointError  # noqa: E402
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.training.adapting import adapted, otherwise, told  # noqa: E402
from text_recognizer.training.checkpoints import load  # noqa: E402
from text_recognizer.training.loop import Listeners  # noqa: E402

CPU = torch.device("cpu")
PAGE = ROOT / "docs" / "guide" / "one_hand.md"
NETWORKS: dict[str, dict[str, Any]] = {
    "line_lstm_ctc": {"channels": 8, "hidden": 8},
    "line_columns": {},
    "LineCNN": {"conv_dim": 4, "fc_dim": 16},
    "LineCNNTransformer": {"conv_dim": 4, "fc_dim": 16, "tf_dim": 16, "tf_layers": 1},
}


class Silence:
    """A tracker that keeps nothing."""

    def log(self, *_args: object, **_kwargs: object) -> None: ...

    def predictions(self, *_args: object, **_kwargs: object) -> None: ...


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TEXT_RECOGNIZER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEXT_RECOGNIZER_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("EXP_QUEUE_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.chdir(tmp_path)
    yield
    torch.set_flush_denormal(False)  # what a training does to its process; Hypothesis draws no floats in such a one


def folder(path: Path, texts: list[str], writers: int = 1) -> Path:
    """Pictures of noise with these texts, by so many writers in turn."""
    path.mkdir(parents=True)
    for i, text in enumerate(texts):
        noise = np.random.default_rng(i).integers(0, 255, (32, 24 * len(text)), np.uint8)
        Image.fromarray(noise).save(path / f"{i:03}.png")
    rows = [f"{i:03}.png\twriter{i % writers}\t{text}" for i, text in enumerate(texts)]
    (path / "lines.tsv").write_text("\n".join(["image\twriter\ttranscript", *rows]), encoding="utf-8")
    return path


def begun(network: str, place: Path, directory: Path, said: list[str], **train_args: Any):
    """A training of this network on the lines of a folder, before its first epoch."""
    given = {"dataset": "LineFolder", "dataset_args": {"folder": str(place)}, "network": network}
    experiment = read({**given, "network_args": NETWORKS[network], "train_args": {"epochs": 1, "batch_size": 4, **train_args}})
    return training_of(experiment, CPU, Listeners(Silence(), directory, said.append), directory)


def test_rows_of_the_classes_follow_their_characters() -> None:
    """A row more or less, and each character is read as its neighbour in the alphabet."""
    old = {"head": torch.arange(4.0)[:, None].repeat(1, 2), "stem": torch.ones(4)}
    fresh = {"head": torch.full((5, 2), 9.0), "stem": torch.zeros(4)}
    weights = adapted(old, fresh, ["head"], "abd", "bcde")
    assert weights["head"][:, 0].tolist() == [0.0, 2.0, 9.0, 3.0, 9.0]
    assert weights["stem"].tolist() == [1.0] * 4
    assert told("abd", "bcde") == "the alphabet is another: 2 characters kept, 2 ('c' 'e') added, 1 ('a') removed"
    assert told("ab", "ab") == ""


def test_lines_prepared_otherwise_than_those_of_the_weights_are_told() -> None:
    """It reads worse for a while, and nobody would know why."""
    before = {"fit": False, "upright": False, "height": 32}
    said = "it has learned of lines prepared with --fit=false; give that to go on with such lines"
    assert otherwise(before, {**before, "fit": True}) == said
    assert otherwise(before, {**before, "height": 64}) == said.replace("--fit=false", "--height=32")
    assert otherwise(before, before) == otherwise({"height": 32}, {**before, "fit": True}) == ""


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_of_another_alphabet_are_made_fit(network: str, tmp_path: Path) -> None:
    """What letters look like was learned once; a character that is new must not cost all of it."""
    first = folder(tmp_path / "first", ["abd ba", "dab", "bad dab"] * 2, writers=3)
    second = folder(tmp_path / "second", ["cab ebb", "bec", "bade"] * 2, writers=3)
    begun(network, first, tmp_path / "one", []).run()
    kept, said = load(tmp_path / "one" / "best.pt"), []
    training = begun(network, second, tmp_path / "two", said, load_checkpoint=str(tmp_path / "one" / "best.pt"))
    assert any("characters kept" in line and "added" in line for line in said)
    own, of_classes = training.model.network.state_dict(), by_class(training.experiment, training.data)
    assert of_classes
    assert all(torch.equal(own[name], kept.weights[name]) for name in own if name not in of_classes)
    name = min(of_classes)
    before = len(own[name]) - len(training.data.classes)
    for i, c in enumerate(training.data.classes):
        if c in kept.classes:
            assert torch.equal(own[name][before + i], kept.weights[name][before + kept.classes.index(c)])
    training.run()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """The message says which network they are of."""
    first = folder(tmp_path / "first", ["abd ba", "dab", "bad dab"] * 2, writers=3)
    begun("LineCNN", first, tmp_path / "one", []).run()
    with pytest.raises(CheckpointError, match="weights of LineCNN; give that network"):
        begun("line_lstm_ctc", first, tmp_path / "two", [], load_checkpoint=str(tmp_path / "one" / "best.pt"))


def test_older_lines_are_trained_on_beside_the_new_and_hold_nothing_out(tmp_path: Path) -> None:
    """Twenty lines alone make a network forget others; and a figure must be that of the new hand."""
    new, old = folder(tmp_path / "new", ["ab"] * 20), folder(tmp_path / "old", ["cd"] * 40, writers=4)
    given = {"dataset": "LineFolder", "dataset_args": {"folder": str(new), "beside": str(old), "beside_lines": 30}}
    data = data_of(read(given))
    assert data.train.texts.count("cd") == 30
    assert set(data.val.texts) | set(data.test.texts) == {"ab"}
    assert len(data.train) + len(data.val) + len(data.test) == 50
    given["dataset_args"]["beside_lines"] = 0
    assert data_of(read(given)).train.texts.count("cd") == 40


def test_no_character_of_the_older_lines_is_lost(tmp_path: Path) -> None:
    """What few of them have would be taken out of the network, and the adapted one could not read it any more."""
    new, old = folder(tmp_path / "new", ["ab"] * 20), folder(tmp_path / "old", ["cd"] * 30 + ["ck"] * 9 + ["k!"], writers=4)
    for seed in range(5):
        given = {"folder": str(new), "beside": str(old), "beside_lines": 2, "seed": seed}
        data = data_of(read({"dataset": "LineFolder", "dataset_args": given}))
        assert "".join(data.classes) == "!abcdk"
        assert 2 <= sum(text != "ab" for text in data.train.texts) <= 5


def test_the_commands_of_the_page_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the page, with a small network and few lines."""
    folder(tmp_path / "my_hand", ["abd ba", "œdab", "bad dab", "dab"] * 5)
    folder(tmp_path / "old_lines", ["abd ba", "dab", "bad dab"] * 3, writers=3)
    begun("line_lstm_ctc", tmp_path / "old_lines", tmp_path / "base", []).run()
    (tmp_path / "base" / "best.pt").rename(tmp_path / "base.pt")
    (tmp_path / "new_page").mkdir()
    Image.fromarray(np.full((32, 90), 200, np.uint8)).save(tmp_path / "new_page" / "1.png")
    programs = {"data": show.main, "run_experiment": run_experiment.main, "predict": predict.main}
    commands = re.findall(r"^    python -m text_recognizer\.(\w+) (.*)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert [name for name, _ in commands] == ["data", "run_experiment", "predict"]
    for name, arguments in commands:
        small = ["--channels=8", "--hidden=8", "--dropout=0.1", "--max_epochs=1"] if name == "run_experiment" else []
        given = [a for a in shlex.split(arguments) if not a.startswith("--epochs")] if small else shlex.split(arguments)
        assert programs[name]([*given, *small]) == 0, capsys.readouterr().err
    assert "1 ('œ') added" in capsys.readouterr().out
