"""What a person would want to see of what was printed, where nobody has said which metric counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from growing import rows_of

from scheduler.tracking.readers.any_values import any_values_in
from scheduler.tracking.readers.printed import MOST_NAMES, PrintedRows


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("epoch=0, loss=0.93", {"epoch": 0, "loss": 0.93}),
        ("Train Loss: 0.5, Val Loss: 0.6", {"Train_Loss": 0.5, "Val_Loss": 0.6}),
        ("{'loss': 0.5, 'grad_norm': 1.5, 'epoch': 1}", {"loss": 0.5, "grad_norm": 1.5, "epoch": 1}),
        ('{"step":1,"loss":0.5}', {"step": 1, "loss": 0.5}),
        ("Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.3", {"Epoch": 1, "Loss": 2.3}),
        ("Test set: Average loss: 0.05, Accuracy: 9833/10000 (98%)", {"Average_loss": 0.05}),
        ("accuracy: 98% at 12:30:05", {"accuracy": 98}),
        ("Epoch 1: 100%|###| 10/10 [00:01<00:00, 9.5it/s, v_num=0, loss=0.5]", {"loss": 0.5}),
        ("2024-01-01 12:30:05,123 INFO:root:loss=0.5", {"loss": 0.5}),
        ("loss: tensor(0.5, device='cuda:0')", {"loss": 0.5}),
        ("loss: Array(0.5, dtype=float32)", {"loss": 0.5}),
        ("reward: -3", {"reward": -3}),
    ],
)
def test_what_a_training_prints_of_itself_is_read(line: str, expected: dict[str, float]) -> None:
    """A plain script has columns too."""
    assert any_values_in(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "started at 12:30:05",
        "epoch 3/10",
        "see https://example.org/runs?id=1&lr=2",
        "serving on localhost:8080, device cuda:0",
        "train.py:12: UserWarning: nothing",
        "(fc): Linear(in_features=784, out_features=10, bias=True)",
        "Sequential(  (0): Linear(in_features=3)",
        "Namespace(lr=0.1, epochs=3)",
        "Training: 100%|#####|",
        "train: 50000 images, test: 10000 images",
        "OMP_NUM_THREADS=4",
        "torch==2.1, CUDA version: 12.4",
        "seed: 42, batch_size: 32, port: 80",
        "<Model at 0x7f12: id=0x7f12>",
        "GPU available: False, using: 0 TPU cores",
        "ValueError: 3",
        "sh: 1: no_such_program: not found",
        "/bin/dash: 12: Syntax error: end of file unexpected",
        "{" + ", ".join(f"'option_{number}': {number}.5" for number in range(40)) + "}",
    ],
)
def test_what_only_looks_like_a_metric_gives_no_column(line: str) -> None:
    """A table with a hundred columns of rubbish is worse than one without."""
    assert any_values_in(line) == {}


def test_a_number_that_was_printed_whole_stays_whole() -> None:
    """An export said of epoch 11 that it was epoch 11.0."""
    found = any_values_in(f"epoch: 11, acc: 98%, reward: -3, loss: 2.0, norm: 1e3, digits: {'9' * 400}")
    assert str(found) == "{'epoch': 11, 'acc': 98, 'reward': -3, 'loss': 2.0, 'norm': 1000.0, 'digits': inf}"


def test_without_names_a_printed_line_is_a_row_with_all_its_metrics() -> None:
    """Nobody says to `run` which metric counts."""
    content = b"hello\nepoch=0, loss=0.5\nsaved to a.pt\nacc:\n3\nepoch=1, loss=0.25"
    found = rows_of(content, range(0, 60, 7), lambda path: PrintedRows(path, ()))
    assert [dict(row.values) for row in found] == [{"epoch": 0, "loss": 0.5}, {"epoch": 1, "loss": 0.25}]


def test_a_wanted_name_is_read_as_ever_beside_the_others() -> None:
    """What a sweep compares must not depend on what else is kept."""
    line = b"seed: 3, localhost:8080, loss: 0.5\n"
    found = rows_of(line, [], lambda path: PrintedRows(path, ["seed"], everything=True))
    assert [dict(row.values) for row in found] == [{"seed": 3, "loss": 0.5}]


def test_names_that_differ_in_every_line_are_read_up_to_a_number(tmp_path: Path) -> None:
    """A program may name its samples: `a17: 0.5`."""
    path = tmp_path / "log"
    path.write_text("".join(f"loss: 0.1 a{number}: 0.5\n" for number in range(3 * MOST_NAMES)))
    found = {name for row in PrintedRows(path, ()).finish() for name in row.values}
    assert len(found) == MOST_NAMES
    assert "loss" in found
