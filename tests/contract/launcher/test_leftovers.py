"""What a script leaves behind when it ends: real processes below a real launcher."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import Slot
from scheduler.launcher.places import journal_path
from scheduler.linux import processes
from tests.contract.launcher.launching import NAME, end_of, order, output, python, reports, until_ended

# Computes and writes until it has used two seconds of a core.
WORK = "import time; file = open('parts', 'w')\nwhile time.process_time() < 2: file.write('.'); file.flush()\nopen('whole', 'w')"
SIT = "import time; time.sleep(600)"
# Goes on until the test says so, without doing anything to speak of.
UNTIL_ENOUGH = "import os, time\nwhile not os.path.exists('enough'): time.sleep(0.05)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('deaf', 'w'); {SIT}"


def leaving(code: str, then: str = "") -> list[str]:
    """A script that starts `code` in a session of its own, does `then`, and ends."""
    start = f"subprocess.Popen([sys.executable, '-c', {code!r}], start_new_session=True)"
    return python(f"import os, subprocess, sys, time; {start}\n{then}")


def note(slot: Slot, part: str) -> str:
    """Wait for a note of the launcher that has this in it."""
    heard = reports(slot, lambda report: report["is"] == "note" and part in report["text"])
    return next(report["text"] for report in heard if report["is"] == "note" and part in report["text"])


def test_work_that_was_left_behind_is_part_of_the_job(slot: Slot, tmp_path: Path) -> None:
    """`train.py &` and no `wait`: the training was killed after ten seconds, and the job called done after 0.0 s."""
    slot.start(order(tmp_path, leaving(WORK), idle=1.2), [])
    heard = until_ended(slot)
    end = heard[-1]["end"]
    assert (tmp_path / "whole").exists(), "it was killed"
    assert (end["state"], end["exit_status"]) == ("done", 0)
    assert end["duration"] > 2.0
    assert "exit status 0; 1 process left behind went on for " in end["reason"]


def test_a_job_whose_script_ends_at_once_is_running_as_long_as_something_of_it_is(slot: Slot, tmp_path: Path, until) -> None:
    """It stood there as `starting` for ten seconds, and then as done."""
    slot.start(order(tmp_path, ["sh", "-c", "sleep 600 & :"], idle=600.0), [])
    until(lambda: NAME in journal.read(journal_path(home_of(tmp_path), slot.id)).ended)
    (report,) = reports(slot, lambda report: True)
    assert report["is"] == "running"
    assert report["pid"]


def test_what_only_sits_there_is_ended_and_said_everywhere(slot: Slot, home: Home, tmp_path: Path) -> None:
    """In the report, in the final record, in the journal that `status` reads, and in the job's own log: who, why and when."""
    slot.start(order(tmp_path, leaving(SIT, "print('no newline', end='')"), idle=0.6), [])
    heard = until_ended(slot)
    end = heard[-1]["end"]
    told = [report["text"] for report in heard if report["is"] == "note"]
    who = f"{Path(python('')[0]).name} (pid "
    assert told[0].startswith(f"the script has ended (exit status 0) and left 1 process behind: {who}")
    assert told[1].startswith(f"1 process left behind sat idle for 0.6 s and is ended: {who}")
    assert end["reason"].startswith(f"exit status 0; 1 process left behind sat idle for 0.6 s and was ended: {who}")
    record = journal.read(journal_path(home, slot.id))
    assert record
    assert (record.notes[NAME], record.ended[NAME]) == (told[1], end)
    own, said = output(tmp_path).splitlines()
    assert own == "no newline"
    assert said.startswith("[exp-queue] 2")
    assert said.endswith(told[1])


def test_a_script_that_was_killed_fails_when_what_it_left_has_only_sat_there(slot: Slot, tmp_path: Path) -> None:
    """The workers of a training that ran out of memory wait for ever for their next batch."""
    slot.start(order(tmp_path, leaving(SIT, "os.kill(os.getpid(), 9)"), idle=0.6), [])
    assert "the script has ended (signal 9) and left 1 process behind: " in note(slot, "left 1 process behind")
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("failed", -9)
    assert end["reason"].startswith("killed by SIGKILL; 1 process left behind sat idle for 0.6 s and was ended: ")


def test_under_kill_nothing_outlives_the_script(slot: Slot, tmp_path: Path) -> None:
    """Who says so gets the slot back at once, also from a process that is deaf to SIGTERM."""
    wait = "while not os.path.exists('deaf'): time.sleep(0.01)"
    slot.start(order(tmp_path, leaving(DEAF, wait), leftovers="kill", idle=600.0), [])
    end = end_of(slot)
    assert end["state"] == "done"
    assert "1 process left behind was ended" in end["reason"]


