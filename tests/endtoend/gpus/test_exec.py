"""`exp-queue exec`: any command under a claim, as natural in a terminal as the command alone."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.gpus.claims import live_claims
from scheduler.linux import processes
from tests.conftest import COMMAND
from tests.fakes.nvml.fake_driver import gpu_lines

SHOW = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('CUDA', 'EXP_QUEUE', 'XLA'))}))"
# Leaves a process behind in a session of its own, without any inherited descriptor, that writes its pid and waits.
LEAVE = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 256)
    open("left", "w").write(str(os.getpid()))
    time.sleep(600)
while not os.path.exists("left"):
    time.sleep(0.01)
sys.exit(3)
"""
# Counts the SIGINTs that reach it, and ends at SIGTERM with status 9.
COUNT = """
import os, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: open("heard", "a").write("INT "))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
with open("ready", "w") as file:  # closed by itself, or Python may drop the exit that a signal asks for
    file.write(str(os.getpid()))
while True:
    time.sleep(0.02)
    with open("beat", "a") as file:
        file.write(".")
"""


def claims(machine) -> int:
    return len(live_claims(machine.claims))


def run(machine, *command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return machine("exec", *options, "--", *command)


def test_the_command_finds_its_claim_and_its_status_is_passed_through(machine) -> None:
    """It must be as if the command had been typed alone, on a machine with one GPU."""
    result = run(machine, sys.executable, "-c", SHOW + "; raise SystemExit(7)")
    assert result.returncode == 7, result.stderr
    found = json.loads(result.stdout)
    assert (found["CUDA_VISIBLE_DEVICES"], found["CUDA_DEVICE_ORDER"]) == ("0", "PCI_BUS_ID")
    assert found["EXP_QUEUE_CLAIM"]
    assert claims(machine) == 0


def test_a_command_that_a_signal_ends_ends_exec_by_the_same_signal(machine) -> None:
    """A shell loop stops at Ctrl-C only if it sees that its command died of SIGINT."""
    assert run(machine, "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM
    assert run(machine, "sh", "-c", "kill -INT $$").returncode == -signal.SIGINT


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--no-such-option", "true"), 125),
        ((), 125),
        (("--memory", "6", "true"), 125),
        (("--gpus", "3", "true"), 125),
        (("--wait", "soon", "true"), 125),
        (("--quiet", "soon", "true"), 125),
        (("--most-claims", "0", "true"), 125),
        (("--", "no-such-program"), 127),
        (("--", ""), 127),
        (("--", "/etc/passwd"), 126),
    ],
)
def test_its_own_errors_cannot_be_taken_for_those_of_the_command(machine, arguments: tuple[str, ...], status: int) -> None:
    """The convention of env, nohup and timeout; a script must be able to tell them apart."""
    result = machine("exec", *arguments)
    assert result.returncode == status, result.stderr
    assert result.stderr.startswith("exp-queue: ")
    assert claims(machine) == 0


def test_a_wait_that_runs_out_is_124_and_says_who_was_in_the_way(machine, until) -> None:
    """A script may go on with something else; a person wants a name."""
    machine.driver.shows(gpu_lines(1)[0])
    holder = machine.start("exec", "--", "sleep", "600")
    until(lambda: claims(machine) == 1)
    result = run(machine, "true", options=("--wait", "0"))
    assert result.returncode == 124
    assert "held by sleep (" in result.stderr
    holder.send_signal(signal.SIGTERM)
    assert holder.wait() == -signal.SIGTERM
    assert run(machine, "true", options=("--wait", "30")).returncode == 0


def test_commands_that_name_their_memory_share_a_gpu(machine, until) -> None:
    """The same packing as under `run`."""
    machine.driver.shows(gpu_lines(1)[0])
    machine.start("exec", "--memory", "6GiB", "--", "sleep", "600")
    until(lambda: claims(machine) == 1)
    result = run(machine, sys.executable, "-c", SHOW, options=("--memory", "6GiB", "--wait", "0"))
    assert json.loads(result.stdout)["XLA_CLIENT_MEM_FRACTION"] == "0.256"


def test_inside_a_job_it_uses_the_job_s_claim(machine) -> None:
    """A script that says `exec` may itself be started by `exec` or `run`; on one GPU it would wait for itself."""
    machine.driver.shows(gpu_lines(1)[0])
    result = run(machine, *COMMAND, "exec", "--wait", "0", "--", "sh", "-c", "exit 5")
    assert result.returncode == 5, result.stderr


