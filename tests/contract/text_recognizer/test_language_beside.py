"""The language model beside a checkpoint: made by a training, used by whoever reads, and never trusted when it is damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from text_recognizer.building import model_of  # noqa: E402
from text_recognizer.catalog import DATASETS  # noqa: E402
from text_recognizer.errors import CheckpointError, DataError  # noqa: E402
from text_recognizer.evaluate import main as evaluate  # noqa: E402
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.models.fusion import Weights  # noqa: E402
from text_recognizer.models.ngrams import counted  # noqa: E402
from text_recognizer.models.trust import AS_IT_IS, Scale, Trust  # noqa: E402
from text_recognizer.predict import main  # noqa: E402
from text_recognizer.recognizer import Recognizer  # noqa: E402
from text_recognizer.training import language_choice, language_file  # noqa: E402
from text_recognizer.training.checkpoints import Checkpoint, load, save  # noqa: E402
from text_recognizer.training.language_file import Language, beside  # noqa: E402
from text_recognizer.training.loop import Listeners, Training  # noqa: E402

SMALL = {"train_size": 6, "val_size": 9, "test_size": 2, "max_length": 12}
GIVEN = {"dataset_args": SMALL, "network": "line_lstm_ctc", "network_args": {"channels": 16, "hidden": 8}}
HALF = Trust(Scale(2.0, 0.3), Scale(1.5, 0.1))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A network that takes all for h, or for t or e, with a model of one text beside it."""
    experiment = read(GIVEN)
    torch.manual_seed(0)
    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    model = model_of(experiment, data, torch.device("cpu"))
    with torch.no_grad():
        model.network.head.weight.zero_()
        model.network.head.bias.fill_(-5.0)
        model.network.head.bias[[0, *(1 + data.classes.index(c) for c in "teh")]] = torch.tensor([0.0, 0.0, 0.0, 0.1])
    path = tmp_path / "best.pt"
    save(path, Checkpoint(experiment.as_mapping(), data.classes, model.needed(data), model.network.state_dict()))
    levels = tuple(counted(["the"] * 5, data.classes, 3, 1000))
    language = Language(data.classes, levels, Weights(1.0, 2.0, 4), HALF, AS_IT_IS, {"order": 3})
    language_file.save(path, load(path).weights, language)
    return path


def line() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 300), dtype=np.uint8)


def test_it_is_used_unless_it_is_turned_off(checkpoint: Path) -> None:
    """On by default is what makes it worth having; off is how its worth is measured."""
    recognizer = Recognizer(checkpoint)
    (told,), (alone,) = recognizer.read([line()]), recognizer.read([line()], lm=False)
    assert "the" in told.text
    assert alone.text == "h"
    assert told.calibrated
    assert alone.calibrated
    beside(checkpoint).unlink()
    (bare,) = Recognizer(checkpoint).read([line()])
    assert (bare.text, bare.calibrated) == (alone.text, False)


