"""Where output goes: a reader that has left, a full disk, a closed stream, an encoding without the name of a job."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

THREE = "command: ['true']\ngrid: {name: [größer, 😀, plain]}\n"


@pytest.fixture
def done(command_line):
    """Three jobs that are done."""
    command_line.environment.pop("PYTHONUNBUFFERED", None)
    command_line.write("a.yaml", THREE)
    assert command_line("run", "a.yaml").returncode == 0
    return command_line


def shell(line, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`text` as typed into a shell, in which $Q is the command."""
    command = shlex.join([sys.executable, "-m", "scheduler.cli.main"])
    return subprocess.run(
        ["/bin/bash", "-c", text.replace("$Q", command)],
        cwd=line.directory,
        env={**line.environment, **environment},
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=100,
    )


@pytest.mark.parametrize("words", ["status", "show", "doctor", "check a.yaml", "prepare a.yaml"])
def test_a_reader_that_has_left_before_the_first_line_is_no_error(done, words: str) -> None:
    """`| grep -q` and `| true` leave early: no word about a broken pipe, no status 120."""
    result = shell(done, f"$Q {words} | true; echo ${{PIPESTATUS[0]}}")
    assert "Broken" not in result.stderr
    assert result.stdout.split() in (["0"], ["1"])


def test_the_exit_status_is_that_of_the_jobs_whether_anybody_reads_the_table_or_not(done) -> None:
    """`run ... | head -1` in a script that asks for PIPESTATUS, also where Python writes every line at once."""
    done.write("bad.yaml", "command: ['false']\ngrid: {x: [1]}\n")
    text = "; ".join(
        f"$Q {words} | true; echo ${{PIPESTATUS[0]}}" for words in ("run a.yaml", "run bad.yaml", "status --format json")
    )
    assert shell(done, text, PYTHONUNBUFFERED="1").stdout.split() == ["0", "1", "0"]


@pytest.mark.parametrize("words", ["status", "status --format json", "doctor", "check a.yaml", "prepare a.yaml"])
def test_output_for_which_there_is_no_room_is_said_in_a_sentence(done, words: str) -> None:
    """`> jobs.txt` on a full disk: the file is not what it seems, so this is no success, and no traceback either."""
    result = shell(done, f"$Q {words} > /dev/full")
    assert result.returncode == 3
    assert "cannot write the output (No space left on device)" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr


def test_progress_for_which_there_is_no_room_does_not_end_the_run(done) -> None:
    """`run --detach` keeps its progress beside the queue: where that disk is full the runner waits for room, it does not fall."""
    result = shell(done, "$Q run a.yaml --again 2> /dev/full")
    assert result.returncode == 0
    assert result.stdout.count("done") == 3


@pytest.mark.parametrize("words", ["status", "run a.yaml --again", "prepare a.yaml", "logs", "nonsense"])
@pytest.mark.parametrize("stream", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_is_as_good_as_none(done, words: str, stream: str) -> None:
    """Some service managers start programs so. The queue's own files must not become the program's output."""
    result = shell(done, f"$Q {words} {stream}")
    assert result.returncode == (2 if words == "nonsense" else 0)
    assert "Traceback" not in result.stderr
    assert {job["state"] for job in done.jobs()} == {"done"}


@pytest.mark.parametrize("words", ["status", "check a.yaml", "run a.yaml --again", "show 2"])
def test_what_the_encoding_does_not_know_is_shown_as_an_escape(done, words: str) -> None:
    """An old terminal, or a service without a locale: names are labels, and the results are there all the same."""
    result = shell(done, f"$Q {words}", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert "\\U0001f600" in result.stdout


def test_a_configuration_is_shown_in_the_letters_in_which_it_was_written(done) -> None:
    """Codes in the place of letters are read by nobody."""
    assert '{"name": "größer"}' in done("show", "1").stdout
    assert '{"name": "😀"}' in done("show", "2").stdout
