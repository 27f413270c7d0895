"""`!exp-queue run` in a notebook that is interrupted: a terminal of its own, a Ctrl-C, a short look, the end."""

from __future__ import annotations

import os
import pty
import signal

from tests.conftest import CommandLine

FILE = 'command: [sh, -c, "exec sleep 1000", sh, "${args_no_hyphens}"]\nexperiments: [{x: 1}, {x: 2}]\n'


def read_up_to(terminal: int, text: str) -> str:
    said = ""
    while text not in said:
        said += os.read(terminal, 4096).decode()
    return said


def test_the_last_words_that_a_notebook_shows_say_that_the_jobs_go_on(command_line: CommandLine, until) -> None:
    """IPython (`_process_posix.system`) reads on for 0.2 s after the Ctrl-C, and nothing of what follows its SIGHUP: jobs went on
    without a word of it."""
    command_line.write("grid.yaml", FILE)
    environment = {**command_line.environment, "TERM": "xterm-color", "JPY_PARENT_PID": "1"}  # as the kernel sets them
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(command_line.directory)
        os.execvpe("exp-queue", ["exp-queue", "run", "grid.yaml", "-j1"], environment)  # noqa: S606
    read_up_to(terminal, "started")
    until(lambda: command_line.states()[0] == "running")
    os.write(terminal, b"\x03\n")
    assert "exp-queue cancel running" in read_up_to(terminal, "joins it")
    os.kill(pid, signal.SIGHUP)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGHUP
    os.close(terminal)
    assert command_line.states() == ["running", "queued"]
    assert command_line("cancel", "running").returncode == 0
    assert command_line.states() == ["cancelled", "queued"]
