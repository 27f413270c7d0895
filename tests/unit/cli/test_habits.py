"""What is said to words that are no commands."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.cli.habits import ANSWERED, LOOKING, POINTED, is_mistyped, meant
from scheduler.cli.main import COMMANDS, SECTIONS, main
from scheduler.errors import UserError, closest

ASKED = ["ls", "ps", "list", "results", "tail", "htop", "history", "help", "version", "queue", "squeue", "info", "log"]
WOULD_CHANGE = ["start", "kill", "stop", "rm", "sbatch", "add", "restart", "delete", "clear"]


def said_to(word: str) -> str:
    with pytest.raises(UserError) as refused:
        meant([word], COMMANDS)
    return refused.value.next_step


@pytest.mark.parametrize(
    ("typed", "meaning"),
    [
        ("ls", "status"),
        ("ps failed", "status failed"),
        ("tail -n 5 abc", "logs -f -n 5 abc"),
        ("htop failed", "top failed"),
        ("version", "--version"),
        ("help", "--help"),
        ("help run", "run --help"),
        ("help tail", "logs -f --help"),
        ("help --help", "--help"),
    ],
)
def test_a_word_that_only_asks_is_answered(typed: str, meaning: str) -> None:
    """Whoever types `ls` for the thousandth time wants a list, not a lesson."""
    assert meant(typed.split(), COMMANDS) == meaning.split()


@pytest.mark.parametrize("word", ASKED)
def test_what_is_answered_is_a_command_that_only_looks(word: str) -> None:
    """An answer to a question must not start anything."""
    assert meant([word], COMMANDS)[0] in (*LOOKING, "--help", "--version")
    assert {meaning[0] for meaning in ANSWERED.values()} <= {*LOOKING, "man", "--version"}


@pytest.mark.parametrize("word", WOULD_CHANGE)
def test_a_word_that_would_change_something_is_pointed_to_its_command(word: str) -> None:
    """What it did elsewhere need not be what it would do here."""
    assert "`exp-queue " in said_to(word)
    assert said_to(word) == POINTED[word]


@pytest.mark.parametrize("way", sorted(set(POINTED.values())))
def test_every_way_that_is_pointed_out_exists(way: str) -> None:
    """Advice to type a command that is unknown as well is the last straw."""
    named = re.findall(r"exp-queue ([a-z]+)", way)
    assert named
    assert set(named) <= set(COMMANDS)


def test_a_word_stands_in_one_table() -> None:
    """What is said in the second would be said to nobody."""
    assert set(ANSWERED).isdisjoint(POINTED)
    assert set(COMMANDS).isdisjoint({**ANSWERED, **POINTED})


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_no_word_of_habit_stands_before_a_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that arrives later must not be answered by what its name meant before."""
    assert typed(command, "--help") == 0
    assert capsys.readouterr().out.startswith(f"Usage: exp-queue {command} ")


@pytest.mark.parametrize(
    ("word", "command"),
    [("statsu", "status"), ("retyr", "retry"), ("cancle", "cancel"), ("rn", "run"), ("runn", "run"), ("LOGS", "logs")],
)
def test_a_slip_of_a_finger_is_seen_through(word: str, command: str) -> None:
    """The most frequent wrong word is the right one."""
    assert said_to(word) == f'did you mean "{command}"?'


@pytest.mark.parametrize(
    "word", ["resulting", "rerunning", "wrk", "worker-3", "resumption", "recancelled", "swept", "summit", "exit"]
)
def test_a_word_that_is_only_like_a_command_that_acts_is_not_taken_for_it(word: str) -> None:
    """`results` led to `resume`, which starts everything that was ever cancelled."""
    suggested = re.findall(r'did you mean "(.*)"', said_to(word))
    assert all(command in LOOKING or is_mistyped(word, command) for command in suggested)


@given(st.text(string.ascii_lowercase, min_size=1, max_size=9))
def test_whatever_is_typed_no_suggestion_acts_unless_it_is_that_word_mistyped(word: str) -> None:
    """A suggestion is typed without a second thought."""
    if word in COMMANDS or word == "help" or word in {**ANSWERED, **POINTED}:
        return
    suggested = re.findall(r'did you mean "(.*)"', said_to(word))
    assert all(command in LOOKING or is_mistyped(word, command) for command in suggested)


@given(st.sampled_from(sorted(COMMANDS)), st.integers(0, 8), st.sampled_from(string.ascii_lowercase))
def test_one_slip_of_any_kind_is_known_and_two_are_not(command: str, place: int, letter: str) -> None:
    """The rule itself: left out, one too many, wrong, swapped."""
    place = place % len(command)
    before, this, after = command[:place], command[place], command[place + 1 :]
    slips = {before + after, before + letter + this + after, before + letter + after}
    slips |= {before + after[0] + this + after[1:]} if after else set()
    assert all(is_mistyped(slip, command) for slip in slips)
    assert not is_mistyped(f"{command}xy", command)
    assert not is_mistyped(command[::-1] + "z", command)


def test_a_state_and_a_file_are_no_commands_but_say_what_they_are_for() -> None:
    """`exp-queue failed` and `exp-queue mine.yaml` are guesses that deserve the word that is missing."""
    assert said_to("failed").startswith("`exp-queue status failed`")
    assert said_to("mine.yaml").startswith("`exp-queue run mine.yaml`")


def typed(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


def test_every_command_stands_in_one_section_of_the_help() -> None:
    """A command that is in none would be known to nobody, and one that is gone would be typed in vain."""
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)


def test_the_closest_word_is_known_apart_from_the_sentence() -> None:
    """Whoever asks whether one is close must not read it out of a sentence for people."""
    assert closest("statsu", COMMANDS) == "status"
    assert closest("qqqq", COMMANDS) is None


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_no_arguments_at_all_are_a_question_about_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing that anybody types is no error, and `exp-queue | less` shows all of it."""
    assert typed(*words) == 0
    out, error = capsys.readouterr()
    assert out.startswith("Usage: exp-queue [OPTIONS] COMMAND")
    assert all(f"  {command} " in out for command in COMMANDS)
    assert error == ""


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("--hlep", "exp-queue --help"),
        ("status --hlep", "exp-queue status --help"),
        ("run --grace", "exp-queue run --help"),
        ("ls --limit", "exp-queue status --help"),
        ("logs a b c", "exp-queue logs --help"),
        ("status --limit x", "exp-queue status --help"),
    ],
)
def test_a_wrong_use_is_one_line_with_the_place_of_the_help(words: str, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every one of them, whatever part of the command line is wrong."""
    assert typed(*words.split()) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert len(error.splitlines()) == 1
    assert error.rstrip().endswith(f"ee `{place}`")
    assert "?;" not in error
