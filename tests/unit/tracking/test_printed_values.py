"""Which number a line gives for a name: whole, or none, and then what came near to one."""

# ruff: noqa: RUF001 (characters that look like others are what is tested)

from __future__ import annotations

import math
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tracking.readers.printed_values import near_misses, values_in, written_otherwise


def read(value: str, before: str = "loss: ") -> float | None:
    return values_in(before + value, ["loss"]).get("loss")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0.33", 0.33),
        ("-0.3", -0.3),
        ("+0.3", 0.3),
        ("1e-3", 0.001),
        ("1.5E+3", 1500),
        ("1.", 1),
        (".5", 0.5),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("1,234.5", 1234.5),
        ("-1,234,567.25", -1234567.25),
        ("12%", 12),
        ("33.3 %", 33.3),
        ("95%)", 95),
        ("0.33±0.01", 0.33),
        ("0.33 ± 0.01", 0.33),
        ("0.33+-0.01", 0.33),
        ("0.33 +/- 0.01", 0.33),
        ("0.33 (0.35)", 0.33),
        ("(0.33)", 0.33),
        ("[0.33]", 0.33),
        ("array([0.33], dtype=float32)", 0.33),
        ("tensor(0.33, device='cuda:0', grad_fn=<X>)", 0.33),
        ("Decimal('0.33')", 0.33),
        ("0.33,acc=0.9", 0.33),
        ("0.33, acc=0.9", 0.33),
        ("0.33, 12 s", 0.33),
        ("0.33;acc=0.9", 0.33),
        ("0.33.", 0.33),
        ("0.33. Saved", 0.33),
        ("0.33}", 0.33),
        ("0.33|", 0.33),
        ("0.33│", 0.33),
        ("0.33，acc：0.9", 0.33),
        ("0.33 - 5ms/step", 0.33),
        ("0.33 s", 0.33),
        ("0.33*", 0.33),
        ("'0.33'", 0.33),
    ],
)
def test_a_number_is_read_as_it_is_meant(value: str, number: float) -> None:
    """Scripts print it in all these ways, and none of them is changed for us."""
    assert read(value) == number
    assert near_misses(f"loss: {value}", ["loss"]) == []


COMMA, UNIT, RANGE = "a comma may be the decimal point", "a unit or other letters touch", "it is a range or a change"
FRACTION, GROUPS, LIST, TOUCHES = "it is a fraction", "something stands between its thousands", "it is a list", "what touches"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0,333", COMMA),
        ("1,234", COMMA),
        ("0,333.5", COMMA),
        ("1.234,5", COMMA),
        ("-0,5;", COMMA),
        ("0.33,0.44", COMMA),
        ("0.33s", UNIT),
        ("0.33GB", UNIT),
        ("0.33µs", UNIT),
        ("0x1f", UNIT),
        ("1e5x", UNIT),
        ("0.3-0.4", RANGE),
        ("0.3–0.4", RANGE),
        ("95%-96%", RANGE),
        ("0.5->0.4", RANGE),
        ("0.5 -> 0.4", RANGE),
        ("0.5 → 0.4", RANGE),
        ("2026-01-01", RANGE),
        ("3/10", FRACTION),
        ("0.33/1.0", FRACTION),
        ("3 / 10", FRACTION),
        ("1_000", GROUPS),
        ("1'234.5", GROUPS),
        ("1 234.5", GROUPS),
        ("1\u202f234", GROUPS),
        ("(0.33, 0.44)", LIST),
        ("[0.33 0.44]", LIST),
        ("0.33…", TOUCHES),
        ("0.33...", TOUCHES),
        ("1.2.3", TOUCHES),
        ("10:30", TOUCHES),
        ("0.33°", TOUCHES),
        ("−0.3", "its minus"),
    ],
)
def test_a_number_that_is_not_read_whole_is_a_near_miss(value: str, why: str) -> None:
    """A decimal comma made 0,333 the best of all losses: zero."""
    assert read(value) is None
    (miss,) = near_misses(f"loss: {value} acc: 0.9", ["loss"])
    assert miss.why.startswith(why)