def test_a_split_is_measured_with_it_where_that_is_asked_for(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it is worth on harder lines is seen side by side; without the word the figure is that of the training."""
    read = {}
    for words in ((), ("--lm",)):
        assert evaluate([str(checkpoint), *words, "--format=json", "--resamples=9"]) == 0
        figures = json.loads(capsys.readouterr().out)
        read[figures["lm"]] = {each["read"] for each in figures["worst"]}
    assert read[False] == {"h"}
    assert all("the" in text for text in read[True])
    beside(checkpoint).unlink()
    assert evaluate([str(checkpoint), "--lm"]) == 1
    assert "no language model lies beside it" in capsys.readouterr().err


def test_characters_and_words_stand_in_the_given_picture(checkpoint: Path) -> None:
    """The picture is scaled before it is read; whoever marks a word marks it in their own."""
    (reading,) = Recognizer(checkpoint).read([line()])
    assert "".join(c.text for c in reading.characters) == reading.text
    assert [w.text for w in reading.words] == reading.text.split()
    ends = [(c.start, c.end) for c in reading.characters]
    assert all(0 <= start <= end <= 300 for start, end in ends)
    assert ends == sorted(ends)
    assert ends[-1][1] > 150  # the network sees 32 pixels of height, 150 of width
    assert reading.confidence == pytest.approx(np.mean([c.confidence for c in reading.characters]))


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_model_is_an_error_that_says_what_next(checkpoint: Path, damage: str, capsys) -> None:
    """Half a model gives texts that look right."""
    path = beside(checkpoint)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        with np.load(path) as arrays:
            changed = {**arrays, "counts_2": arrays["counts_2"] + 1}
        np.savez_compressed(path, **changed)
    with pytest.raises(CheckpointError, match=r"damaged.*text_recognizer\.language .*best\.pt.*--no-lm"):
        Recognizer(checkpoint).read([line()])
    Image.fromarray(line()).save(path.with_name("line.png"))
    assert main([str(path.with_name("line.png")), "--checkpoint", str(checkpoint), "--no-lm", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["calibrated"] is False


def test_a_model_of_something_else_is_an_error_that_says_so(checkpoint: Path) -> None:
    """A copy beside the wrong checkpoint would read other letters, or boast of them."""
    kept = load(checkpoint)
    language = language_file.load(checkpoint, language_file.weights_digest(kept.weights), kept.classes)
    assert language is not None
    for wrong, weights, said in (
        (replace(language, alphabet="xyz"), kept.weights, "another alphabet"),
        (language, {"a": torch.zeros(1)}, "other weights"),
    ):
        language_file.save(checkpoint, weights, wrong)
        with pytest.raises(CheckpointError, match=said):
            Recognizer(checkpoint).read([line()])


def test_what_chooses_is_not_what_is_reported(checkpoint: Path) -> None:
    """Weights that were chosen by the lines of the figure flatter it."""
    recognizer = Recognizer(checkpoint)
    data = DATASETS.find("GeneratedLines").load()(recognizer.experiment.dataset_args)
    chosen, rest = language_choice.parted(data.val)
    assert (len(chosen), len(rest)) == (3, 6)
    assert not set(map(id, chosen.images)) & set(map(id, rest.images))
    language, figures = language_choice.adapted(recognizer.model, data.val, data.train.texts, recognizer.device)
    assert (language.made["chosen_by"], language.made["reported"]) == (3, 6)
    assert {"cer", "wer", "cer_lm", "wer_lm", "ece_raw", "ece", "ece_lm"} <= set(figures)
    assert language.fusion is None, "a network that guesses is not helped"


def test_a_text_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """It is learned from beside the transcripts; in silence it would be missed by nobody."""
    (tmp_path / "letters.txt").write_text("  dear   mother,\n\nall is well\n")
    assert language_choice.texts_of([str(tmp_path / "letters.txt")]) == ["dear mother,", "all is well"]
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9")
    for name, said in (("none.txt", "cannot be read"), ("latin.txt", "not UTF-8")):
        with pytest.raises(DataError, match=said):
            language_choice.texts_of([str(tmp_path / name)])


def test_the_test_set_is_measured_as_it_would_be_read(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A figure without the model is not that of what a person reads with; the model of the training stays as it was."""
    recognizer = Recognizer(checkpoint)
    data = DATASETS.find("GeneratedLines").load()(recognizer.experiment.dataset_args)
    kept = load(checkpoint)
    language = language_file.load(checkpoint, language_file.weights_digest(kept.weights), kept.classes)
    assert language is not None
    measured = {}
    for words in ((), ("--lm",)):
        assert evaluate([str(checkpoint), *words, "--split=test", "--format=json", "--resamples=9"]) == 0
        measured[words] = json.loads(capsys.readouterr().out)["cer"]["figure"]
    found = language_choice.measured_with(recognizer.model, data.test, language, recognizer.device)
    assert found["cer"] == pytest.approx(measured["--lm",])
    assert found["cer"] != pytest.approx(measured[()])
    assert recognizer.model.fusion is None
    of_no_help = replace(language, fusion=None)
    assert language_choice.measured_with(recognizer.model, data.test, of_no_help, recognizer.device) == {}


class Silence:
    """A tracker that keeps nothing."""

    def log(self, *_args, **_kwargs) -> None: ...

    def predictions(self, *_args, **_kwargs) -> None: ...


def training(folder: Path, **train_args: object) -> Training:
    experiment = read({**GIVEN, "train_args": {"epochs": 1, **train_args}})
    data = DATASETS.find(experiment.dataset).load()(experiment.dataset_args)
    listeners = Listeners(Silence(), folder, lambda _: None)
    return Training(experiment, model_of(experiment, data, torch.device("cpu")), data, torch.device("cpu"), listeners)


def test_a_training_leaves_it_beside_its_best_weights(tmp_path: Path) -> None:
    """What must be made by hand is made by nobody; and who does not want it can say so."""
    made, bare = (training(tmp_path / str(lm), lm=lm).run() for lm in (True, False))
    assert {"val_rest_cer", "val_rest_cer_lm", "val_rest_ece"} <= set(made.beside)
    assert "test_cer_lm" not in made.beside, "an epoch later it still guesses, and is not helped"
    assert Recognizer(made.weights).read([line()])[0].calibrated
    assert (bare.beside, beside(bare.weights).exists()) == ({}, False)


def test_a_text_that_is_not_there_is_said_before_the_training(tmp_path: Path) -> None:
    """It is read at the end, when hours may have gone."""
    with pytest.raises(DataError, match=r"none\.txt: cannot be read"):
        training(tmp_path / "run", lm_texts=str(tmp_path / "none.txt")).run()
    assert not (tmp_path / "run").exists()
