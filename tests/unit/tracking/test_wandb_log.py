"""W&B's transaction log, read from bytes that the test wrote after the format's description."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import transaction_logs as log
from growing import rows_of
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tracking.readers.rows import Row
from scheduler.tracking.readers.wandb_framing import Records
from scheduler.tracking.readers.wandb_log import WandbLog

HEADER = log.part(21, log.part(1, log.part(1, b"0.31.0+abc") + log.part(2, b"0.70.0")))
EXIT = log.number(1, 9) + log.part(16, b"") + log.part(18, log.number(1, 255) + log.number(2, 5))
# Sizes around a block of 32 KiB: a record over three blocks, and ones that leave 0 to 8 bytes of a block.
BIG = log.row(1, loss=1, text="x" * 70_000)
NEARLY = [log.row(2 + n, loss=2, text="y" * (log.BLOCK - 60 - n)) for n in range(9)]
RECORDS = [HEADER, log.row(0, loss=0.5), BIG, *NEARLY, log.number(1, 3) + log.part(7, b"\x0a\x00"), log.row(20, loss=3), EXIT]
CONTENT = log.framed(RECORDS)
STEPS = [0, 1, *range(2, 11), 20]


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(content)
    return path


@given(st.lists(st.integers(0, len(CONTENT)), max_size=8))
def test_any_split_into_reads_gives_the_same_rows(cuts: list[int]) -> None:
    """The client flushes wherever it is: inside the file's header, a chunk's header, a payload."""
    assert [row.step for row in rows_of(CONTENT, cuts, WandbLog, finish=False)] == STEPS


def test_a_file_that_grows_byte_by_byte_gives_each_row_once() -> None:
    """The slowest writer there can be."""
    content = log.framed([HEADER, log.row(0, loss=1), log.row(1, loss=2)])
    assert [row.step for row in rows_of(content, range(len(content)), WandbLog, finish=False)] == [0, 1]


@pytest.mark.parametrize("left", range(10))
def test_a_block_that_has_no_room_for_a_chunk_is_left(left: int, tmp_path: Path) -> None:
    """Fewer than 7 bytes are padding, and exactly 7 are the header of an empty first part."""
    probe = log.framed([log.row(0, loss=1, text="")])
    text = "z" * (log.BLOCK - len(probe) - left)
    for _ in range(5):  # the length of the text changes the length of its length
        text = text[: len(text) + log.BLOCK - left - len(log.framed([log.row(0, loss=1, text=text)]))]
    content = log.framed([log.row(0, loss=1, text=text), log.row(1, loss=2)])
    assert [row.step for row in WandbLog(written(tmp_path, content)).read()] == [0, 1]


def test_a_bad_checksum_waits_until_it_is_mended(tmp_path: Path) -> None:
    """A page that reached the disk before its neighbour must not end the reading, nor be read as it is."""
    content = log.framed([log.row(0, loss=1), log.row(1, loss=2), log.row(2, loss=3)])
    bad = bytearray(content)
    bad[len(content) // 2] ^= 1
    path = written(tmp_path, bytes(bad))
    reader = WandbLog(path)
    assert [row.step for row in reader.read()] == [0]
    assert reader.read() == []
    path.write_bytes(content)
    assert [row.step for row in reader.read()] == [1, 2]


def test_in_the_end_damage_costs_its_block_only(tmp_path: Path) -> None:
    """A machine that lost power leaves such files; a trial's later rows are still its own."""
    rows = [log.row(n, loss=n, text="x" * 20_000) for n in range(8)]
    content = bytearray(log.framed(rows))
    content[log.BLOCK + 100] ^= 1
    found = [row.step for row in WandbLog(written(tmp_path, bytes(content))).finish()]
    assert found == [0, 4, 5, 6, 7]  # rows 1 and 3 reach into the block from both sides


def test_the_rest_of_a_record_whose_beginning_is_lost_is_no_record() -> None:
    """It would be half a record, read as if it were whole."""
    records = Records()
    found = list(
        records.take(log.HEAD + log.chunk(4, b"rest") + log.chunk(3, b"middle") + log.chunk(4, b"") + log.chunk(1, b"whole"))
    )
    assert found == [b"whole"]