def test_a_command_that_closes_its_descriptors_keeps_its_gpu(machine, until) -> None:
    """torchrun and every `subprocess` child do that; the copy that exec holds keeps the claim."""
    code = "import os, time; os.closerange(3, 256); open('closed', 'w'); time.sleep(600)"
    holder = machine.start("exec", "--", sys.executable, "-c", code)
    until(lambda: (machine.directory / "closed").exists())
    assert claims(machine) == 1
    holder.send_signal(signal.SIGTERM)
    holder.wait()
    assert claims(machine) == 0


def test_the_claim_lasts_until_the_last_process_that_the_command_left_behind(machine, until) -> None:
    """Case 20: whatever still computes still owns its GPU, and a person learns what it is and how to end it."""
    holder = machine.start("exec", "--leftovers", "wait", "--", sys.executable, "-c", LEAVE)
    left = int(until(lambda: (machine.directory / "left").exists() and (machine.directory / "left").read_text()))
    said = until(holder.stderr.readline)
    assert "left 1 process behind: " in said
    assert f"(pid {left})" in said
    assert claims(machine) == 1
    os.kill(left, signal.SIGKILL)
    assert holder.wait() == 3
    assert claims(machine) == 0


def test_what_was_left_behind_is_ended_on_request(machine, until) -> None:
    """Nobody should have to look for process ids at night."""
    holder = machine.start("exec", "--", sys.executable, "-c", LEAVE)
    until(holder.stderr.readline)
    holder.send_signal(signal.SIGTERM)
    assert holder.wait() == 3
    assert claims(machine) == 0


def test_a_signal_that_comes_with_the_commands_end_ends_what_it_has_left_behind(machine, until) -> None:
    """It was sent to the command, which was dead and only not yet known to be: exec waited on, and nobody had been told why."""
    command = f"{LEAVE.rsplit('while', 1)[0]}while not os.path.exists('enough'): time.sleep(0.01)\nsys.exit(3)"
    holder = machine.start("exec", "--leftovers", "wait", "--", sys.executable, "-c", command)
    until((machine.directory / "left").exists)
    (main,) = [each.pid for each in processes.descendants(holder.pid) if each.parent == holder.pid]
    holder.send_signal(signal.SIGSTOP)  # the end and the signal wait for it together
    try:
        (machine.directory / "enough").touch()
        until(lambda: ") Z " in Path(f"/proc/{main}/stat").read_text())
        holder.send_signal(signal.SIGTERM)
    finally:
        holder.send_signal(signal.SIGCONT)
    assert holder.wait() == 3
    assert "1 process left behind is ended: " in holder.stderr.read()
    assert claims(machine) == 0


def test_under_kill_exec_ends_with_its_command(machine) -> None:
    """`exec` and `run` treat what is left behind by the same word; here it is said who was ended, and the status stays."""
    result = run(machine, sys.executable, "-c", LEAVE, options=("--leftovers", "kill"))
    assert result.returncode == 3
    assert "1 process left behind is ended: " in result.stderr
    assert claims(machine) == 0


def test_exec_ends_what_only_sits_there(machine) -> None:
    """Nobody is there at night to press Ctrl-C."""
    care = "import os, sys; from scheduler.actions.exec import Care, supervise"
    code = f"{care}; sys.exit(supervise([sys.executable, '-c', {LEAVE!r}], os.environ, print, None, Care(idle=0.6)))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=machine.directory, env=machine.environment, capture_output=True, text=True, timeout=100
    )
    assert result.returncode == 3
    assert "1 process left behind sat idle for 0.6 s and is ended: " in result.stdout


def test_a_signal_for_exec_alone_is_for_the_command(machine, until) -> None:
    """`kill PID` of what stands in `ps` must do what it would do without exec."""
    holder = machine.start("exec", "--", sys.executable, "-c", COUNT)
    until((machine.directory / "ready").exists)
    holder.send_signal(signal.SIGTERM)
    assert holder.wait() == 9


def test_a_kill_of_exec_frees_nothing_that_is_in_use(machine, until) -> None:
    """kill -9 cannot be forwarded; the command holds a copy of the claim itself."""
    holder = machine.start("exec", "--", sys.executable, "-c", COUNT)
    pid = int(until(lambda: (machine.directory / "ready").exists() and (machine.directory / "ready").read_text()))
    holder.kill()
    holder.wait()
    assert claims(machine) == 1
    os.kill(pid, signal.SIGKILL)
    until(lambda: claims(machine) == 0)


