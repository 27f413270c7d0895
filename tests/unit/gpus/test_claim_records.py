"""A claim's record read with distrust: whatever the bytes, there is no error, and what is wrong never frees a GPU."""

from __future__ import annotations

import json
import math
import random

import pytest

from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.records import LARGEST, MOST_MEMORY, record_of

OWNER = 1000
GOOD = {
    "id": "c0ffee",
    "memory": {"GPU-a": 6144},
    "exclusive": False,
    "pid": 4711,
    "uid": OWNER,
    "user": "anna",
    "since": 1.5e9,
    "label": "train.py",
}


def read(content: bytes | dict) -> ClaimRecord | None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return record_of(data, "c0ffee", OWNER, "/claims/c0ffee.claim")


def test_a_record_is_read_as_it_was_written() -> None:
    """The distrust must not cost an honest claim anything."""
    assert read(GOOD) == ClaimRecord("c0ffee", {"GPU-a": 6144}, False, 4711, OWNER, "anna", 1.5e9, "train.py")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 50_000, id="deep"),
        pytest.param(b'{"id":' * 10_000, id="deep objects"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00", id="no UTF-8"),
        pytest.param(json.dumps(GOOD).encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"id": "c0ffee", "memory": {"a\0": 1}}', id="NUL"),
        pytest.param(b'{"id": "c0ffee", "since": ' + b"9" * 5000 + b"}", id="5000 digits"),
        pytest.param(json.dumps({**GOOD, "label": "x" * LARGEST}).encode(), id="large"),
        pytest.param(b'{"since": "abc"}', id="no id"),
        pytest.param(json.dumps({**GOOD, "id": "another"}).encode(), id="another's id"),
        pytest.param(json.dumps({**GOOD, "id": ["c0ffee"]}).encode(), id="no text as id"),
        pytest.param(json.dumps({**GOOD, "since": 10**400}).encode(), id="400 digits"),
        pytest.param(b"null", id="nothing"),
        pytest.param(json.dumps([GOOD]).encode(), id="a list"),
        pytest.param(b'"c0ffee"', id="a text"),
    ],
)
def test_what_is_no_record_is_none(content: bytes) -> None:
    """One file of a stranger must not end every command of everybody."""
    assert read(content) is None


@pytest.mark.parametrize("figure", [-1, 1.5, True, "6144", [], {}, MOST_MEMORY + 1, math.inf, math.nan])
def test_memory_that_makes_no_sense_is_the_whole_gpu(figure: object) -> None:
    """A negative figure would make room for others that is not there; a claim must never hold less than it may mean."""
    record = read({**GOOD, "memory": {"GPU-a": figure, "GPU-b": 5}})
    assert record is not None
    assert (dict(record.memory), record.exclusive) == ({"GPU-a": None, "GPU-b": 5}, True)
    assert not record.holds("GPU-c")


@pytest.mark.parametrize("figure", [0, 1, MOST_MEMORY])
def test_memory_that_makes_sense_is_held_as_it_is_told(figure: int) -> None:
    """Neither the smallest nor the largest amount takes a whole GPU from others."""
    record = read({**GOOD, "memory": {"GPU-a": figure}})
    assert record is not None
    assert (dict(record.memory), record.exclusive) == ({"GPU-a": figure}, False)


def test_a_claim_without_a_time_is_the_oldest() -> None:
    """Claims are told oldest first, and whoever leaves the time out must not come to stand behind others."""
    without = {name: value for name, value in GOOD.items() if name != "since"}
    record = read(without)
    assert record is not None
    assert record.since == 0.0


@pytest.mark.parametrize("memory", [None, 5, "GPU-a", ["GPU-a"]])
def test_a_record_that_tells_no_gpus_may_be_on_any(memory: object) -> None:
    """Of a later version, perhaps: while somebody holds its lock it counts."""
    record = read({**GOOD, "memory": memory})
    assert record is not None
    assert record.holds("GPU-any")
    assert "/claims/c0ffee.claim" in record.holder


def test_wrong_types_in_what_only_people_read_are_left_out() -> None:
    """The claims are sorted by their time; a text or a NaN there ended every command."""
    for wrong in ("abc", None, True, [], {}, -5, math.nan, math.inf, 10**19):
        record = read({**GOOD, "since": wrong, "pid": wrong, "label": [wrong], "user": [wrong], "exclusive": wrong})
        assert record is not None
        assert (record.label, record.user, record.exclusive) == ("", "", True)
        assert isinstance(record.since, float)
        assert math.isfinite(record.since)
        assert 0 <= record.pid <= 1 << 22


def test_the_user_is_the_files_owner_whatever_the_record_says() -> None:
    """Processes that we may not look into count to their user's claim: nobody must be able to claim in another's name."""
    record = read({**GOOD, "uid": 0, "user": "root"})
    assert record is not None
    assert (record.uid, record.user) == (OWNER, "")


def test_fields_of_a_later_version_are_no_reason_to_refuse() -> None:
    """Two versions may share a machine for a while."""
    assert read({**GOOD, "colour": "blue"}) == read(GOOD)


def test_the_last_of_two_equal_keys_counts() -> None:
    """One reading for all, as everywhere in JSON."""
    record = read(b'{"id": "c0ffee", "memory": {"GPU-a": 1}, "memory": {"GPU-b": 2}}')
    assert record is not None
    assert list(record.memory) == ["GPU-b"]


def mutated(rng: random.Random) -> bytes:
    """A good record with some of its bytes changed, repeated, cut or replaced by what parsers dislike."""
    data = bytearray(json.dumps(GOOD).encode())
    dislikes = [
        b"[" * 3000,
        b'{"a":' * 500,
        b"1e400",
        b"NaN",
        b"-Infinity",
        b"\xff",
        b"\0",
        b"9" * 5000,
        b"null",
        b'"\\ud800"',
        b"-1",
    ]
    for _ in range(rng.randint(1, 8)):
        at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        what = rng.randrange(4)
        if what == 0 and data:
            data[rng.randrange(len(data))] = rng.randrange(256)
        elif what == 1:
            data[at:at] = data[at:end]
        elif what == 2:
            del data[at : min(end, at + 10)]
        else:
            value = rng.choice(dislikes)
            data[at:at] = value
    return bytes(data)


def values(rng: random.Random) -> bytes:
    """A record whose fields have values of any type."""
    odd = [None, True, -1, 10**18, 1e400, math.nan, "", "x" * 300, "\x1b[2J\n", "\ud800", [], [[]], {}, {"": {}}, {"GPU-a": -1}]
    return json.dumps({name: rng.choice([value, *odd]) for name, value in GOOD.items()}).encode()


def check(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - dice, not secrets
    record = read(values(rng) if seed % 2 else mutated(rng))
    if record is None:
        return
    assert (record.id, record.uid) == ("c0ffee", OWNER)
    assert math.isfinite(record.since)
    assert sorted([record, ClaimRecord("a")], key=lambda c: (c.since, c.id))
    assert isinstance(record.holder, str)
    assert all(isinstance(uuid, str) and (m is None or 0 <= m <= MOST_MEMORY) for uuid, m in record.memory.items())
    assert record.exclusive or None not in record.memory.values()


def test_no_mutated_record_is_an_error() -> None:
    """Whatever lies in the shared folder, the reader answers."""
    for seed in range(500):
        check(seed)


@pytest.mark.slow
def test_no_mutated_record_of_very_many_is_an_error() -> None:
    """The same, until nothing new is found."""
    for seed in range(500, 20_500):
        check(seed)
