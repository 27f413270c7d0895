"""Metrics on standard output: what is one, and what only looks like it."""

from __future__ import annotations

import ctypes
import math
import os
import tracemalloc
from pathlib import Path

import pytest
from growing import rows_of
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tracking.readers.printed import LONGEST, PrintedRows
from scheduler.tracking.readers.rows import Row

WANTED = ["loss", "val_loss", "acc", "val/cer"]


def printed(text: str | bytes, wanted: list[str] = WANTED) -> list[dict]:
    content = text if isinstance(text, bytes) else text.encode()
    return [dict(row.values) for row in rows_of(content, [], lambda path: PrintedRows(path, wanted))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("loss: 0.5", {"loss": 0.5}),
        ("loss=0.5", {"loss": 0.5}),
        ("loss = .5, acc: 9.", {"loss": 0.5, "acc": 9}),
        ("Epoch 3/10: loss=1.5e-3, acc=+7E2, lr=1e-3", {"loss": 0.0015, "acc": 700}),
        ("{'loss': 0.5, 'val/cer': -2}", {"loss": 0.5, "val/cer": -2}),
        ('{"loss": 0.5, "acc": "0.9"}', {"loss": 0.5, "acc": 0.9}),
        ("loss: tensor(0.5000, grad_fn=<X>) acc: np.float64(0.25)", {"loss": 0.5, "acc": 0.25}),
        ("[loss: 12/100] (acc=95%). loss=3.", {"loss": 3, "acc": 95}),
        ("val_loss: 0.3", {"val_loss": 0.3}),
        ("loss: 0.5 (best loss: 0.1)", {"loss": 0.5}),
        ("loss=-inf acc=Infinity", {"loss": -math.inf, "acc": math.inf}),
        ("\x1b[1;34mloss\x1b[0m: \x1b[32m0.5\x1b[0m", {"loss": 0.5}),
        ("\x1b]0;title loss=1\x07acc=2", {"acc": 2}),
        ("verlust ö loss: 0.5 §", {"loss": 0.5}),
    ],
)
def test_a_metric_is_read_as_people_print_it(line: str, expected: dict[str, float]) -> None:
    """A script is not changed for us."""
    assert printed(line + "\n") == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "loss 0.5",
        "train/loss: 0.5",
        "train.loss=0.5",
        "my-loss=0.5",
        "python train.py --loss=0.5",
        "losses: 0.5",
        "Loss: 0.5",
        "loss: 0x1f",
        "loss: 2026-01-01",
        "loss: 1.2.3",
        "loss: 12/100",
        "loss: 10:30",
        "loss: 5 ms".replace(" ", ""),
        "loss: nano",
        "loss: infinite",
        "loss: mse",
        "loss:",
        "loss: 1e5x",
    ],
)
def test_what_only_looks_like_a_metric_is_none(line: str) -> None:
    """A command line, a date or another metric's end would count as an epoch."""
    assert printed(line + "\n") == []


def test_nan_is_a_row() -> None:
    """It shows where the metric comes from; that it is no number is for others to judge."""
    (row,) = printed("loss: nan\n")
    assert math.isnan(row["loss"])


def test_a_progress_bar_makes_one_row_per_line() -> None:
    """Early stopping counts rows: each batch counted as an epoch would end every trial at once."""
    bar = "".join(f"\r{n}%|##| loss={n}, acc=1" for n in range(100))
    assert printed(f"{bar}\n{bar}\nval_loss: 3\r\n") == [{"loss": 99, "acc": 1}] * 2 + [{"val_loss": 3}]


def test_a_bar_that_wipes_itself_leaves_what_is_printed_after_it() -> None:
    """tqdm with leave=False, and Keras' backspaces."""
    assert printed("\r50%| loss=9\r100%| loss=8\r            \rval_loss: 3\n") == [{"val_loss": 3}]
    assert printed("1/2 loss: 9" + "\x08" * 11 + "2/2 loss: 8\n") == [{"loss": 8}]


TEXT = "a\rb loss=1\r  \nloss=2\n\n\r50% loss=3\r99% loss=4\r   \rdone\nvalö loss: 5\r\nloss: 6".encode()


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_any_split_into_reads_gives_the_same_rows(cuts: list[int]) -> None:
    """A program flushes in the middle of numbers, bars and line ends."""
    found = rows_of(TEXT, cuts, lambda path: PrintedRows(path, ["loss"]))
    assert [row.values["loss"] for row in found] == [1, 2, 5, 6]


