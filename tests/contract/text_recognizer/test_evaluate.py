"""Measuring a trained network, as a command, on the lines that its training was judged by and on harder ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from text_recognizer.building import training_of  # noqa: E402
from text_recognizer.evaluate import main  # noqa: E402
from text_recognizer.experiment import read  # noqa: E402
from text_recognizer.recognizer import Recognizer  # noqa: E402
from text_recognizer.training.loop import Listeners  # noqa: E402

WORDS = ("nun", "mini", "lill", "hilum", "null", "immun", "minimum", "illi")
SPLITS = {"train": ("anna", "bert"), "val": ("carl", "dora"), "test": ("emil",)}


EXACT = {"precision": "32"}  # as predictions are made on a CPU: in bf16 a network so small reads otherwise


class Rows:
    """A tracker that keeps the rows of the metric log."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def log(self, values: dict[str, float], step: int) -> None:
        self.rows.append(values)

    def predictions(self, *_args, **_kwargs) -> None: ...


def folder_of_lines(folder: Path) -> Path:
    """Scans of bars for letters, by five writers, with lines.tsv."""
    folder.mkdir()
    rows, rng = ["image\tsplit\twriter\ttranscript"], np.random.default_rng(0)
    for split, writers in SPLITS.items():
        for number, (writer, text) in enumerate((w, t) for w in writers for t in WORDS):
            grey = np.full((64, 40 + 14 * len(text)), 210, np.uint8)
            for place, letter in enumerate(text):
                top = {"l": 10, "h": 10, "i": 24}.get(letter, 30)
                grey[top:50, 20 + 14 * place : 24 + 14 * place] = 40 + rng.integers(40)
            name = f"{split}-{writer}-{number}.png"
            Image.fromarray(grey).save(folder / name)
            rows.append(f"{name}\t{split}\t{writer}\t{text}")
    (folder / "lines.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float], dict[str, float]]:
    """A checkpoint, the last row of its training, and its final figures."""
    folder = folder_of_lines(tmp_path_factory.mktemp("data") / "lines")
    given = {
        "network": "line_lstm_ctc",
        "network_args": {"channels": 32, "hidden": 32},
        "dataset": "LineFolder",
        "dataset_args": {"folder": str(folder), "fit": True},
        "train_args": {"epochs": 12, "batch_size": 2, "lr": 0.01, "patience": 0, "validate_every": 12, "looks": 3} | EXACT,
    }
    rows, run = Rows(), tmp_path_factory.mktemp("run")
    training = training_of(read(given), torch.device("cpu"), Listeners(rows, run, lambda _: None), run)
    outcome = training.run()
    return outcome.weights, rows.rows[-1], dict(outcome.figures)


def measured(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    assert main([*map(str, arguments), "--format", "json", "--resamples", "50"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_figures_are_those_of_the_training_itself(trained, capsys) -> None:
    """Two numbers for one network would leave nobody sure of either."""
    checkpoint, row, final = trained
    on_val, on_test = measured(capsys, checkpoint), measured(capsys, checkpoint, "--split=test", "--looks=3")
    assert (on_val["cer"]["figure"], on_val["wer"]["figure"]) == (row["val_cer"], row["val_wer"])
    assert (on_test["cer"]["figure"], on_test["wer"]["figure"]) == (final["cer"], final["wer"])
    assert (on_val["lines"], on_val["writers"], on_test["writers"]) == (16, 2, 1)


def test_a_picture_is_prepared_for_a_reading_as_it_was_for_the_training(trained, capsys) -> None:
    """A network that learned from fitted lines reads nothing in others, and nobody would be told."""
    lines = measured(capsys, trained[0], "--worst=99")["worst"]
    readings = Recognizer(trained[0]).read([line["source"] for line in lines], lm=False)
    same = [reading.text == line["read"] for reading, line in zip(readings, lines, strict=True)]
    assert sum(same) >= 15  # of 16: alone and beside others the last bits may differ


def test_harder_pictures_are_measured_on_the_same_lines(trained, capsys) -> None:
    """A table of robustness has one row per spoiling, and all else alike."""
    plain = measured(capsys, trained[0])
    hard = measured(capsys, trained[0], "--squeeze=0.4", "--rotate=4", "--margin=30")
    assert (hard["squeeze"], hard["rotate"], hard["margin"]) == (0.4, 4.0, 30.0)
    assert (hard["lines"], hard["characters"]) == (plain["lines"], plain["characters"])
    assert [x["read"] for x in hard["worst"]] != [x["read"] for x in plain["worst"]]
    again = measured(capsys, trained[0], "--margin=0.0001")  # prepared by itself, and not from the cache
    assert again["cer"] == plain["cer"]


def test_people_see_writers_mistakes_and_pictures(trained, capsys, tmp_path: Path) -> None:
    """A single figure says nothing of what to do next."""
    assert main([str(trained[0]), "--worst=3", f"--picture={tmp_path / 'worst.png'}"]) == 0
    shown = capsys.readouterr().out
    assert "16 lines of 2 writers" in shown
    assert "carl" in shown
    assert "dora" in shown
    with Image.open(tmp_path / "worst.png") as picture:
        assert np.asarray(picture).min() < 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--height=48"], "--height stays as it was in the training (32)"),
        (["--dataset=GeneratedCharacters"], "name a data set of lines"),
        (["--dataset=GeneratedLines", "--train_size=4", "--val_size=4", "--test_size=4", "--margin=8"], "cannot be squeezed"),
        (["--foldr=x"], 'did you mean "folder"?'),
        (["--picture=worst.xyz"], "names no kind of picture"),
        (["--squeeze=0"], "give a share of the width above 0"),
        (["--resamples=0"], "give 1 or more"),
    ],
    ids=str,
)
def test_what_cannot_be_measured_is_said_in_one_line(trained, capsys, arguments: list[str], said: str) -> None:
    """A figure of other lines than one believes is worse than none."""
    assert main([str(trained[0]), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_lines_of_another_set_can_be_read_too(trained, capsys) -> None:
    """Whether a network knows more than its own data is what one wants to know."""
    args = ("--dataset=GeneratedLines", "--train_size=4", "--val_size=6", "--test_size=4", "--max_length=12")
    figures = measured(capsys, trained[0], *args)
    assert (figures["lines"], figures["writers"], figures["dataset"]) == (6, 6, "GeneratedLines")
