"""The near end of `--sync`, against a host that says what the test wants: its client is a script."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import StateError
from scheduler.ssh.bringing import Away, bring
from scheduler.ssh.tree import Tree
from tests.descriptors import crowded

TREE = Tree("/nowhere", "/nowhere", "c" * 40, "", {"train.py": "file x"})
WANTS = {"is": "wants", "into": "/nowhere", "rsync": "/usr/bin/rsync"}
CLIENT = """
import json, os, sys
from scheduler.ssh.wire import MAGIC, Frames, frame
out, frames = sys.stdout.buffer, Frames()
if "rsync --server" in " ".join(sys.argv):
    sys.exit("the disk is full there")
out.write(MAGIC)
out.flush()
for message, text in json.load(open("said.json")):
    while not frames.take(data := sys.stdin.buffer.raw.read(65536)) and data:
        pass
    out.write(frame(message, text.encode()) if message else text.encode())
    out.flush()
sys.exit("connection refused")
"""
Says = Callable[..., None]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """Has each host answer with these messages, one to each of ours, and then end the line."""

    def hosts_say(*answers: tuple[dict[str, Any] | None, str]) -> None:
        (tmp_path / "said.json").write_text(json.dumps(answers), encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        script = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n{CLIENT}"
        monkeypatch.setenv("EXP_QUEUE_SSH", shlex.join([sys.executable, "-c", script]))

    return hosts_say


def test_what_was_done_is_told(says: Says) -> None:
    """A person sees whether the host had the code already."""
    says(({"is": "done", "written": 0, "deleted": 0}, ""))
    assert bring("ada", TREE) == "has this code"
    says(({"is": "done", "written": 0, "deleted": 2}, ""))
    assert bring("ada", TREE) == "0 files brought, 2 deleted"


def test_a_process_with_many_open_files_brings_its_code_as_well(says: Says) -> None:
    """`exp_queue.run(..., on="ssh:ada", sync=True)` in a notebook ended with a ValueError."""
    says(({"is": "done", "written": 0, "deleted": 0}, ""))
    with crowded():
        assert bring("ada", TREE) == "has this code"


def test_a_host_that_refuses_is_no_host_that_is_away(says: Says) -> None:
    """The one is for a person to mend, the other to wait for."""
    says(({"is": "refused", "text": "it has another"}, ""))
    with pytest.raises(StateError, match="ada: it has another; or leave ada out"):
        bring("ada", TREE)
    says()
    with pytest.raises(Away, match="connection refused"):
        bring("ada", TREE)
    says((None, "no message\n"))
    with pytest.raises(Away, match="what it sends cannot be taken"):
        bring("ada", TREE)


def test_a_host_without_rsync_is_named_with_what_to_install(says: Says) -> None:
    """A minimal system has none."""
    says(({**WANTS, "rsync": None}, '["train.py"]'))
    with pytest.raises(StateError, match="ada: there is no rsync in its PATH; install it there"):
        bring("ada", TREE)


def test_what_rsync_complains_of_is_told_in_its_words(says: Says) -> None:
    """The cause comes first; that the line has broken is what follows from it."""
    says((WANTS, '["train.py"]'))
    with pytest.raises(StateError, match="ada: rsync could not bring the code: the disk is full there"):
        bring("ada", TREE)


def test_nothing_to_send_needs_no_rsync(says: Says) -> None:
    """Files that have only vanished are deleted there."""
    says(({**WANTS, "rsync": None}, "[]"), ({"is": "done", "written": 0, "deleted": 1}, ""))
    assert bring("ada", TREE) == "0 files brought, 1 deleted"