@pytest.mark.parametrize("value", ["improved", "nano", "", "None", "--", "mse", "tensor([0.3, 0.4])"])
def test_a_text_is_no_near_miss(value: str) -> None:
    """Not everything behind a colon was meant as a number; a message for each would be read by nobody."""
    assert read(value) is None
    assert near_misses(f"loss: {value}", ["loss"]) == []


FORMATS = ["{!r}", "{:.3f}", "{:.3e}", "{:g}", "{:+.4f}", "{:.0f}.", "{:10.4f}"]


@given(
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: abs(value) < 1e30),
    st.sampled_from(FORMATS),
    st.sampled_from(["loss: ", "loss=", "'loss': ", '"loss": "', "loss = tensor(", "\tloss:\t"]),
)
def test_every_way_of_python_to_print_a_float_is_read_whole(value: float, style: str, before: str) -> None:
    """All of its digits, its sign and its exponent."""
    text = style.format(value)
    after = {"(": ")", '"': '"'}.get(before[-1], " acc: 3")
    assert read(text + after, before) == float(text)


# A text that stands for itself: what a person sees as one piece between blanks, closing marks taken away.
PIECE = re.compile(r"[\w.,+/%'’_…°–→±:-]*")
ALPHABET = string.digits + ".,+-/%'_eExs±…–: "


@given(st.text(ALPHABET, min_size=1, max_size=12))
def test_no_part_of_a_piece_is_ever_read(value: str) -> None:
    """Whatever is read is the whole piece, but for what has a meaning of its own: %, ±, groups, and a mark at the end."""
    number = read(value)
    if number is None:
        return
    match = PIECE.match(value.lstrip(" '"))
    assert match
    piece = re.split(r"±|\+-|\+/-|['’]|,(?![-+]?\.?\d)", match[0])[0].rstrip(".,:/+-%")
    assert float(re.sub(r"(?<=\d),(?=\d{3})", "", piece)) == number


@given(st.text(ALPHABET + "[](){}|", max_size=12))
def test_what_begins_with_a_digit_is_read_or_named(value: str) -> None:
    """Nothing that looks like a value is passed over in silence."""
    line = f"loss: 7{value}"
    assert (read(f"7{value}") is None) == bool(near_misses(line, ["loss"]))


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("Eval_Loss: 0.3", "Eval_Loss: 0.3"),
        ("Eval loss: 0.3", "Eval loss: 0.3"),
        ("evalLoss=0.3", "evalLoss=0.3"),
        ("eval-loss: 0.3 s", "eval-loss: 0.3"),
        ("| epoch 1 | eval_loss 0.333 | ppl 3.1", "eval_loss 0.333"),
        ("│        eval_loss        │    0.333333     │", "eval_loss │ 0.333333"),
        ("**eval_loss** 0.3", "eval_loss** 0.3"),
    ],
)
def test_a_name_that_is_written_otherwise_is_a_near_miss(line: str, printed: str) -> None:
    """The metric of a sweep file is one letter away from that of its script: nothing would be compared, all night long."""
    assert values_in(line, ["eval_loss"]) == {}
    assert [miss.printed for miss in written_otherwise(line, ["eval_loss"])] == [printed]


@pytest.mark.parametrize("line", ["train/eval_loss: 3", "--eval_loss=3", "eval_losses: 3", "my_eval_loss 3", "eval_loss falls"])
def test_another_name_is_no_near_miss(line: str) -> None:
    """They mean something else, or nothing."""
    assert written_otherwise(line, ["eval_loss"]) == []


def test_what_is_shown_of_a_near_miss_is_short_and_harmless() -> None:
    """It goes to a terminal."""
    (miss,) = near_misses("loss: 3\x1b[2J\x07" + "x" * 500, ["loss"])
    assert miss.printed.isprintable()
    assert len(miss.printed) <= 60


@pytest.mark.parametrize("line", ["loss: " + "1" * 300_000 + "x", "loss:" + " " * 300_000, "loss: " * 50_000, "loss " * 60_000])
def test_an_odd_long_line_takes_time_in_proportion_to_its_length(line: str) -> None:
    """A runner that meets a megabyte of digits must not stand still: a pattern that tries all pairs of places takes hours."""
    assert values_in(line, ["loss"]) == {}
    near_misses(line, ["loss"])
    written_otherwise(line, ["loss"])
