"""A trial whose main process was killed, while a child of it waits for ever."""

from __future__ import annotations

import os
import signal

import pytest

from tests.endtoend.cli.test_leftovers_and_grace import line_with

# The child has everything of the main process, as the workers of a data loader do; both end when the test says so, or has failed.
TRAIN = """
import os, signal, time
child = os.fork()
if not child:
    for _ in range(300):
        time.sleep(0 if os.path.exists("enough") else 0.1)
    os._exit(0)
print("loss: 0.5", flush=True)
open("pids", "w").write(f"{os.getppid()} {os.getpid()}")
os.rename("pids", "up")
for _ in range(300):
    time.sleep(0 if os.path.exists("die") else 0.1)
os.kill(os.getpid(), signal.SIGKILL)
"""
FILE = """
command: [python, train.py]
method: random
metric: {name: loss}
run_cap: 1
parameters: {lr: {min: 0.0, max: 1.0}}
"""


@pytest.fixture
def trial(sweeps, until):
    """A sweep whose trial is up, as a function of the policy; what is left in the end is let go."""
    sweeps.write("train.py", TRAIN)
    sweeps.write("sweep.yaml", FILE)

    def begun(policy: str):
        runner = sweeps.start("sweep", "-j1", "--leftovers", policy)
        until((sweeps.directory / "up").exists)
        until(lambda: sweeps.jobs()[0]["state"] == "running")  # its launcher reports the pid a moment after the start
        return runner

    yield begun
    sweeps.write("enough", "")


def test_what_it_has_left_is_named_in_the_sweep_and_by_those_who_look(sweeps, trial) -> None:
    """It stood there as running, and nobody knew why it did not go on."""
    runner = trial("wait")
    sweeps.write("die", "")
    said = "the script has ended (signal 9) and left 1 process behind: python train.py (pid "
    line_with(runner.stderr, said)
    assert said in sweeps("status").stderr
    assert said in sweeps("show", "trial:0").stdout
    assert sweeps.jobs()[0]["state"] == "running"
    sweeps.write("enough", "")
    _, stderr = runner.communicate(timeout=100)
    assert "1 failed" in stderr
    assert runner.returncode == 1


def test_it_is_named_also_where_its_launcher_was_killed_too(sweeps, trial) -> None:
    """The out-of-memory killer takes whom it likes: then nobody was left to look, and the sweep waited for ever."""
    runner = trial("wait")
    launcher, _ = map(int, (sweeps.directory / "up").read_text().split())
    os.kill(launcher, signal.SIGKILL)
    line_with(runner.stderr, "its launcher was killed; it goes on, and nobody will know how it ends")
    sweeps.write("die", "")
    said = "its launcher was killed; the script has ended and left 1 process behind: python train.py (pid "
    line_with(runner.stderr, said)
    assert said in sweeps("status").stderr
    assert said in sweeps("show", "trial:0").stdout
    sweeps.write("enough", "")
    assert "1 lost" in runner.communicate(timeout=100)[1]


def test_under_kill_the_next_trial_need_not_wait_for_it(sweeps, trial) -> None:
    """Its policy holds also where nobody but the runner can carry it out."""
    runner = trial("kill")
    launcher, _ = map(int, (sweeps.directory / "up").read_text().split())
    os.kill(launcher, signal.SIGKILL)
    sweeps.write("die", "")
    _, stderr = runner.communicate(timeout=100)
    assert "1 process left behind is ended: python train.py (pid " in stderr
    assert "1 lost" in stderr
    assert f"nobody knows how 1 trial ended: `exp-queue retry {sweeps.jobs()[0]['id'][:8]} --lost` runs such again" in stderr
