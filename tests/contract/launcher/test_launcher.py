"""Launchers: real processes that start, stop and record real jobs."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scheduler.attempt_files import LOG
from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import Slot, connect, open_slot, stop_message
from scheduler.launcher.places import gone, journal_path, sweep
from scheduler.launcher.spawning import Order
from scheduler.linux import processes
from scheduler.linux.locks import is_locked
from tests.contract.launcher.launching import NAME, end_of, order, output, python, reports, until_ended

# Double fork, a session of its own, a cleared environment, deaf to SIGTERM: the hardest to find again. Who started it waits until
# it is up.
ESCAPEE = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = "import os, sys, time; new = sys.argv[1] + '.new'; open(new, 'w').write(str(os.getpid())); "
        code += "os.rename(new, sys.argv[1]); time.sleep(600)"
        os.execve(sys.executable, [sys.executable, "-c", code, sys.argv[1]], {})
    os._exit(0)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""
# Ends when the test says so, or when nobody can mean it any more.
UNTIL_ENOUGH = """
import os, time
for _ in range(9000):
    if os.path.exists("enough"):
        break
    time.sleep(0.01)
"""


@pytest.mark.parametrize(
    ("code", "state", "status", "reason"),
    [
        ("", "done", 0, ""),
        ("raise SystemExit(3)", "failed", 3, "exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", "failed", -9, "killed by SIGKILL"),
    ],
)
def test_the_recorded_end_is_the_jobs_own(slot: Slot, tmp_path: Path, code, state, status, reason) -> None:
    """Promise `true`: what the process did is what is written down, in the journal and in the report alike."""
    slot.start(order(tmp_path, python(code)), [])
    end = end_of(slot)
    assert (end["state"], end["exit_status"], end["reason"]) == (state, status, reason)
    record = journal.read(journal_path_of(slot, tmp_path))
    assert record
    assert record.ended[NAME] == end


def test_the_recorded_duration_lies_within_the_time_that_has_passed(slot: Slot, tmp_path: Path) -> None:
    """Estimates of what is still to come are made of it."""
    begun = time.monotonic()
    slot.start(order(tmp_path, ["sleep", "0.2"]), [])
    assert 0.2 <= end_of(slot)["duration"] <= time.monotonic() - begun


def journal_path_of(slot: Slot, tmp_path: Path) -> Path:
    return tmp_path / "home" / "launchers" / f"{slot.id}.journal"


@pytest.mark.parametrize(
    ("argv", "cwd", "names"),
    [
        (["no-such-program-anywhere"], None, "program 'no-such-program-anywhere'"),
        (["/etc/passwd"], None, "program '/etc/passwd'"),
        (["true"], "/no/such/place", "working directory '/no/such/place'"),
    ],
)
def test_a_command_that_cannot_start_fails_and_says_which_part(slot: Slot, tmp_path: Path, argv, cwd, names) -> None:
    """Command or directory missing, or not executable: failed, with the name of the culprit."""
    wanted = order(tmp_path, argv)
    slot.start(Order(**{**wanted.__dict__, "cwd": cwd or wanted.cwd}), [])
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("failed", None)
    assert names in end["reason"]


def test_arguments_and_output_reach_the_job_and_the_log_unchanged(slot: Slot, tmp_path: Path) -> None:
    """No shell between: quotes, dollars, newlines and any bytes of a name arrive as they are."""
    nasty = ["it's", '"', "$HOME", "$(id)", "a\nb", "ünï", "*", ""]
    slot.start(order(tmp_path, python("import sys; print(sys.argv[1:])", *nasty)), [])
    assert end_of(slot)["state"] == "done"
    assert output(tmp_path).strip() == repr(nasty)


def test_a_job_has_its_own_session_no_input_and_the_users_environment(slot: Slot, tmp_path: Path) -> None:
    """A signal for the terminal's group must not reach it; reading standard input must not hang it."""
    code = "import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()), os.environ['ADDED'], 'PATH' in os.environ)"
    slot.start(order(tmp_path, python(code), environment={"ADDED": "yes"}), [])
    assert end_of(slot)["state"] == "done"
    assert output(tmp_path).split() == ["True", "''", "yes", "True"]


def test_a_program_is_found_by_the_jobs_own_path_from_its_own_directory(slot: Slot, tmp_path: Path) -> None:
    """As a shell would find it there: a file that may not be executed is passed over, a relative folder is the job's."""
    for folder, text in (("plain", "not a program"), ("own", "#!/bin/sh\necho the right one")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "greet").write_text(text)
    (tmp_path / "own" / "greet").chmod(0o700)
    slot.start(order(tmp_path, ["greet"], environment={"PATH": "/no/such/folder:plain:own:/usr/bin:/bin"}), [])
    assert end_of(slot)["state"] == "done"
    assert output(tmp_path) == "the right one\n"


