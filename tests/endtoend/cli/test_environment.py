"""A job runs in the environment of the shell that asked for it, whoever runs it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import CommandLine

TRAINER = '#!/bin/sh\necho "{name} venv=${{VIRTUAL_ENV-unset}} seed=${{SEED-unset}} canary=${{CANARY-unset}}"\n'
FILE = "command: [trainer, '${args}']\ngrid: {x: [1, 2]}\n"


def program(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trainer").write_text(text)
    (folder / "trainer").chmod(0o700)
    return folder / "trainer"


def shell(line: CommandLine, name: str, **variables: str) -> CommandLine:
    """A shell in a virtual environment of this name, which has a trainer of its own."""
    root = line.directory / name
    program(root / "bin", TRAINER.format(name=name))
    environment = {**line.environment, "PATH": f"{root}/bin:{line.environment['PATH']}", "VIRTUAL_ENV": str(root), **variables}
    return replace(line, environment=environment, started=line.started)


@pytest.fixture
def a(command_line: CommandLine) -> CommandLine:
    command_line.write("two.yaml", FILE)
    return shell(command_line, "a")


@pytest.fixture
def b(command_line: CommandLine) -> CommandLine:
    return shell(command_line, "b")


def logs(line: CommandLine) -> list[str]:
    return [Path(job["log"]).read_text() for job in line.jobs()]


def said(result) -> list[str]:
    return [row for row in result.stderr.splitlines() if "of its submit" in row]


def test_a_job_runs_the_program_of_its_submit_and_the_difference_is_said_once(a: CommandLine, b: CommandLine) -> None:
    """Another program of the same name would give other results, and nobody would see why."""
    assert a("submit", "two.yaml").returncode == 0
    result = b("work", "-j1")
    assert result.returncode == 0, result.stderr
    assert logs(b) == [f"a venv={a.directory}/a seed=unset canary=unset\n"] * 2
    (sentence,) = said(result)
    assert sentence.endswith(
        f"runs with the PATH, VIRTUAL_ENV and trainer of its submit ({a.directory}/a/bin/trainer), not of this shell"
    )


def test_in_one_shell_nothing_is_said(a: CommandLine) -> None:
    """Nothing differs, and nobody needs to read that."""
    assert said(a("run", "two.yaml")) == []
    assert logs(a) == [f"a venv={a.directory}/a seed=unset canary=unset\n"] * 2


def test_what_a_job_keeps_is_shown(a: CommandLine, b: CommandLine) -> None:
    """Whoever wonders which Python it was finds it in `show`, and why it waits in `explain`, with the same words."""
    a("submit", "two.yaml")
    (found,) = json.loads(b("show", "last", "--format", "json").stdout)
    assert found["environment"]["program"] == f"{a.directory}/a/bin/trainer"
    assert found["environment"]["variables"]["VIRTUAL_ENV"] == f"{a.directory}/a"
    assert found["environment"]["variables"]["CONDA_PREFIX"] == a.environment.get("CONDA_PREFIX")
    assert f"{a.directory}/a/bin/trainer" in b("show", "last").stdout
    assert json.loads(b("explain", "last", "--format", "json").stdout)[0]["environment"] == found["environment"]


def test_who_asks_again_by_the_file_is_asked_in_the_present_environment(a: CommandLine, b: CommandLine) -> None:
    """`run FILE` and `submit FILE` ask from here and now, also for jobs that are queued or have failed."""
    a("submit", "two.yaml")
    b("submit", "two.yaml")
    assert a("work").returncode == 0
    assert [log.split()[0] for log in logs(a)] == ["b", "b"]
    program(a.directory / "c" / "bin", "#!/bin/sh\nexit 1\n")
    c = replace(a, environment={**a.environment, "PATH": f"{a.directory}/c/bin:{a.environment['PATH']}"})
    assert c("run", "two.yaml", "--again").returncode == 1
    assert b("run", "two.yaml").returncode == 0
    assert [log.split()[0] for log in logs(b)[2:]] == ["b", "b"]


def test_retry_and_resume_keep_the_environment_of_the_submit(a: CommandLine, b: CommandLine) -> None:
    """They name jobs, from anywhere: the job is the same one, in its own directory and environment."""
    trainer = program(a.directory / "a" / "bin", "#!/bin/sh\nexit 1\n")
    assert a("run", "two.yaml").returncode == 1
    trainer.write_text(TRAINER.format(name="a mended"))
    assert b("retry", "failed").returncode == 0
    assert [log.split(" venv")[0] for log in logs(b)] == ["a mended", "a mended"]


def test_what_was_not_set_at_the_submit_is_not_set_for_the_job(command_line: CommandLine, b: CommandLine) -> None:
    """Outside of any virtual environment, a job must not find that of its runner."""
    outside = replace(command_line, environment={k: v for k, v in command_line.environment.items() if k != "VIRTUAL_ENV"})
    outside.write("sh.yaml", "command: [sh, -c, 'echo venv=\\${VIRTUAL_ENV-unset}', '${args}']\ngrid: {x: [1]}\n")
    outside("submit", "sh.yaml")
    assert b("work").returncode == 0
    assert logs(b) == ["venv=unset\n"]


def test_a_program_that_is_gone_is_named_and_no_other_is_taken(a: CommandLine, b: CommandLine) -> None:
    """The virtual environment was removed meanwhile: another trainer is not the one that was meant."""
    a("submit", "two.yaml")
    gone = a.directory / "a" / "bin" / "trainer"
    gone.unlink()
    result = b("work")
    assert result.returncode == 1
    assert f"program '{gone}', which 'trainer' meant when the job was asked for, is gone" in result.stderr


def test_a_program_that_came_before_it_in_path_is_not_taken(a: CommandLine) -> None:
    """And a Python is started by its own path then, or it would take itself for the other."""
    first = a.directory / "first"
    first.mkdir()
    (a.directory / "a" / "bin" / "python-of-a").symlink_to(sys.executable)
    a.write("python.yaml", "command: [python-of-a, -c, 'import sys; print(sys.executable)', '${args}']\ngrid: {x: [1]}\n")
    c = replace(a, environment={**a.environment, "PATH": f"{first}:{a.environment['PATH']}"})
    c("submit", "python.yaml")
    (first / "python-of-a").write_text("#!/bin/sh\necho another\n")
    (first / "python-of-a").chmod(0o700)
    result = c("work")
    assert result.returncode == 0, result.stderr
    assert logs(c) == [f"{a.directory}/a/bin/python-of-a\n"]
    assert f"runs with the python-of-a of its submit ({a.directory}/a/bin/python-of-a)" in said(result)[0]


def test_named_variables_are_kept_and_others_stand_nowhere(command_line: CommandLine) -> None:
    """Keys belong to whoever runs the jobs; what the file names is part of what was asked."""
    a = shell(command_line, "a", SEED="of the submit", CANARY="canary-9f3a")
    b = shell(command_line, "b", SEED="of the runner", CANARY="of the runner")
    a.write("two.yaml", FILE + "policy: {environment: [SEED, UNSET]}\n")
    a("submit", "two.yaml")
    assert not [path for path in a.home.rglob("*") if path.is_file() and b"canary-9f3a" in path.read_bytes()]
    b("work")
    assert logs(b) == [f"a venv={a.directory}/a seed=of the submit canary=of the runner\n"] * 2


@pytest.mark.parametrize("name", ["CUDA_VISIBLE_DEVICES", "EXP_QUEUE_HOME", "SEED=3"])
def test_names_that_only_exp_queue_sets_are_refused(command_line: CommandLine, name: str) -> None:
    """A kept CUDA_VISIBLE_DEVICES would send a job to a GPU that it has no claim on."""
    command_line.write("two.yaml", FILE + f"policy:\n  environment: [{name}]\n")
    result = command_line("submit", "two.yaml")
    assert result.returncode == 2
    assert "two.yaml:4:16" in result.stderr
    assert name in result.stderr


SWEEP = "command: [trainer, '${args}']\nmethod: grid\nrun_cap: 1\nparameters: {x: {values: [1, 2]}}\n"


def test_a_trial_keeps_the_environment_of_its_sweep(a: CommandLine, b: CommandLine) -> None:
    """Whoever runs it: the trials of one sweep are compared with one another."""
    a.write("sweep.yaml", SWEEP)
    trainer = program(a.directory / "a" / "bin", "#!/bin/sh\nexit 1\n")
    assert a("sweep").returncode == 1
    trainer.write_text(TRAINER.format(name="mended"))
    assert b("retry", "failed").returncode == 0
    assert [log.split()[0] for log in logs(b)] == ["mended"]


def test_a_sweep_that_goes_on_takes_its_unfinished_trials_along(a: CommandLine, b: CommandLine, until) -> None:
    """The command that goes on asks for them, here and now, as `run FILE` does."""
    a.write("sweep.yaml", SWEEP)
    program(a.directory / "a" / "bin", "#!/bin/sh\nexec sleep 600\n")
    first = a.start("sweep")
    until(lambda: a.jobs("running"))
    a("cancel", "running")
    first.wait(90)
    assert b("sweep").returncode == 0
    assert [log.split()[0] for log in logs(b)] == ["b"]
