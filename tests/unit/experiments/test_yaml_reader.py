"""YAML 1.2, and not 1.1: what a bare word means, what merges, and where things are."""

from __future__ import annotations

import math

import pytest

from scheduler.experiments.document.document import Document
from scheduler.experiments.document.yaml_reader import parse
from scheduler.experiments.document.yaml_scalars import scalar

SCALARS = {
    "1e-3": 0.001,
    "3E4": 30000.0,
    "1.": 1.0,
    ".5": 0.5,
    "-0.5e+2": -50.0,
    "010": 10,
    "08": 8,
    "+7": 7,
    "0o10": 8,
    "0x1F": 31,
    "1_000": "1_000",
    "1:30": "1:30",
    "no": "no",
    "Yes": "Yes",
    "on": "on",
    "y": "y",
    "TRUE": True,
    "false": False,
    "tRUE": "tRUE",
    "null": None,
    "~": None,
    "": None,
    "None": "None",
    "2024-01-01": "2024-01-01",
    ".inf": math.inf,
    "-.INF": -math.inf,
    "inf": "inf",
    "nan": "nan",
    "1.2.3": "1.2.3",
    ".": ".",
    "-": "-",
    "e5": "e5",
    "=": "=",
}


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_a_bare_word_means_what_yaml_1_2_says(text, value):
    """`lr: 1e-3` read as text, or `country: no` read as false, costs somebody a night."""
    assert (type(scalar(text)), scalar(text)) == (type(value), value)


def test_not_a_number_is_read_as_such_so_that_it_can_be_refused():
    """Otherwise it would slip through as text."""
    assert math.isnan(scalar(".NaN"))


def test_quoted_and_block_text_stays_text():
    """Quotes are how people say: this is text."""
    value, _ = parse("a: '1'\nb: \"true\"\nc: |\n  2\nd: !!str 3\ne: ! 4\n", "f")
    assert value == {"a": "1", "b": "true", "c": "2\n", "d": "3", "e": "4"}


def test_core_tags_are_honoured():
    """`!!float 1` is plain YAML and harmless."""
    value, _ = parse("a: !!float 1\nb: !!int '2'\nc: !!map {}\nd: !!seq []\n", "f")
    assert value == {"a": 1.0, "b": 2, "c": {}, "d": []}
    assert isinstance(value["a"], float)


def test_a_merge_key_brings_what_is_not_said_and_own_keys_win():
    """People carry `<<: *base` from other tools; it must mean the same here."""
    text = "b: &b {x: 1, y: 2}\nc: &c {y: 3, z: 4}\nd: {y: 0, <<: [*b, *c]}\ne: {<<: *c, y: 9}\n"
    value, _ = parse(text, "f")
    assert value["d"] == {"x": 1, "y": 0, "z": 4}
    assert value["e"] == {"y": 9, "z": 4}


def test_a_quoted_merge_key_is_an_ordinary_key():
    """Quotes make text of anything."""
    assert parse("'<<': 3", "f")[0] == {"<<": 3}


def test_an_alias_is_the_same_value_again():
    """Plain aliases are the usual way not to repeat oneself in YAML."""
    assert parse("a: &a [1, {b: 2}]\nc: *a\nd: &s text\ne: *s", "f")[0] == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": "text",
        "e": "text",
    }


def test_every_key_and_value_knows_its_place():
    """All messages rest on these places."""
    value, mark = parse("a: 1\nb:\n  - x\n  - {c: [y]}\n", "f")
    document = Document("f", value, lambda: mark)
    assert str(document.place("b", 1, "c", 0)) == "f:4:10"
    assert str(document.place("b", 1, "c", key=True)) == "f:4:6"
    assert str(document.place("b", 1, "nowhere")) == "f:4:5"


def test_a_merged_key_is_placed_where_it_was_written():
    """The error is in the base that was merged in, not where it is used."""
    value, mark = parse("b: &b {x: 1}\nd:\n  <<: *b\n", "f")
    assert str(Document("f", value, lambda: mark).place("d", "x")) == "f:1:11"


def test_places_count_characters_not_bytes():
    """A comment in any language must not shift the column."""
    value, mark = parse("ключ: {é: 1}\n", "f")
    assert str(Document("f", value, lambda: mark).place("ключ", "é")) == "f:1:11"
