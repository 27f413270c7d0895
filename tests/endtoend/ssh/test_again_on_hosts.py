"""What waits in the queue, or has failed, runs on hosts: by `retry`, by `work`, and from Python; and where it ran is told."""

from __future__ import annotations

import signal
import socket
import sys

import pytest

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import SWEEP, from_python, mending, rows, shown
from tests.endtoend.sweeps.conftest import TRAIN
from tests.git_checkouts import checkout
from tests.ssh_hosts import Hosts
from tests.waiting import until

ADA, BOTH = ("--on", "ssh:ada"), ("--on", "ssh:ada,babbage")


def states(line: CommandLine) -> list[str]:
    return [job["state"] for job in line.jobs()]


def ran_on(line: CommandLine, hosts: Hosts, name: str, job: str = "last") -> bool:
    """Whether its latest attempt did."""
    return line("logs", job).stdout.startswith(str(hosts[name].home))


def test_what_failed_here_is_run_again_there(line: CommandLine, hosts: Hosts) -> None:
    """This machine was the wrong one: nothing else of the job is another."""
    assert line("run", mending(line)).returncode == 1
    line.write("mended", "")
    done = line("retry", "failed", *ADA, "-j1")
    assert done.returncode == 0, done.stderr
    found = line.jobs()
    assert [(job["state"], job["attempt"]) for job in found] == [("done", 2)] * 2
    assert all(ran_on(line, hosts, "ada", job["id"]) for job in found)


def test_a_host_that_refuses_leaves_what_failed_as_it_is(line: CommandLine, hosts: Hosts) -> None:
    """Who wanted it there must not find it queued, and run by the next `work` of this machine."""
    assert line("run", mending(line, "[0]", "resources: {cpus: 1}")).returncode == 1
    hosts["ada"].stop()
    assert line("retry", "failed", *ADA).returncode == 2
    assert states(line) == ["failed"]
    hosts["ada"].start()
    assert line("run", mending(line, "[1]", "policy: {ports: 1}")).returncode == 1
    done = line("retry", "last", *ADA)
    assert (done.returncode, "policy.ports" in done.stderr) == (3, True), done.stderr
    assert states(line) == ["failed", "failed"]


@pytest.mark.slow
def test_the_code_is_compared_and_brought_for_what_is_run_again(apart: Hosts, command_line: CommandLine) -> None:
    """The one of the directory of the jobs, wherever the command is typed."""
    line = command_line
    checkout(line.directory / "project", train="raise SystemExit(3)\n")
    (line.directory / "elsewhere").mkdir()
    line.write("project/one.yaml", 'command: [python, train.py, "${args}"]\ngrid: {n: [0]}\n')
    project = type(line)(line.directory / "project", line.environment, line.started)
    assert project("run", "one.yaml", *ADA, "--sync").returncode == 1
    project.write("train.py", "print('mended')\n")
    away = type(line)(line.directory / "elsewhere", line.environment, line.started)
    done = away("retry", "failed", *ADA)
    assert (done.returncode, "that of here is another: add `--sync`" in done.stderr) == (2, True), done.stderr
    assert states(line) == ["failed"]
    done = away("retry", "failed", *ADA, "--sync")
    assert (done.returncode, "ada: 1 files brought" in done.stderr) == (0, True), done.stderr
    assert line("logs").stdout == "mended\n"


def test_all_that_is_queued_is_worked_through_there_but_for_other_code(line: CommandLine, hosts: Hosts) -> None:
    """The hosts were compared with one directory: what starts in another might find anything there. It is told, and stays."""
    line.write("mended", "")
    for n in range(2):
        line("submit", mending(line, f"[{n}]"))
    (line.directory / "other").mkdir()
    other = type(line)(line.directory / "other", line.environment, line.started)
    other("submit", mending(other, "[2]"))
    done = line("work", *BOTH)
    assert done.returncode == 1, done.stderr
    assert states(line) == ["done", "done", "queued"]
    assert f"it starts in {other.directory}" in done.stderr
    first, second, _ = line.jobs()
    assert all(ran_on(line, hosts, "ada", job["id"]) or ran_on(line, hosts, "babbage", job["id"]) for job in (first, second))
    (other.directory / "mended").touch()
    assert line("work", *ADA).returncode == 0, "all that is queued starts there: that is what is compared"
    assert states(line) == ["done"] * 3