def test_under_wait_nothing_that_sits_there_is_ended(slot: Slot, tmp_path: Path) -> None:
    """A server that others ask now and then does nothing to speak of in between."""
    slot.start(order(tmp_path, leaving(UNTIL_ENOUGH), leftovers="wait", idle=0.2), [])
    assert note(slot, "left 1 process behind").endswith("the job goes on until it ends")
    time.sleep(1.0)  # five times what would end it
    (tmp_path / "enough").touch()
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("done", 0)
    assert "went on for" in end["reason"]


@pytest.mark.parametrize("state", ["cancelled", "stopped_early"])
def test_a_stop_ends_what_was_left_behind_and_the_job_ends_so(slot: Slot, tmp_path: Path, until, state: str) -> None:
    """As long as a process of it lives the job is not over, and whoever stops it then has stopped it."""
    slot.start(order(tmp_path, leaving(SIT), idle=600.0), [])
    until(lambda: NAME in journal.read(journal_path(home_of(tmp_path), slot.id)).ended)
    slot.stop(NAME, state)
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == (state, 0)
    assert "1 process left behind was ended" in end["reason"]


def test_a_stop_of_what_is_being_ended_anyway_only_hurries_it(slot: Slot, tmp_path: Path) -> None:
    """The script was through before, so it has not been cancelled; but who stops it need not wait for minutes either."""
    wait = "while not os.path.exists('deaf'): time.sleep(0.01)"
    slot.start(order(tmp_path, leaving(DEAF, wait), leftovers="kill", grace=1200.0), [])
    note(slot, "SIGKILL after 600 s")
    slot.stop(NAME, "cancelled", 0.0)
    heard = until_ended(slot)
    assert [report for report in heard if report["is"] == "note"] == [], "it is told twice that they are ended"
    assert (heard[-1]["end"]["state"], heard[-1]["end"]["exit_status"]) == ("done", 0)


