"""What Slurm's words mean for an attempt, and when they count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler.launcher import journal
from scheduler.slurm import verdicts
from scheduler.slurm.states import Element, read

ME = "job/1"
END = {"state": "failed", "exit_status": 3, "reason": "exit status 3", "duration": 2.0}
KILLED = {"state": "failed", "exit_status": -15, "reason": "killed by SIGTERM", "duration": 2.0}
STOPPED = {"state": "cancelled", "exit_status": -15, "reason": journal.BY_CLUSTER, "duration": 2.0}


def record(path: Path, *lines: str) -> journal.Record:
    path.write_text("".join(f"{line}\n" for line in lines))
    found = journal.read(path)
    assert found
    return found


def test_what_squeue_prints_is_read_element_by_element() -> None:
    """Those that wait stand on one line, those that were cancelled as they waited have no number at all."""
    found = read(
        "one|7|2-4,9%2|PENDING||Priority\none|7|0|RUNNING|n1|None\ntwo|8|N/A|CANCELLED||None\ntwo|8|1|COMPLETED|n1|a|b\n?\n"
    )
    assert [found["one"].element(n) and found["one"].element(n).state for n in (0, 1, 2, 4, 9)] == [  # type: ignore[union-attr]
        *("RUNNING", None, "PENDING", "PENDING", "PENDING")
    ]
    assert found["two"].element(1) == Element("COMPLETED", "n1", "a|b")
    assert found["two"].element(5) == Element("CANCELLED", "", "None")
    assert found["two"].job == "8"


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED"])
def test_what_is_there_is_waited_for(state: str) -> None:
    """Its journal will say how it ends."""
    assert Element(state).is_there


def test_a_closed_journal_says_it_all(tmp_path: Path) -> None:
    """Our files are the truth, whatever Slurm thinks of the script that it has started."""
    assert verdicts.by_journal(ME, record(tmp_path / "a", f"S {ME}", f"X {ME} {json.dumps(END)}", "E")) == {
        "is": "ended",
        "end": END,
    }
    assert verdicts.by_journal(ME, record(tmp_path / "b", f"S {ME}", f"X {ME} {json.dumps(END)}")) is None
    assert verdicts.by_journal(ME, record(tmp_path / "c", "E")) == {"is": "dropped", "why": ""}


def test_an_end_that_was_noted_counts_also_when_the_launcher_was_killed_then(tmp_path: Path) -> None:
    """The exit status is the job's own; only what it had left behind was killed."""
    noted = record(tmp_path / "a", f"S {ME}", f"X {ME} {json.dumps(END)}")
    assert verdicts.gone(ME, noted, Element("NODE_FAIL", "n1"))["end"] == END


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("CANCELLED", "cancelled"),
        ("TIMEOUT", "timeout"),
        ("OUT_OF_MEMORY", "failed"),
        ("PREEMPTED", "failed"),
        ("NODE_FAIL", "lost"),
    ],
)
def test_slurm_s_reason_is_the_end_of_what_slurm_has_killed(tmp_path: Path, state: str, expected: str) -> None:
    """A launcher that was killed, or stopped by SIGTERM, does not know why."""
    killed = record(tmp_path / "a", f"S {ME}")
    assert verdicts.gone(ME, killed, Element(state))["end"]["state"] == expected
    stopped = record(tmp_path / "b", f"S {ME}", f"X {ME} {json.dumps(STOPPED)}")
    end = verdicts.gone(ME, stopped, Element(state))["end"]
    assert (end["state"], end["exit_status"]) == (expected, -15)


@pytest.mark.parametrize("status", [-15, -9, 143, 137])
def test_a_job_that_slurm_s_signal_reached_before_its_launcher_is_slurm_s_to_explain(tmp_path: Path, status: int) -> None:
    """The launcher saw a job that ended by a signal, wrote this down and was gone before it was told itself."""
    seen = record(tmp_path / "a", f"S {ME}", f"X {ME} {json.dumps({**KILLED, 'exit_status': status})}", "E")
    assert verdicts.by_journal(ME, seen) is None
    end = verdicts.gone(ME, seen, Element("PREEMPTED", "n1"))["end"]
    assert (end["state"], end["exit_status"], end["taken"]) == ("failed", status, True)
    assert "preempted" in end["reason"]
    assert verdicts.gone(ME, seen, Element("CANCELLED", "n1"))["end"]["state"] == "cancelled"


def test_a_signal_that_was_not_slurm_s_is_told_as_it_was(tmp_path: Path) -> None:
    """Slurm says then how the launcher ended, or that the node failed later; a job can be killed by anybody."""
    seen = record(tmp_path / "a", f"S {ME}", f"X {ME} {json.dumps(KILLED)}", "E")
    for element in (None, Element("COMPLETED", "n1"), Element("FAILED", "n1"), Element("NODE_FAIL", "n1")):
        assert verdicts.gone(ME, seen, element)["end"] == KILLED
    other = {**KILLED, "exit_status": -11, "reason": "killed by SIGSEGV"}
    crashed = record(tmp_path / "b", f"S {ME}", f"X {ME} {json.dumps(other)}", "E")
    assert verdicts.by_journal(ME, crashed) == {"is": "ended", "end": other}


def test_what_has_begun_and_is_gone_without_a_word_is_lost(tmp_path: Path) -> None:
    """It may have done its work: whether it runs again is not for us to guess."""
    for element in (None, Element("COMPLETED"), Element("FAILED", "n1")):
        assert verdicts.gone(ME, record(tmp_path / "a", f"S {ME}"), element)["end"]["state"] == "lost"
    assert verdicts.gone(ME, record(tmp_path / "b", "Traceback"), None)["is"] == "dropped"


def test_a_node_that_cannot_see_the_folder_is_named(tmp_path: Path) -> None:
    """It would be tried for ever, and nobody would know why."""
    found = verdicts.never_began(Element("FAILED", "n7"), tmp_path, "python: not found", "/opt/python")
    assert found["end"]["state"] == "failed"
    assert all(word in found["end"]["reason"] for word in ("n7", str(tmp_path), "python: not found", "/opt/python"))
    assert verdicts.never_began(None, tmp_path, "", "")["is"] == "dropped"
    assert verdicts.never_began(Element("NODE_FAIL"), tmp_path, "", "")["is"] == "dropped"
    assert verdicts.never_began(Element("CANCELLED"), tmp_path, "", "")["end"]["state"] == "cancelled"