def test_ctrl_c_and_ctrl_z_in_a_terminal_reach_the_command_once(machine, until) -> None:
    """A trainer that saves on Ctrl-C must not be hit twice, and job control must work as without exec."""
    shell, terminal = pty.fork()
    if shell == 0:
        os.chdir(machine.directory)
        environment = {**machine.environment, "HISTFILE": ""}
        os.execvpe("bash", ["bash", "--noprofile", "--norc", "-i"], environment)  # noqa: S606 - a terminal needs a shell
    (machine.directory / "count.py").write_text(COUNT)
    _type(terminal, f"{' '.join(COMMAND)} exec -- {sys.executable} count.py\n")
    pid = int(until(lambda: _text(machine, "ready")))
    for times in range(1, 21):  # a signal that comes twice at once may count once; hardly twenty times
        _type(terminal, "\x03")
        until(lambda times=times: _text(machine, "heard").count("INT") >= times)
    _type(terminal, "\x1a")
    until(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "T")
    _type(terminal, "fg\n")
    beat = len(_text(machine, "beat"))
    until(lambda: len(_text(machine, "beat")) > beat)
    assert _text(machine, "heard") == "INT " * 20
    os.kill(pid, signal.SIGTERM)
    _type(terminal, "echo status $? > status\n")
    assert until(lambda: _text(machine, "status")) == "status 9\n"
    _type(terminal, "exit\n")
    os.waitpid(shell, 0)
    os.close(terminal)


def test_the_ctrl_c_that_ends_the_command_spares_what_it_leaves_behind(machine, until) -> None:
    """A tracker in a session of its own still sends what it has; however late exec looks, one Ctrl-C is not two."""
    command = [
        *COMMAND,
        "exec",
        "--leftovers",
        "wait",
        "--",
        sys.executable,
        "-c",
        LEAVE.replace("sys.exit(3)", "time.sleep(600)"),
    ]
    holder, terminal = pty.fork()
    if holder == 0:
        os.chdir(machine.directory)
        os.execve(command[0], command, machine.environment)  # noqa: S606 - a terminal needs a shell
    left = int(until(lambda: _text(machine, "left")))
    (main,) = [each.pid for each in processes.descendants(holder) if each.parent == holder and each.pid != left]
    os.kill(holder, signal.SIGSTOP)
    _type(terminal, "\x03")
    until(lambda: ") Z " in Path(f"/proc/{main}/stat").read_text())
    os.kill(holder, signal.SIGCONT)
    said = b""
    while b"left 1 process behind: " not in said:
        said += os.read(terminal, 4096)
    os.kill(left, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(holder, 0)[1]) == -signal.SIGINT
    os.close(terminal)


def _type(terminal: int, keys: str) -> None:
    os.write(terminal, keys.encode())


def _text(machine, name: str) -> str:
    path = machine.directory / name
    return path.read_text() if path.exists() else ""


def test_without_a_gpu_it_runs_on_the_cpu_and_says_so(command_line) -> None:
    """The same line must work on a laptop; whoever asks for a GPU by name is refused."""
    result = command_line("exec", "--", "sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    assert result.stdout == "-1\n"
    assert "on the CPU" in result.stderr
    assert command_line("exec", "--gpus", "1", "--", "true").returncode == 125


def test_a_command_finds_a_port_that_nobody_else_has(command_line) -> None:
    """Under GNU parallel there is no runner; MASTER_PORT is set for whoever asks, and inside a job its port stays."""
    show = ["sh", "-c", "echo $EXP_QUEUE_PORT $EXP_QUEUE_PORTS $MASTER_PORT"]
    port, ports, master = command_line("exec", "--ports", "2", "--", *show).stdout.split()
    assert (master, ports) == (port, f"{port},{int(port) + 1}")
    assert command_line("exec", "--", *show).stdout.strip().isdecimal()
    command_line.environment["EXP_QUEUE_PORT"] = "4711"
    assert command_line("exec", "--", *show).stdout == "4711\n"


def test_a_command_is_no_job_and_its_environment_is_the_users_own(command_line) -> None:
    """The guide promises it: nothing of it is kept in a queue, and its W&B asks for an account as it would in the terminal."""
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    result = command_line("exec", "--", sys.executable, "-c", show)
    assert result.returncode == 0, result.stderr
    found, own = json.loads(result.stdout), command_line.environment
    changed = [name for name, value in found.items() if own.get(name) != value]
    assert not [name for name in changed if name.startswith(("WANDB", "SWANLAB", "PYTHON", "EXP_QUEUE_METRICS", "EXP_QUEUE_RUN"))]
    assert not (command_line.home / "queue.db").exists()