def test_an_unfinished_line_is_no_row_before_the_end() -> None:
    """`loss: 1` may become `loss: 12`."""
    content = b"loss: 1\nloss: 12"
    found = rows_of(content, range(len(content)), lambda path: PrintedRows(path, ["loss"]), finish=False)
    assert [row.values["loss"] for row in found] == [1]


def test_the_last_line_of_a_killed_program_is_no_row_if_it_is_not_whole(tmp_path: Path) -> None:
    """Output goes out in blocks: 0.1 at the end of one may be the beginning of 0.125, and would be the best of all."""
    path = tmp_path / "log"
    path.write_bytes(b"loss: 2\nloss: 0.1")
    assert [row.values["loss"] for row in PrintedRows(path, ["loss"]).finish(cut=True)] == [2]


def test_the_first_near_miss_of_each_kind_is_kept(tmp_path: Path) -> None:
    """One is enough to mend the script; a million would be a second log."""
    path = tmp_path / "log"
    path.write_bytes(b"loss: 0,5\nloss: 0,4\nloss: 3s\nloss: 1\n")
    reader = PrintedRows(path, ["loss"])
    assert [row.values["loss"] for row in reader.finish()] == [1]
    assert [miss.printed for miss in reader.near.values()] == ["loss: 0,5", "loss: 3s"]


def punch(path: Path, start: int, length: int) -> bool:
    """Free a part of the file, as the log cap does; False where the file system cannot."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        keep_size_and_punch = 0x3
        fallocate = ctypes.CDLL(None).fallocate
        fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
        return bool(fallocate(descriptor, keep_size_and_punch, start, length) == 0)
    finally:
        os.close(descriptor)


def test_a_cut_in_the_middle_loses_its_lines_and_no_others(tmp_path: Path) -> None:
    """The log cap frees the middle of a flood, perhaps before it was read; half a line there would be a wrong number."""
    path, lines = tmp_path / "log", [b"loss: %09d\n" % n for n in range(3000)]
    path.write_bytes(b"".join(lines))
    if not punch(path, 8192, 16384):
        pytest.skip("this file system cannot punch holes")
    found = [row.values["loss"] for row in PrintedRows(path, ["loss"]).finish()]
    whole_before, first_after = 8192 // 16, 24576 // 16
    assert found[:whole_before] == list(range(whole_before))
    assert found[whole_before:] == list(range(first_after + 1, 3000))


def test_a_hole_is_passed_over_in_one_step(tmp_path: Path) -> None:
    """A flood of terabytes leaves a hole of that size; reading its zeros would take all night."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.write(b"loss: 1\n" * 1024)
        file.truncate(1 << 40)
        file.seek(1 << 40)
        file.write(b"rest\nloss: 2\n")
    reader, found = PrintedRows(path, ["loss"]), []
    for _ in range(4):
        found += reader.read()
    assert len(found) == 1025
    assert not reader.behind


def test_a_cut_while_reading_does_not_glue_two_halves_of_lines(tmp_path: Path) -> None:
    """What was read before the hole has nothing to do with what lies behind it."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * 4090 + b"\nloss:")
    reader = PrintedRows(path, ["loss"])
    assert reader.read() == []
    path.write_bytes(b"y" * 8192 + b"1\nloss: 2\n")
    if not punch(path, 4096, 4096):
        pytest.skip("this file system cannot punch holes")
    assert reader.read() == [Row(None, {"loss": 2})]


def test_a_log_cut_to_nothing_is_read_from_its_start(tmp_path: Path) -> None:
    """`: > log.txt` by a user whose disk is full; the program may go on at its old place, behind a hole of NULs."""
    path = tmp_path / "log"
    path.write_bytes(b"loss: 1\nloss: 2\nhalf a li")
    reader = PrintedRows(path, ["loss"])
    assert len(reader.read()) == 2
    os.truncate(path, 0)
    with path.open("r+b") as file:
        file.write(b"loss: 3\n")
    assert reader.read() == [Row(None, {"loss": 3})]
    os.truncate(path, 0)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"2 loss: 4\nloss: 5\n")
    assert reader.read() == [Row(None, {"loss": 5})]


def test_an_endless_line_is_dropped_and_the_next_is_read(tmp_path: Path) -> None:
    """A program that writes gigabytes without a newline must not fill our memory."""
    path, piece = tmp_path / "log", b"z" * LONGEST
    reader = PrintedRows(path, ["loss"])
    tracemalloc.start()
    with path.open("ab") as file:
        for _ in range(12):
            file.write(piece)
            file.flush()
            assert reader.read() == []
            while reader.behind:
                assert reader.read() == []
        file.write(b" loss: 1\nloss: 2\n")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reader.read() == [Row(None, {"loss": 2})]
    assert most < 8 * LONGEST