def test_a_job_has_no_more_of_us_than_its_claim(slot: Slot, tmp_path: Path) -> None:
    """No descriptor of ours but the attempt's own, and the usual signals: `yes | head` must end, and not by an error."""
    script = "readlink /proc/$$/fd/*; exec grep -E '^Sig(Blk|Ign)' /proc/self/status"
    slot.start(order(tmp_path, ["sh", "-c", script]), [])
    assert end_of(slot)["state"] == "done"
    *links, blocked, ignored = output(tmp_path).splitlines()
    log = str(tmp_path / "attempt" / LOG)
    assert links == ["/dev/null", log, log, str(tmp_path / "attempt")]
    assert not _signals(blocked)
    assert not _signals(ignored) & {signal.SIGPIPE, signal.SIGXFSZ}, "Python's own habit reached the job"


def test_a_claim_that_waits_in_a_launcher_is_not_given_to_the_job_before_it(slot: Slot, tmp_path: Path) -> None:
    """A data loader of the first job would keep the second one's GPU."""
    wanted = order(tmp_path, ["sh", "-c", "sleep 0.2; readlink /proc/$$/fd/*; exit 0"])
    claim = os.open(tmp_path / "second.claim", os.O_RDWR | os.O_CREAT)
    slot.start(wanted, [], more=True)
    slot.start(Order(**{**vars(wanted), "attempt": "job/2", "directory": str(tmp_path / "second")}), [claim])
    os.close(claim)
    slot.channel.flush()
    assert end_of(slot)["state"] == "done"
    assert "second.claim" not in output(tmp_path)


