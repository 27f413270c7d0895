"""Hosts on which there is no room: who waits, who passes, and that nothing is sent to and fro."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.endtoend.ssh.conftest import WithGpus
from tests.waiting import until

NOTED = ("sh", "-c", 'exec "$@" 2> said.txt', "sh")


def sent(line: CommandLine, job: str) -> int:
    """How often it was given to a host."""
    with closing(sqlite3.connect(line.home / "queue.db")) as database:
        return database.execute("SELECT count(*) FROM event WHERE job = ? AND state = 'starting'", (job,)).fetchone()[0]


def said(line: CommandLine, text: str) -> int:
    """How often the run of which `NOTED` keeps what it says has said that."""
    file = line.directory / "said.txt"
    return file.read_text().count(text) if file.exists() else 0


def state(line: CommandLine, number: int) -> str:
    return line.jobs()[number]["state"]


def test_a_run_waits_for_the_slot_of_another_and_sends_nothing_meanwhile(there: WithGpus, command_line: CommandLine) -> None:
    """Its job was sent, came back after two seconds and was sent again for as long as the other ran."""
    line = command_line
    first = line.start("run", grid(line, "[0]", ", stay: [true]", "resources: {gpus: 0}"), "--on", "ssh:ada", "--plain")
    until(lambda: line.jobs() and state(line, 0) == "running")
    lines = line.write("two.txt", "[gpus=0] echo x >> a\n")
    second = line.start("run", "--commands", lines, "--on", "ssh:ada", "--plain", through=NOTED)
    until(lambda: said(line, "waits: ada: its slot is taken by another run"))
    assert sent(line, line.jobs()[1]["id"]) == 0
    (line.directory / "go").touch()
    assert [each.wait(100) for each in (first, second)] == [0, 0]
    assert sent(line, line.jobs()[1]["id"]) == 1
    assert (line.directory / "a").read_text() == "x\n"
    assert said(line, " waits: ") == 1


def test_a_gpu_that_somebody_there_has_is_waited_for_without_asking(there: WithGpus, command_line: CommandLine) -> None:
    """Her run has the GPU and none of our slots. The job goes there once, comes back, and once more when she is done."""
    line = command_line
    hers = {**line.environment, **there.variables["ada"], "EXP_QUEUE_HOME": str(there.hosts["ada"].home)}
    del hers["CUDA_VISIBLE_DEVICES"]
    by_hand = CommandLine(line.directory, hers, line.started)
    stays = line.write("hers.txt", "[gpus=1] while [ ! -e go ]; do sleep 0.05; done\n")
    theirs = by_hand.start("run", "--commands", stays, "--plain")
    until(lambda: by_hand.jobs() and state(by_hand, 0) == "running")
    lines = line.write("ours.txt", "[gpus=1] echo x >> a\n[gpus=1] echo y >> b\n")
    ours = line.start("run", "--commands", lines, "--on", "ssh:ada", "--plain", through=NOTED)
    until(lambda: said(line, "wait, the first of them") or said(line, "waits: "))
    (line.directory / "go").touch()
    assert [each.wait(100) for each in (theirs, ours)] == [0, 0]
    assert [sent(line, job["id"]) for job in line.jobs()] == [2, 1]
    assert [(line.directory / name).read_text() for name in "ab"] == ["x\n", "y\n"]
    assert said(line, "sent to ada") == 2, "of each job once"


def test_jobs_without_gpus_run_while_those_for_gpus_wait(there: WithGpus, command_line: CommandLine) -> None:
    """They stand behind all the others in the file, and one host has nothing else to do. Nobody asks the full one meanwhile."""
    line = command_line
    there.drivers["ada"].runs(os.getpid(), "GPU-0", 9000)
    trainings = "".join(f"[gpus=1] echo {n} >> trained\n" for n in range(20))
    lines = line.write("lines.txt", trainings + "[gpus=0] echo x >> a\n[gpus=0] echo y >> b\n")
    running = line.start("run", "--commands", lines, "--on", "ssh:ada,curie", "--plain", through=NOTED)
    until(lambda: [job["state"] for job in line.jobs()][20:] == ["done"] * 2)
    until(lambda: said(line, ": ada: "))
    assert {job["state"] for job in line.jobs()[:20]} == {"queued"}
    assert sum(sent(line, job["id"]) for job in line.jobs()[:20]) == 1
    running.kill()
    running.wait()
    assert not (line.directory / "trained").exists()


def test_as_many_share_a_gpu_there_as_here(there: WithGpus, command_line: CommandLine) -> None:
    """Each host had a slot for each GPU, and three jobs that take a third of it ran one after another."""
    line = command_line
    file = grid(line, "[0, 1, 2, 3]", ", stay: [true]", head="resources: {share: 3}")
    running = line.start("run", file, "--on", "ssh:ada", "--plain")
    until(lambda: [job["state"] for job in line.jobs()].count("running") == 3)
    until(lambda: len(list(line.directory.glob("*.json"))) == 3)
    (line.directory / "go").touch()
    assert running.wait(100) == 0
    assert {environment(line, n)["CUDA_VISIBLE_DEVICES"] for n in range(4)} == {"0"}


def test_a_host_whose_gpu_is_gone_gets_no_job_for_one(there: WithGpus, command_line: CommandLine) -> None:
    """It has a driver, and counted as one GPU: each job went there, and came back. Where no other host is, that is said."""
    line = command_line
    there.drivers["ada"].shows()
    lines = line.write("lines.txt", "[gpus=1] echo x >> a\necho y >> b\n[gpus=0] echo z >> c\n")
    done = line("run", "--commands", lines, "--on", "ssh:ada,babbage")
    assert done.returncode == 0, done.stderr
    assert [sent(line, job["id"]) for job in line.jobs()] == [1, 1, 1]
    for asks, why in (("[gpus=1] ", "no host has more than 0 (ada)"), ("", "ada: a driver and no GPU that can be used")):
        alone = line("run", "--commands", line.write("one.txt", f"{asks}echo alone\n"), "--on", "ssh:ada")
        assert (alone.returncode, why in alone.stderr) == (3, True), alone.stderr
