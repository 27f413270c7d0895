"""A host that says what the test wants: its ssh is a script that never leaves this machine."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

ROOM = {"slots": 2, "taken": 0, "driver": False, "gpus": 0, "memory": 0, "not_now": {}, "never": {}, "closed": ""}
OFFERS = {"is": "hello", "cores": 4, "note": "no GPUs", "differs": "", **ROOM}
CLIENT = f"""
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from scheduler.ssh.wire import MAGIC, Frames, frame
folder = sys.argv[1]
with open(f"{{folder}}/calls", "a") as calls:
    calls.write("x")
said = json.load(open(f"{{folder}}/said.json"))
out = sys.stdout.buffer
out.write(MAGIC + frame(said["hello"]))
out.flush()
frames = Frames()
while data := sys.stdin.buffer.raw.read(65536):
    for message, _ in frames.take(data):
        for each in said["answers"].get(message["do"], []):
            out.write(frame({{"order": message["order"], **each[0]}}, each[1].encode()))
            out.flush()
"""
Said = list[tuple[dict[str, Any], str]]


def all_hosts_say(folder: Path, monkeypatch: pytest.MonkeyPatch, hello: dict[str, Any], **answers: Said) -> None:
    """From the next call on all hosts say this: `hello`, and after each word of ours some messages with their bytes. `calls` in
    the folder has an x for each call."""
    (folder / "said.json").write_text(json.dumps({"hello": {**OFFERS, **hello}, "answers": answers}), encoding="utf-8")
    monkeypatch.setenv("EXP_QUEUE_SSH", shlex.join([sys.executable, "-c", CLIENT, str(folder)]))