def _signals(line: str) -> set[int]:
    """The signals of a mask in /proc/PID/status."""
    mask = int(line.split()[1], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_the_claim_is_held_by_every_process_of_the_job_and_by_nobody_after_it(slot: Slot, tmp_path: Path, until) -> None:
    """Promise `held`: also by a grandchild that closed every descriptor, since the launcher keeps a copy."""
    path = tmp_path / "x.claim"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    code = f"import os\nif os.fork(): os._exit(0)\nos.setsid(); os.closerange(0, 1000)\n{UNTIL_ENOUGH}"
    slot.start(order(tmp_path, python(code), leftovers="wait"), [descriptor])
    os.close(descriptor)
    until(lambda: NAME in journal.read(journal_path_of(slot, tmp_path)).ended)
    assert is_locked(path), "the claim ended before the job's last process"
    (tmp_path / "enough").touch()
    end_of(slot)
    assert not is_locked(path)


@pytest.mark.parametrize(
    "ignored", ["", "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN);"]
)
def test_a_stop_ends_the_job_however_deaf_it_is(slot: Slot, tmp_path: Path, until, ignored: str) -> None:
    """SIGINT, then SIGTERM, then SIGKILL: it ends as cancelled, with the status that it really had."""
    code = f"import signal, time; {ignored} print('ready', flush=True)\nwhile True: time.sleep(0.05)"
    # One that hears the first signal gets all the time that it needs to end by it.
    slot.start(order(tmp_path, python(code), grace=0.2 if ignored else 600.0), [])
    until(lambda: (tmp_path / "attempt" / LOG).exists() and "ready" in output(tmp_path))
    slot.stop(NAME, "cancelled")
    end = end_of(slot)
    assert end["state"] == "cancelled"
    # An uncaught SIGINT makes Python end by that signal itself.
    assert end["exit_status"] == (-signal.SIGKILL if ignored else -signal.SIGINT)


def test_the_first_word_on_why_a_job_is_stopped_stands(slot: Slot, tmp_path: Path, until) -> None:
    """What comes later, a time-out perhaps, only hurries on what was asked for already."""
    code = "import signal; signal.signal(2, lambda *_: print('heard', flush=True)); print('ready', flush=True)"
    slot.start(order(tmp_path, python(code + UNTIL_ENOUGH), grace=60), [])
    until(lambda: (tmp_path / "attempt" / LOG).exists() and "ready" in output(tmp_path))
    slot.stop(NAME, "cancelled")
    until(lambda: "heard" in output(tmp_path))
    slot.stop(NAME, "timeout")
    (tmp_path / "enough").touch()
    assert end_of(slot)["state"] == "cancelled"
    assert output(tmp_path).count("heard") == 1


def test_a_stop_that_comes_after_a_jobs_end_leaves_it_its_own(slot: Slot, tmp_path: Path, until) -> None:
    """All that it had to do was done in the moment in which somebody lost patience: nobody has to run it again."""
    slot.start(order(tmp_path, python(UNTIL_ENOUGH), grace=600.0), [])
    (running,) = reports(slot, lambda report: report["is"] == "running")
    slot.process.send_signal(signal.SIGSTOP)  # its end and the stop wait for the launcher together
    try:
        slot.stop(NAME, "cancelled")
        (tmp_path / "enough").touch()
        until(lambda: ") Z " in Path(f"/proc/{running['pid']}/stat").read_text())
    finally:
        slot.process.send_signal(signal.SIGCONT)
    (ended,) = until_ended(slot)  # and nobody is told of a signal
    assert (ended["end"]["state"], ended["end"]["exit_status"]) == ("done", 0)


def test_a_stop_reaches_processes_that_escaped(slot: Slot, tmp_path: Path, until) -> None:
    """Promise `clean`, and `alone`: nothing of the job is left, and nobody else is touched."""
    pid_file = tmp_path / "pid"
    slot.start(order(tmp_path, python(ESCAPEE + "\ntime.sleep(600)", str(pid_file))), [])
    pid = int(until(lambda: pid_file.exists() and pid_file.read_text()))
    slot.stop(NAME, "cancelled")
    assert end_of(slot)["state"] == "cancelled"
    assert not Path(f"/proc/{pid}").exists()


def test_what_a_finished_job_leaves_behind_is_ended_too(slot: Slot, tmp_path: Path, until) -> None:
    """An orphaned data loader must not keep a GPU for days. The job's own good end stays its end."""
    pid_file = tmp_path / "pid"
    slot.start(order(tmp_path, python(ESCAPEE, str(pid_file)), idle=0.3), [])
    pid = int(until(lambda: pid_file.exists() and pid_file.read_text()))
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("done", 0)
    assert not Path(f"/proc/{pid}").exists()


def test_the_polite_signal_reaches_the_jobs_own_group_only(slot: Slot, tmp_path: Path, until) -> None:
    """As Ctrl-C in a terminal does: a tracker in a session of its own goes on, and can save what the job still tells it."""
    tracker = "import signal, time; signal.signal(signal.SIGINT, lambda *_: open('hit', 'w')); open('up', 'w'); time.sleep(600)"
    start = f"subprocess.Popen([sys.executable, '-c', {tracker!r}], start_new_session=True)"
    code = f"import subprocess, sys, time; {start}; time.sleep(600)"
    slot.start(order(tmp_path, python(code)), [])
    until(lambda: (tmp_path / "up").exists())
    slot.stop(NAME, "cancelled")
    end_of(slot)
    assert not (tmp_path / "hit").exists()


def test_the_tree_of_a_process_is_all_of_it() -> None:
    """Children of children too; a signal that misses some leaves them to be found a rung later."""
    code = "import subprocess, sys; subprocess.run(['sleep', '600'])"
    process = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"]
    )
    deadline = time.monotonic() + 90
    while len(found := processes.descendants(process.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    processes.send([*found, *processes.descendants(process.pid)], signal.SIGKILL)
    process.kill()
    process.wait()
    assert len(found) == 2
    assert found[1].parent == found[0].pid


def test_a_pid_that_has_a_new_owner_is_left_alone(bystander) -> None:
    """Promise `alone`: pid and birth together name a process; a reused pid is somebody else."""
    process = processes.look_up(bystander.pid)
    assert process
    stranger = processes.Process(process.pid, process.parent, process.group, process.birth - 1)
    assert processes.send([stranger], signal.SIGKILL) == 0


def test_a_job_that_takes_too_long_is_stopped_as_timed_out(slot: Slot, tmp_path: Path) -> None:
    """The launcher watches the time itself, so a time-out holds although the runner may be gone."""
    slot.start(order(tmp_path, python("import time; time.sleep(600)"), timeout=0.3), [])
    assert end_of(slot)["state"] == "timeout"


def test_a_job_that_runs_is_reported_with_the_birth_of_its_process(slot: Slot, tmp_path: Path) -> None:
    """The pid alone may be somebody else's by the time that anybody signals it."""
    slot.start(order(tmp_path, ["sleep", "600"]), [])
    (report,) = reports(slot, lambda report: report["is"] == "running")
    process = processes.look_up(report["pid"])
    assert process
    assert (process.parent, process.birth) == (slot.process.pid, report["birth"])


def test_ends_of_short_jobs_are_told_although_a_long_one_follows(slot: Slot, tmp_path: Path) -> None:
    """Reports of short jobs gather, but not behind a job of hours: it may be the one that the runner would start next."""
    for number, argv in enumerate((["true"], ["sleep", "600"], ["true"], ["true"])):
        wanted = order(tmp_path, argv)
        slot.start(
            Order(**{**vars(wanted), "attempt": f"job{number}/1", "directory": str(tmp_path / str(number))}), [], more=True
        )
    slot.channel.flush()
    heard: list[str] = []
    while "running job1/1" not in heard:
        messages, there = slot.channel.receive()
        assert there
        heard += [f"{message['is']} {message['attempt']}" for message, _ in messages]
    heard = [each for each in heard if each != "running job0/1"]  # the first may take long enough to be reported itself
    assert heard == ["ended job0/1", "running job1/1"]
    slot.revoke_ahead()
    slot.stop("job1/1", "cancelled")


def test_a_launcher_outlives_its_runner_until_its_job_is_over(home: Home, tmp_path: Path, until) -> None:
    """Promise `true`: the exit status is recorded although nobody was there to hear it."""
    slot = open_slot(home)
    code = f"{UNTIL_ENOUGH}\nraise SystemExit(7)"
    slot.start(order(tmp_path, python(code)), [])
    until(lambda: (tmp_path / "attempt" / LOG).exists())
    slot.close()
    (tmp_path / "enough").touch()
    assert slot.process.wait(90) == 0
    record = journal.read(journal_path(home, slot.id))
    assert record
    assert record.ended[NAME]["exit_status"] == 7
    assert record.closed
    sweep(home, gone(home), {slot.id})
    assert journal_path(home, slot.id).exists(), "a journal that is still needed was removed"
    sweep(home, gone(home), set())
    assert not list(home.launchers.iterdir())


def test_the_journal_of_a_launcher_that_went_after_the_look_stays(home: Home) -> None:
    """Between a look at what is gone and the sweep a runner may begin a job and be killed, and its launcher go: without the
    journal nobody could say that the job has never run, and it would be called lost."""
    slot = open_slot(home)
    left = gone(home)
    slot.close()
    assert slot.process.wait(90) == 0
    sweep(home, left, set())
    assert journal_path(home, slot.id).exists()
    sweep(home, gone(home), set())
    assert not list(home.launchers.iterdir())


def test_an_idle_launcher_ends_with_its_runner(home: Home) -> None:
    """No process is left behind by a run that is over."""
    slot = open_slot(home)
    slot.close()
    assert slot.process.wait(90) == 0


def test_anybody_of_the_same_user_can_stop_a_job_through_its_launcher(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """`cancel` works whether or not the runner lives."""
    slot.start(order(tmp_path, python("import time; time.sleep(600)")), [])
    until(lambda: journal.read(journal_path(home, slot.id)).started)
    line = connect(home, slot.id)
    assert line
    assert line.send(stop_message("another/1", "cancelled"))  # not this one's business
    assert line.send(stop_message(NAME, "cancelled"))
    assert end_of(slot)["state"] == "cancelled"


def test_a_launcher_that_was_killed_leaves_a_free_journal_and_the_jobs_own_lock(home: Home, tmp_path: Path, until) -> None:
    """The evidence that recovery reads: the launcher is gone, the job is not."""
    slot = open_slot(home)
    code = f"print('ready', flush=True)\n{UNTIL_ENOUGH}"
    slot.start(order(tmp_path, python(code)), [])
    until(lambda: (tmp_path / "attempt" / LOG).exists() and "ready" in output(tmp_path))
    slot.process.kill()
    slot.process.wait()
    assert not is_locked(journal_path(home, slot.id))
    assert is_locked(tmp_path / "attempt")
    assert connect(home, slot.id) is None
    (tmp_path / "enough").touch()
    until(lambda: not is_locked(tmp_path / "attempt"))
    slot.close()


def test_a_users_scheduler_py_is_never_imported(tmp_path: Path) -> None:
    """People have a scheduler.py of their own in the directory they work in."""
    (tmp_path / "scheduler.py").write_text("raise SystemExit('the wrong scheduler')")
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    code = """if True:
        import sys
        from pathlib import Path
        from scheduler.home import open_home
        from scheduler.launcher.client import open_slot
        slot = open_slot(open_home(Path(sys.argv[1])))
        slot.close()
        raise SystemExit(slot.process.wait())
    """
    root = str(Path(__file__).resolve().parents[3])
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    isolated = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {root!r})\n{code}", str(tmp_path / "h")]
    result = subprocess.run(isolated, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