@pytest.mark.slow
def test_what_comes_later_is_run_there_as_well(line: CommandLine, hosts: Hosts) -> None:
    """`--forever` in a terminal, submits from others."""
    line.write("mended", "")
    working = line.start("work", "--forever", *ADA)
    line("submit", mending(line, "[0]"))
    until(lambda: states(line) == ["done"])
    working.send_signal(signal.SIGINT)
    assert working.wait(100) == 130
    assert ran_on(line, hosts, "ada")


def test_a_program_runs_jobs_there_and_runs_them_again(line: CommandLine, hosts: Hosts) -> None:
    """As the commands do; a host that does not answer is an error, in ssh's words."""
    mending(line, "[0]")
    code = """
jobs = exp_queue.run("mend.yaml", on="ssh:ada", quiet=True)
print(json.dumps([jobs[0].state, jobs[0].log().split()[0]]))
open("mended", "w").close()
jobs = exp_queue.retry(jobs[0], on="ssh:babbage", jobs=1, quiet=True)
print(json.dumps([jobs[0].state, jobs[0].log().split()[0]]))
exp_queue.submit("mend.yaml", again=True, quiet=True)
jobs = exp_queue.work(on="ssh:ada", quiet=True)
print(json.dumps([jobs[0].state, jobs[0].log().split()[0]]))
try:
    exp_queue.run("mend.yaml", on="ssh:nobody", again=True, quiet=True)
except exp_queue.StateError as error:
    print(json.dumps(["no host answers" in str(error), len(exp_queue.jobs())]))
"""
    found = from_python(line, code)
    homes = {name: str(hosts[name].home) for name in ("ada", "babbage")}
    ran = [(state, next(name for name, home in homes.items() if path.startswith(home))) for state, path in found[:3]]
    assert ran == [("failed", "ada"), ("done", "babbage"), ("done", "ada")]
    assert found[3] == [True, 2]


@pytest.mark.slow
def test_a_program_tries_points_there(line: CommandLine, hosts: Hosts) -> None:
    """The search and the early stopping are in the program; only the trainings are on hosts."""
    line.write("train.py", TRAIN)
    line.write("sweep.yaml", SWEEP)
    code = """
trials = exp_queue.sweep("sweep.yaml", on="ssh:ada,babbage", jobs=3, quiet=True)
print(json.dumps(sorted(trial.job.state for trial in trials)))
"""
    assert from_python(line, code) == [["done", "done", "stopped_early"]]
    assert {shown(line, job["id"])["attempts"][-1]["machine"] for job in line.jobs()} <= {"ada", "babbage"}


def test_show_names_the_host_and_nothing_of_this_machine(line: CommandLine, hosts: Hosts) -> None:
    """Who asks which machine made this number must not read the name of the one in front of him; and it is the Python there."""
    line.write("train.py", "print(1)")
    line.write("one.yaml", 'command: [python, train.py, "${args}"]\ngrid: {n: [0]}\n')
    assert line("run", "one.yaml", *ADA).returncode == 0
    found = shown(line, "last")["attempts"][-1]
    assert (found["machine"], found["origin"]["host"]) == ("ada", "ada")
    seen = rows(line, "last")
    assert seen["machine"].partition(",")[0] == "ada"
    assert "program" not in seen
    assert "PATH" not in seen
    assert "on ada" in seen["attempt 1"]
    assert seen["python"].startswith(sys.executable), "of the host, which has it under the same path"
    assert "click==" in line("show", "last", "--packages").stdout
    assert socket.gethostname() not in line("show", "last").stdout.replace(str(line.directory), "")


def test_what_was_interrupted_goes_on_there(line: CommandLine, hosts: Hosts) -> None:
    """It was cancelled here; a host that does not answer leaves it as it is."""
    line("submit", mending(line, "[0]"))
    line("cancel", "last")
    hosts["ada"].stop()
    assert line("resume", *ADA).returncode == 2
    assert states(line) == ["cancelled"]
    hosts["ada"].start()
    line.write("mended", "")
    done = line("resume", *ADA)
    assert done.returncode == 0, done.stderr
    assert states(line) == ["done"]
    assert ran_on(line, hosts, "ada")
