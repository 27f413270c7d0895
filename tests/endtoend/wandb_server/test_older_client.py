"""The oldest client that is promised, in an environment of its own: what it sends and reads is the same as with the newest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.endtoend.wandb_server.test_real_client import BEST, READ, SWEEP, TRAIN, TRIAL, Script, script

__all__ = ["script"]

pytestmark = pytest.mark.slow

OLDEST = "wandb==0.18.*"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its commands; skipped where pip cannot have it."""
    place = tmp_path_factory.mktemp("older") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True)
    words = [str(place / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", OLDEST, "numpy"]
    made = subprocess.run(words, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"pip cannot install {OLDEST}: {made.stderr.strip().splitlines()[-1]}")
    return place / "bin"


def jobs(script: Script) -> list[tuple[object, ...]]:
    script.command_line("wait", "all")
    return [
        (job["state"], job["attempt"], job["group"], job["config"], job["tags"], job["metrics"]["best"], job["metrics"]["loss"])
        for job in script.command_line.jobs()
    ]


SAME = ("done", 1, "first", {"epochs": 3}, ["baseline"], 0.25, 1 / 3)


def test_what_it_logs_online_is_a_job_and_is_read_with_it(script: Script, older: Path) -> None:
    """It asks for rows, files and pages by other names."""
    for name, text in (("train.py", TRAIN), ("read.py", READ)):
        script.command_line.write(name, text)
    ran = script(str(older / "python"), "train.py")
    assert ran.returncode == 0, ran.stderr
    assert jobs(script) == [SAME]
    assert "1 histogram" in script.command_line("show", "1").stdout
    read = script(str(older / "python"), "read.py")
    assert read.returncode == 0, read.stderr
    rows, text, config, best, refused = json.loads(read.stdout.splitlines()[-1])
    assert (rows, text, config, best) == ([[1, 0.5, 1 / 3]] * 4, "kept", {"epochs": 3}, 0.25)
    assert 'no field "wonder"' in refused


def test_what_it_logs_offline_is_sent_and_imported(script: Script, older: Path) -> None:
    """By whichever way it came first, it is one job."""
    script.command_line.write("train.py", TRAIN)
    script.environment["WANDB_MODE"] = "offline"
    assert script(str(older / "python"), "train.py").returncode == 0
    (folder,) = (str(path) for path in script.command_line.directory.glob("wandb/offline-run-*"))
    for _ in range(2):
        sent = script(str(older / "wandb"), "sync", "--include-synced", folder)
        assert sent.returncode == 0, sent.stderr
        assert jobs(script) == [SAME]
    (told,) = json.loads(script.command_line("import", "wandb", folder, "--format", "json").stdout)
    assert (told["became"], jobs(script)) == ("there already", [SAME])


def test_its_agent_computes_a_sweep(script: Script, older: Path) -> None:
    """And reads which run was the best."""
    for name, text in (("trial.py", TRIAL), ("sweep.yaml", SWEEP), ("best.py", BEST)):
        script.command_line.write(name, text)
    script.environment["PATH"] = f"{older}:{script.environment['PATH']}"
    made = script(str(older / "wandb"), "sweep", "--project", "demo", "sweep.yaml")
    name = (made.stderr + made.stdout).rpartition("wandb agent ")[2].split()[0]
    agent = script(str(older / "wandb"), "agent", name)
    assert agent.returncode == 0, agent.stderr
    best = script(str(older / "python"), "best.py", name)
    assert best.stdout.splitlines()[-1] == "FINISHED 2 {'lr': 0.1}", best.stderr
