"""`exp-queue run` with programs that mostly import: who imports, how often, and what becomes of it when something goes wrong."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.waiting import until

# An installed package that takes its time and notes who loads it.
HEAVY = """
import os, time
with open(os.environ["LOADS"], "a") as loads:
    loads.write(f"{os.getpid()}\\n")
time.sleep(float(os.environ.get("TAKES", "0.6")))
print("loading")
"""
JOB = """
import heavy, os, sys
with open("ledger", "a") as ledger:
    ledger.write(f"{os.getpid()} {os.getppid()} {sys.argv[1]}\\n")
"""
KILLS_ITS_INTERPRETER = """
import os, signal, sys
if sys.argv[1] == "--x=1":
    launcher = open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()
    if b"keeps" in open(f"/proc/{launcher[1]}/cmdline", "rb").read():
        os.kill(int(launcher[1]), signal.SIGKILL)
        open("killed", "w").close()
"""
GRID = """
command: [python, train.py, "--x=${x}"]
grid: {x: [1, 2, 3, 4, 5, 6]}
"""


@pytest.fixture
def project(command_line, tmp_path):
    packages = tmp_path / "venv" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "heavy.py").write_text(HEAVY)
    command_line.environment |= {
        "PYTHONPATH": f"{packages}:{command_line.environment['PYTHONPATH']}",
        "LOADS": str(tmp_path / "loads"),
    }
    command_line.write("train.py", JOB)
    command_line.write("grid.yaml", GRID)
    return command_line


def loads(project) -> list[str]:
    """The processes that have loaded the package."""
    return Path(project.environment["LOADS"]).read_text().split()


def until_line(run, word: str) -> None:
    """Read what it says up to a line with the word."""
    while word not in (line := run.stderr.readline()):
        assert line


def jobs(project) -> list[list[str]]:
    """Process, launcher and argument of each job."""
    return [line.split() for line in (project.directory / "ledger").read_text().splitlines()]


def outputs(project) -> set[str]:
    return {path.read_text() for path in project.home.glob("attempts/**/log.txt")}


def test_what_jobs_import_is_loaded_once_where_a_person_wants_it(project) -> None:
    """Every job finds it, and what loading has printed, although none has loaded it."""
    project.write("grid.yaml", GRID + "policy: {warm: true}\n")
    done = project("run", "grid.yaml", "-j2")
    assert (done.returncode, len(loads(project)), len(jobs(project))) == (0, 1, 6)
    assert "heavy imported from now on" in done.stderr
    assert outputs(project) == {"loading\n"}
    assert {each[2] for each in jobs(project)} == {f"--x={x}" for x in range(1, 7)}


def test_trials_of_a_sweep_share_their_imports(project) -> None:
    """Their command begins with `/usr/bin/env`, as W&B's do, and each has a configuration of its own."""
    project.write("sweep.yaml", "program: train.py\nmethod: grid\nparameters: {x: {values: [1, 2, 3, 4, 5]}}\n")
    project.environment["TAKES"] = "2"
    done = project("sweep", "sweep.yaml", "-j1")
    assert (done.returncode, len(loads(project)), len(jobs(project))) == (0, 2, 5), done.stderr
    assert {each[2] for each in jobs(project)} == {f"--x={x}" for x in range(1, 6)}


def test_status_tells_what_the_imports_hold(project) -> None:
    """Memory that no job is seen to use is somebody's question."""
    project.write("grid.yaml", GRID + "policy: {warm: true}\n")
    project.write("train.py", "import os, time\nimport heavy\nwhile not os.path.exists('enough'): time.sleep(0.01)\n")
    run = project.start("run", "grid.yaml", "-j2")
    until(lambda: "running" in project("status").stderr)
    told = project("status").stderr
    project.write("enough", "")
    run.communicate()
    assert run.returncode == 0
    assert "the imports of `train.py` are kept loaded" in told
    assert "kept loaded" not in project("status").stderr


def test_the_first_jobs_of_many_show_that_it_pays(project) -> None:
    """Nobody has to ask: those that begin after the first one's end are forked."""
    project.environment["TAKES"] = "2"  # on the busiest machine, too, that is a part of a job
    done = project("run", "grid.yaml", "-j1")
    assert (done.returncode, len(loads(project))) == (0, 2), done.stderr
    project.environment["TAKES"] = "0.1"
    assert loads(project)[0] == jobs(project)[0][0]
    again = project("run", "grid.yaml", "-j1", "--again", "--cold")
    assert (again.returncode, len(loads(project)), "imported" in again.stderr) == (0, 8, False)


@pytest.mark.parametrize("way", ["few", "policy", "variable"])
def test_jobs_begin_from_nothing_where_it_cannot_pay_or_nobody_wants_it(project, way: str) -> None:
    """A handful of jobs, `policy.warm: false` and EXP_QUEUE_COLD: then nothing is kept."""
    project.write(
        "grid.yaml", GRID.replace(", 5, 6", "") if way == "few" else GRID + "policy: {warm: false}\n" * (way == "policy")
    )
    if way == "variable":
        project.environment["EXP_QUEUE_COLD"] = "1"
    done = project("run", "grid.yaml", "-j1")
    assert (done.returncode, len(loads(project))) == (0, len(jobs(project)))
    assert "imported" not in done.stderr