def home_of(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_the_time_out_counts_what_was_left_behind(slot: Slot, tmp_path: Path) -> None:
    """A job that may take a second does not take an hour by ending its script at once."""
    slot.start(order(tmp_path, leaving(SIT), idle=600.0, timeout=1.0), [])
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("timeout", 0)
    assert "took longer than the time-out of 1 s and was ended" in end["reason"]


def test_a_failure_stays_one_whatever_it_has_left_behind(slot: Slot, tmp_path: Path) -> None:
    """The script's own status decides, and is told together with what became of the rest."""
    slot.start(order(tmp_path, leaving(SIT, "sys.exit(3)"), leftovers="kill"), [])
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("failed", 3)
    assert end["reason"].startswith("exit status 3; 1 process left behind was ended")


def test_a_launcher_killed_meanwhile_leaves_the_scripts_own_end(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """The exit status is known when the script ends; what is left behind must not take it along."""
    slot.start(order(tmp_path, leaving(UNTIL_ENOUGH, "sys.exit(4)"), leftovers="wait"), [])
    until(lambda: NAME in journal.read(journal_path(home, slot.id)).ended)
    slot.process.kill()
    slot.process.wait()
    (tmp_path / "enough").touch()
    record = journal.read(journal_path(home, slot.id))
    assert record
    assert (record.ended[NAME]["state"], record.ended[NAME]["exit_status"]) == ("failed", 4)


def test_the_grace_of_a_stop_is_what_was_asked_for(slot: Slot, tmp_path: Path, until) -> None:
    """A checkpoint of 25 s was cut in its middle: who stops a job says how long it may save."""
    save = "open('saving', 'w').close()\nwhile not os.path.exists('enough'): time.sleep(0.01)\nopen('whole', 'w').close()"
    # Closed by itself: Python drops an exception of a signal that comes while it closes a file that nobody has any more. Short
    # sleeps: one that has just begun when the signal comes may not end by it.
    up = "try:\n  open('up', 'w').close()\n  while True: time.sleep(0.05)\nexcept KeyboardInterrupt: pass"
    code = f"import os, time\n{up}\n{save}"
    slot.start(order(tmp_path, python(code), grace=0.0), [])
    until((tmp_path / "up").exists)
    slot.stop(NAME, "cancelled", 600.0)
    assert "it has 600 s to save its work" in note(slot, "SIGINT is sent")
    until((tmp_path / "saving").exists)
    (tmp_path / "enough").touch()
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("cancelled", 0)
    assert (tmp_path / "whole").exists()


def test_a_second_stop_may_shorten_the_grace(slot: Slot, tmp_path: Path, until) -> None:
    """Somebody has decided not to wait any longer for what hangs in its checkpoint."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {DEAF}"
    slot.start(order(tmp_path, python(code), grace=600.0), [])
    until((tmp_path / "deaf").exists)
    slot.stop(NAME, "cancelled")
    slot.stop(NAME, "cancelled", 0.0)
    assert end_of(slot)["exit_status"] == -9


def test_every_rung_of_a_stop_is_told(slot: Slot, tmp_path: Path, until) -> None:
    """Who waits for the end of a stop should not have to guess what comes next."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {DEAF}"
    slot.start(order(tmp_path, python(code), grace=0.4), [])
    until((tmp_path / "deaf").exists)
    slot.stop(NAME, "cancelled")
    told = [report["text"] for report in until_ended(slot) if report["is"] == "note"]
    assert told[0] == "SIGINT is sent; it has 0.4 s to save its work, then SIGTERM follows"
    assert told[1].startswith("it has not ended by then: SIGTERM is sent, SIGKILL follows in ")


def test_sigkill_follows_sigterm_after_half_the_grace(slot: Slot, tmp_path: Path, until) -> None:
    """Who gives a job ten minutes to save its work knows that its GPU is free after fifteen."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {DEAF}"
    slot.start(order(tmp_path, python(code), grace=0.6), [])
    until((tmp_path / "deaf").exists)
    begun = time.monotonic()
    slot.stop(NAME, "cancelled")
    told = note(slot, "SIGTERM is sent, SIGKILL follows in ")
    assert float(told.split()[-2]) <= 0.3
    assert end_of(slot)["exit_status"] == -9
    assert time.monotonic() - begun >= 0.9


def test_a_hurried_stop_still_asks_before_it_kills(slot: Slot, tmp_path: Path, until) -> None:
    """Less time is not none: what hears SIGTERM alone, a shell with `&` perhaps, can still end well."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {DEAF}"
    slot.start(order(tmp_path, python(code), grace=600.0), [])
    until((tmp_path / "deaf").exists)
    begun = time.monotonic()
    slot.stop(NAME, "cancelled")
    slot.stop(NAME, "cancelled", 0.6)
    told = note(slot, "SIGTERM is sent, SIGKILL follows in ")
    assert float(told.split()[-2]) <= 0.3
    assert end_of(slot)["exit_status"] == -9
    assert time.monotonic() - begun >= 0.9


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"timeout": 0.3}, "it took longer than its time-out of 0.3 s: SIGINT is sent; it has 600 s to save its work, then"),
        ({"timeout": 0.3, "grace": 0.0}, "it took longer than its time-out of 0.3 s: SIGINT is sent; SIGKILL follows at once"),
    ],
)
def test_a_time_out_is_told_when_it_comes(slot: Slot, tmp_path: Path, limits: dict[str, float], told: str) -> None:
    """Who watches must not take it for a person's word, nor wait for a grace that is not given."""
    slot.start(order(tmp_path, python(SIT), **{"grace": 600.0, **limits}), [])
    assert note(slot, "SIGINT is sent").startswith(told)
    assert end_of(slot)["state"] == "timeout"


def test_a_stop_that_is_hurried_after_sigterm_does_not_send_it_again(slot: Slot, tmp_path: Path) -> None:
    """What saves its work on SIGTERM must not begin anew in the middle of it."""
    saves = "import signal; signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True)); open('up', 'w')"
    code = f"{saves}\nwhile True: signal.pause()"
    wait = "while not os.path.exists('up'): time.sleep(0.01)"
    slot.start(order(tmp_path, leaving(code, wait), leftovers="kill", grace=1200.0), [])
    note(slot, "SIGKILL after 600 s")
    begun = time.monotonic()
    slot.stop(NAME, "cancelled", 0.6)
    end_of(slot)
    assert time.monotonic() - begun >= 0.6
    assert output(tmp_path).count("asked") <= 1


def test_a_launcher_sleeps_while_a_stop_takes_its_time(slot: Slot, tmp_path: Path) -> None:
    """A checkpoint of ten minutes is written by the job, and no core of its is taken for looking at the clock."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {DEAF}"
    slot.start(order(tmp_path, python(code), timeout=0.3, grace=600.0, log_cap=1 << 20), [])
    note(slot, "SIGINT is sent")
    before, *_ = processes.usage(slot.process.pid)
    time.sleep(1.5)  # a look at the log falls into this, and else nothing
    after, *_ = processes.usage(slot.process.pid)
    assert after - before < 0.2
