"""When a seat gives its run up: how long it waits for whom, and what it says."""

from __future__ import annotations

import pytest

from scheduler.queue.states import UNTAKEN
from scheduler.wandb_server.ends import ABANDONED, BEGINNING, LAST_WORDS, LOST, SILENCE, UNBEGUN, Seen, end_of
from scheduler.wandb_server.posts import Told

BEGUN = Told(name="r", agent="a")
GIVEN = Told(agent="a")


def status(told: Told, seen: Seen) -> int | None:
    end = end_of(told, seen)
    return end.status if end else None


@pytest.mark.parametrize(("said", "status"), [(0, 0), (3, 3), (255, 255), (300, 255), (-1, LOST), (UNTAKEN, LOST)])
def test_a_run_ends_with_the_status_that_it_says(said: int, status: int) -> None:
    """But for the one by which a seat says that nobody came: the trial would be tried for ever."""
    end = end_of(Told(name="r", exit_status=said), Seen(silent=ABANDONED * 2))
    assert end
    assert (end.status, end.why) == (status, "")


@pytest.mark.parametrize("unserved", [0.0, UNBEGUN + 1])
def test_a_seat_to_which_no_agent_comes_gives_its_gpu_back(unserved: float) -> None:
    """With a server and without: nobody is at it."""
    assert status(Told(), Seen(silent=UNBEGUN)) is None
    assert status(Told(), Seen(silent=UNBEGUN + 1, unserved=unserved)) == UNTAKEN


def test_a_run_that_its_agent_never_begins_waits_for_another_one() -> None:
    """It was killed before it could say that it has it."""
    assert status(GIVEN, Seen(silent=UNBEGUN)) is None
    assert status(GIVEN, Seen(silent=UNBEGUN + 1)) == UNTAKEN


def test_without_a_server_an_agent_may_be_at_the_beginning_of_its_run() -> None:
    """Its script waits in `wandb.init` until the server is there again; but not for ever."""
    assert status(GIVEN, Seen(silent=UNBEGUN + 100, unserved=UNBEGUN)) == UNTAKEN
    assert status(GIVEN, Seen(silent=UNBEGUN + 100, unserved=UNBEGUN + 100)) is None
    assert status(GIVEN, Seen(silent=ABANDONED + 1, unserved=ABANDONED + 1)) == UNTAKEN


def test_a_command_that_ended_without_a_run_has_failed_at_once() -> None:
    """A broken environment: the brake of the sweep must hear of it before every agent has tried it often."""
    given = Told(agent="a", gone="its agent does not have it any more")
    assert status(given, Seen(gone=BEGINNING)) is None
    end = end_of(given, Seen(gone=BEGINNING + 1))
    assert end
    assert end.status == LOST
    assert "before it began a run" in end.why


def test_a_run_whose_program_is_gone_has_a_while_to_say_how_it_ended() -> None:
    """Its client may still send the rest, while there is a server to send it to."""
    assert status(BEGUN, Seen(gone=LAST_WORDS, silent=LAST_WORDS)) is None
    assert status(BEGUN, Seen(gone=LAST_WORDS + 1, silent=LAST_WORDS)) is None
    assert status(BEGUN, Seen(gone=LAST_WORDS + 9, silent=LAST_WORDS + 9, unserved=9)) is None
    assert status(BEGUN, Seen(gone=LAST_WORDS + 1, silent=LAST_WORDS + 1)) == LOST


def test_silence_counts_only_while_there_is_a_server_to_speak_to() -> None:
    """A run goes on while the server is away, and sends the rest later."""
    assert status(BEGUN, Seen(silent=SILENCE)) is None
    assert status(BEGUN, Seen(silent=SILENCE + 1)) == LOST
    assert status(BEGUN, Seen(silent=SILENCE + 1, unserved=2)) is None
    assert status(BEGUN, Seen(silent=ABANDONED + 1, unserved=ABANDONED + 1)) == LOST


def test_a_seat_that_is_to_stop_and_has_no_agent_waits_for_nobody() -> None:
    """One with an agent hears of the end of its run."""
    assert status(Told(), Seen(is_stopped=True)) == LOST
    assert status(GIVEN, Seen(is_stopped=True)) is None
    assert status(BEGUN, Seen(is_stopped=True)) is None