def test_a_program_that_is_edited_between_two_jobs_runs_as_it_is_then(project) -> None:
    """What is loaded ahead is never what a person edits."""
    project.write("own.py", "value = 1\n")
    editing = "import own\nopen('own.py', 'w').write(f'value = {own.value + 1}')\nprint(own.value)\n"
    project.write("train.py", "import sys\nsys.dont_write_bytecode = True\nimport heavy\n" + editing)
    project.write("grid.yaml", GRID + "policy: {warm: true}\n")
    assert project("run", "grid.yaml", "-j1").returncode == 0
    assert outputs(project) == {f"loading\n{number}\n" for number in range(1, 7)}
    assert len(loads(project)) == 1


def test_a_package_that_starts_a_thread_is_left_to_the_jobs(project, tmp_path) -> None:
    """A fork loses threads: what waits for one would wait for ever. The others are kept all the same."""
    busy = "import os, threading, time\nopen(os.environ['LOADS'] + '-busy', 'a').write('x')\n"
    busy += "threading.Thread(target=time.sleep, args=[60], daemon=True).start()\n"
    (tmp_path / "venv" / "site-packages" / "busy.py").write_text(busy)
    project.write("train.py", "import busy\n" + JOB)
    project.write("grid.yaml", GRID + "policy: {warm: true}\n")
    done = project("run", "grid.yaml", "-j1")
    assert (done.returncode, len(loads(project))) == (0, 1)
    assert "heavy imported from now on" in done.stderr
    assert (tmp_path / "loads-busy").read_text() == "x" * 7  # once to see it, and by each job


def test_modules_that_a_person_names_and_that_cannot_be_kept_are_told_once(project, tmp_path) -> None:
    """The jobs run as ever."""
    (tmp_path / "venv" / "site-packages" / "busy.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=[60], daemon=True, name='pump').start()\n"
    )
    project.write("train.py", "import busy\n" + JOB)
    project.write("grid.yaml", GRID + "policy: {warm: [heavy, busy]}\n")
    done = project("run", "grid.yaml", "-j2")
    assert (done.returncode, len(jobs(project))) == (0, 6)
    assert (
        done.stderr.count(
            "each job of `python train.py` imports for itself: with busy imported, a thread has been started (pump)"
        )
        == 1
    )


def test_jobs_go_on_when_the_interpreter_that_they_were_forked_from_is_killed(project) -> None:
    """It holds nothing that anybody needs: the next ones begin from another, or from nothing."""
    project.write("train.py", KILLS_ITS_INTERPRETER + JOB)
    project.write("grid.yaml", GRID + "policy: {warm: true}\n")
    done = project("run", "grid.yaml", "-j2")
    assert (done.returncode, len(jobs(project)), (project.directory / "killed").exists()) == (0, 6, True)
    assert [job["attempt"] for job in project.jobs()] == [1] * 6


def test_an_interpreter_that_cannot_begin_leaves_the_jobs_as_they_were(project) -> None:
    """A program that is there for the jobs alone, such as a wrapper by the name of python, is no reason to fail."""
    wrapper = project.directory / "bin" / "python"
    wrapper.parent.mkdir()
    wrapper.write_text('#!/bin/sh\ncase "$1" in -*) exit 9;; esac\nexec python3 "$@"\n')
    wrapper.chmod(0o755)
    project.write("grid.yaml", GRID.replace("[python,", f"[{wrapper},") + "policy: {warm: true}\n")
    done = project("run", "grid.yaml", "-j2")
    assert (done.returncode, len(loads(project))) == (0, 6)
    assert "imports for itself: the interpreter ended with exit status 9" in done.stderr


def test_who_stops_while_imports_are_loaded_does_not_wait_for_them(project, tmp_path) -> None:
    """It is over at once, and the same command goes on."""
    slow = "import os, time\nopen('loading', 'w').close()\nwhile not os.path.exists('enough'): time.sleep(0.01)\n"
    (tmp_path / "venv" / "site-packages" / "heavy.py").write_text(slow)
    project.write("grid.yaml", GRID + "policy: {warm: true}\n")
    run = project.start("run", "grid.yaml", "-j2")
    until((project.directory / "loading").exists)
    run.send_signal(signal.SIGINT)
    until_line(run, "Ctrl-C")
    run.send_signal(signal.SIGINT)
    run.communicate()
    assert run.returncode == 130
    assert project.states() == ["cancelled"] * 2 + ["queued"] * 4
    project.write("enough", "")
    assert project("run", "grid.yaml", "-j2").returncode == 0
    assert project.states() == ["done"] * 6


def test_an_interpreter_does_not_outlive_a_runner_that_is_killed_meanwhile(project, tmp_path) -> None:
    """It would go on importing, or waiting for what an import waits for, for nobody."""
    slow = "import os, time\nopen('loading', 'w').write(str(os.getpid()))\nwhile not os.path.exists('enough'): time.sleep(0.01)\n"
    (tmp_path / "venv" / "site-packages" / "heavy.py").write_text(slow)
    project.write("grid.yaml", GRID + "policy: {warm: true}\n")
    run = project.start("run", "grid.yaml", "-j2")
    loading = project.directory / "loading"
    until(lambda: loading.exists() and loading.read_text())
    run.kill()
    until(lambda: not Path(f"/proc/{loading.read_text()}/exe").exists())
    project.write("enough", "")
    assert project("run", "grid.yaml", "-j2").returncode == 0
    assert [(job["state"], job["attempt"]) for job in project.jobs()] == [("done", 1)] * 6