@given(st.integers(0, len(CONTENT)))
def test_a_file_that_ends_anywhere_gives_its_whole_rows(end: int) -> None:
    """A killed run's file ends where it ends, and `finish` must come to an end too."""
    steps = [row.step for row in rows_of(CONTENT[:end], [], WandbLog)]
    assert steps == STEPS[: len(steps)]


def test_a_file_that_is_no_transaction_log_has_no_rows(tmp_path: Path) -> None:
    """Somebody's `run-1.wandb` may be anything."""
    reader = WandbLog(written(tmp_path, b"PK\x03\x04" + bytes(100_000)))
    assert (reader.read(), reader.finish()) == ([], [])


def test_a_whole_record_of_an_unknown_kind_is_passed_over(tmp_path: Path) -> None:
    """A newer client may write what we do not know; the rows after it still count."""
    strange = [b"\xff\xff", log.number(2, 5), log.part(2, b"\x0f"), log.part(2, log.part(1, log.number(2, 5))), b""]
    strange.append(log.part(2, log.part(1, log.part(2, b"loss") + log.part(6, b"short"))))
    assert [row.step for row in WandbLog(written(tmp_path, log.framed([*strange, log.row(4, loss=1)]))).read()] == [4]


def test_values_of_every_form_are_read(tmp_path: Path) -> None:
    """JSON with NaN since ever, and the typed values that 0.31 knows; nested names become nested values."""
    items = [
        log.json_item(["nan"], math.nan) + log.json_item(["inf"], -math.inf),
        log.json_item(["a", "b"], 1) + log.json_item(["a", "c", "d"], "t") + log.json_item(["x.y"], 5),
        log.item(["none"], log.number(3, 0)) + log.item(["yes"], log.number(4, 1)) + log.item(["seven"], log.number(5, 14)),
        log.item(["minus"], log.number(5, 13)) + log.item(["half"], log.double(6, 0.5)) + log.item(["text"], log.part(7, b"hi")),
        log.item(["list"], log.part(8, b"[1, 2]")) + log.part(1, log.part(1, b"flat") + log.part(16, b'{"k": 2}')),
        log.item(["broken"], log.part(16, b"{")),
    ]
    (row,) = WandbLog(written(tmp_path, log.framed([log.history(b"".join(items), -1)]))).read()
    assert row.step == -1
    values = dict(row.values)
    assert math.isnan(values.pop("nan"))
    nested = {"a": {"b": 1, "c": {"d": "t"}}, "flat": {"k": 2}, "x.y": 5}
    plain = {"yes": True, "seven": 7, "minus": -7, "half": 0.5, "text": "hi", "list": [1, 2]}
    assert values == {**nested, **plain, "inf": -math.inf, "none": None, "broken": None}


def test_the_summary_follows_updates_and_removals(tmp_path: Path) -> None:
    """A script may set its best value in the summary alone, and take a name back."""
    first = log.json_item(["best"], 1) + log.json_item(["s", "q"], 1) + log.json_item(["gone"], 1)
    removed = log.part(2, log.part(1, b"gone")) + log.part(2, log.part(2, b"s") + log.part(2, b"q")) + log.part(2, b"\x0a\x01?")
    reader = WandbLog(written(tmp_path, log.framed([log.part(3, first), log.part(3, log.json_item(["best"], 0.5) + removed)])))
    assert reader.read() == []
    assert reader.summary == {"best": 0.5, "s": {}}


@pytest.mark.parametrize(("code", "expected"), [(b"", 0), (log.number(1, 255), 255), (log.number(1, -9), -9)])
def test_the_exit_code_is_read_and_zero_is_not_written(code: bytes, expected: int, tmp_path: Path) -> None:
    """No exit record and exit code 0 are different ends."""
    path = written(tmp_path, log.framed([HEADER]))
    reader = WandbLog(path)
    reader.read()
    assert (reader.exit_code, reader.client) == (None, "0.31.0")
    path.write_bytes(log.framed([HEADER, log.part(18, code)]))
    reader.read()
    assert reader.exit_code == expected


def test_rows_without_a_wanted_name_are_not_parsed(tmp_path: Path) -> None:
    """A run that logs gradients at each step would cost seconds otherwise."""
    reader = WandbLog(written(tmp_path, log.framed([log.row(0, acc=1), log.row(1, acc=1, loss=2)])), ["loss"])
    assert reader.read() == [Row(1, {"loss": 2})]
